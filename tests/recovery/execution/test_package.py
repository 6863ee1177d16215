"""The package keeps its promises to those who import it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import drs_recovery.record
from drs_recovery.record.enums import Writer
from drs_recovery.record.transitions import CLEANUP_FIELDS, FIELDS
from drs_recovery.store import programs
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.store.expressions import Update
from drs_recovery.store.store import ExecutionStore

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


def test_only_complete_execution_can_end_an_execution():
    """No other writer may write its end time or its outcome, nor does any other module give it one.

    A new attempt takes both away.
    """
    allowed = [*FIELDS.values(), CLEANUP_FIELDS]
    assert not any(fields & {"end_time", "outcome"} for fields in allowed)
    found = {
        path.stem
        for path in INCLUDE.rglob("drs_recovery/**/*.py")
        if re.search(r"outcome=(?!None)|set\(\(\"(endTime|outcome)\"", path.read_text())
    }
    assert found == {"complete_execution"}


def test_the_async_store_does_what_the_store_does():
    """Same names, so that a task and its trigger read alike; one look is for the gates of many executions."""
    public = {name for name in vars(AsyncExecutionStore) if not name.startswith("_")}
    assert public == {"poll", "polled", "end_wave", "tell", "get", "servers", "stopped"}
    assert public - {"stopped"} < set(dir(ExecutionStore))


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
