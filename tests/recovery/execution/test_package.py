"""The package keeps its promises to those who import it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import drs_recovery.record
from drs_recovery.record.enums import Writer
from drs_recovery.record.transitions import CLEANUP_FIELDS, FIELDS
from drs_recovery.store import programs
from drs_recovery.store.expressions import Update

RECORD = Path(drs_recovery.record.__file__).parent
INCLUDE = RECORD.parents[1]


def test_the_rules_of_an_execution_cost_no_aws_library():
    """A DAG file is parsed every few seconds: params and statuses load neither boto3 nor Airflow."""
    heavy = "{'boto3', 'botocore', 'airflow'}"
    modules = ", ".join(f"drs_recovery.record.{path.stem}" for path in RECORD.glob("*.py"))
    probe = f"import sys, {modules}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", probe], cwd=INCLUDE, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_each_writer_is_a_module():
    """The table of writers is visible in the tree."""
    modules = {path.stem for path in Path(programs.__file__).parent.glob("*.py")} - {"__init__"}
    assert modules == {str(writer) for writer in Writer}


def test_no_other_writer_may_write_how_an_execution_ended():
    """The end time and the outcome are in nobody's fields: ``complete_execution`` alone writes them."""
    assert not any(fields & {"end_time", "outcome"} for fields in [*FIELDS.values(), CLEANUP_FIELDS])


def test_values_of_different_types_do_not_share_a_placeholder():
    """To Python ``True`` is 1 and ``1`` is ``True``; to DynamoDB they are not."""
    update = Update("ex-1", "EXECUTION")
    for name, value in {"a": 1, "b": True, "c": "1", "d": 1}.items():
        update.set((name,), value)
    arguments = update.request().arguments
    assert arguments["ExpressionAttributeValues"] == {
        ":0": {"N": "1"},
        ":1": {"BOOL": True},
        ":2": {"S": "1"},
    }
    assert arguments["UpdateExpression"] == "SET #0 = :0, #1 = :1, #2 = :2, #3 = :0"
