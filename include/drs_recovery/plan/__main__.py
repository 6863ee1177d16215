"""Writes the JSON schema of plan files to standard output: ``python -m drs_recovery.plan``."""

import sys

from drs_recovery.plan.schema import json_schema_text

sys.stdout.write(json_schema_text())
