"""Writes the JSON schema of plan files to standard output: ``python -m recovery.plan``."""

import sys

from recovery.plan.schema import json_schema_text

sys.stdout.write(json_schema_text())
