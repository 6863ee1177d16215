"""A real recovery instance keeps its server from being started again, for as long as there is one."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.engine.real_instances import real_instances
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

ONE = {"name": "Database", "servers": [DB]}


@pytest.fixture
def real(table: Any) -> str:
    """The recovery instance of a real recovery of the database."""
    table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=False)
    (item,) = table.client("drs").describe_recovery_instances()["items"]
    return str(item["recoveryInstanceID"])


def test_one_that_runs_or_is_stopped_is_left_alone(table: Any, real: str) -> None:
    """STOPPED is how some launch configurations want it: there is something to destroy."""
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    for _ in range(2):
        found = real_instances(hook, [DB, APP], replace=False)
        assert list(found) == [DB]
        assert f"{DB} has {real}" in found[DB]
        assert real_instances(hook, [DB, APP], replace=True) == {}
        table.client("ec2").stop_instances(InstanceIds=[real])


def test_one_that_ec2_has_terminated_is_in_nobody_s_way(table: Any, real: str) -> None:
    """DRS still lists it: preflight says so, blocks nothing, and the drill is launched."""
    table.client("ec2").terminate_instances(InstanceIds=[real])
    drive = Drive(plan(ONE, preflight={"recovery_instances": "block"}))
    drive.execute("open_execution")
    (warning,) = drive.record.warnings
    assert warning.check == "recovery_instances"
    assert warning.message.startswith("DRS still lists real ones that EC2 has terminated")
    assert real in warning.message
    drive.wave("database")
    drive.execute("complete_execution")
    assert drive.record.status == "COMPLETED"


def test_one_that_runs_is_named_before_and_at_the_start(table: Any, real: str) -> None:
    """Preflight and start are of one mind."""
    drive = Drive(plan(ONE))
    drive.execute("open_execution")
    (warning,) = drive.record.warnings
    assert real in warning.message
    with pytest.raises(AirflowFailException, match=real):
        drive.execute("database.start_recovery")
