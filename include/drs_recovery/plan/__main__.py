"""Writes the JSON schema of plan files to standard output, or with ``group`` that of groups' files."""

import sys

from drs_recovery.plan.schema import group_schema, json_schema, json_schema_text

sys.stdout.write(json_schema_text(group_schema if sys.argv[1:] == ["group"] else json_schema))
