"""The package as others import it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import drs_recovery.plan
from drs_recovery.plan.schema import json_schema_text

INCLUDE = Path(__file__).parents[3] / "include"


def output_of(*arguments: str) -> str:
    """Return what a Python with nothing but the package on its path writes."""
    command = [sys.executable, *arguments]
    environment = {"PYTHONPATH": str(INCLUDE)}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_every_exported_name_is_there() -> None:
    """``__all__`` is complete and sorted."""
    assert sorted(drs_recovery.plan.__all__) == drs_recovery.plan.__all__
    assert all(hasattr(drs_recovery.plan, name) for name in drs_recovery.plan.__all__)


def test_reading_a_plan_loads_neither_airflow_nor_aws() -> None:
    """The package is light: no Airflow, no boto3, and croniter only where a plan has a schedule."""
    heavy = "{'airflow', 'boto3', 'botocore', 'croniter', 'jinja2', 'ruamel'}"
    code = f"import sys, drs_recovery.plan; print(sorted({heavy} & set(sys.modules)))"
    assert output_of("-c", code) == "[]\n"


def test_the_schema_can_be_written_from_the_command_line() -> None:
    """``python -m drs_recovery.plan`` writes the JSON schema."""
    assert output_of("-m", "drs_recovery.plan") == json_schema_text()
