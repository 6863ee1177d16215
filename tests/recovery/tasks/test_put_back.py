"""What a drill changed of launch settings is put back, or named as not put back (invariant 16)."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException, TaskDeferred

from drs_recovery.clock import now
from drs_recovery.store.queries import due_put_backs
from tests.recovery.tasks.checked import SURE
from tests.recovery.tasks.conftest import DB, WEB, Drive, plan
from tests.recovery.tasks.settings import (
    PAIR,
    SMALL,
    START,
    Back,
    on_record,
    order,
    pair,
    settings_of,
    subnet,
)
from tests.recovery.tasks.troubles import details_of, hold, released

TAGGED = SMALL | {"tags": {"Owner": "dr"}}


@pytest.fixture
def before(table: Any) -> dict[str, Any]:
    """The settings of both servers before the drill."""
    return {server: settings_of(table, server) for server in (DB, WEB)}


def drilled(table: Any, launch: dict[str, Any], **fields: Any) -> Drive:
    """Return a drill with launch settings that has ended COMPLETED."""
    drive = pair(table, launch, **fields)
    drive.execute(START)
    drive.execute("pair.wait_for_recovery")
    drive.execute("complete_execution")
    return drive


def due(drive: Drive) -> list[str]:
    return [one.execution_id for one in drive.store.run(due_put_backs(now()))]


def test_all_is_as_it_was_once_the_drill_has_ended(table: Any, before: Any) -> None:
    """Also what was not set before: a subnet, groups, a profile, tags; and nobody is asked."""
    place, group = subnet(table)
    table.client("iam").create_instance_profile(InstanceProfileName="dr")
    role = table.client("iam").create_role(RoleName="dr", AssumeRolePolicyDocument="{}")["Role"]["RoleName"]
    table.client("iam").add_role_to_instance_profile(InstanceProfileName="dr", RoleName=role)
    launch = SMALL | {
        "subnet": place,
        "security_groups": [group],
        "instance_profile": "dr",
        "tags": {"Owner": "dr", "Name": "drill"},
        "volumes": {"type": "io2", "iops": 500},
        "copy_tags": True,
        "byol": True,
        "servers": {DB: {"private_ip": "10.9.1.77"}},
    }
    drive = pair(table, launch)
    assert due(drive) == []
    drive.execute(START)
    assert settings_of(table, DB) != before[DB]
    assert due(drive) == []
    drive.execute("pair.wait_for_recovery")
    drive.execute("complete_execution")
    assert due(drive) == [drive.execution_id]
    Back(drive).all()
    assert {server: settings_of(table, server) for server in before} == before
    assert {one.status for one in on_record(drive).values()} == {"PUT_BACK"}
    assert (order(drive).status, order(drive).servers, order(drive).left) == ("DONE", 2, ())
    assert due(drive) == []
    assert details_of(drive, "PUT_BACK_DONE") == ["launch settings of 2 servers are put back"]


def test_whatever_the_end_of_the_drill_is(table: Any, before: Any) -> None:
    """Nothing was launched, or the run was stopped: what was changed is put back."""
    drive = pair(table, SMALL)
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException):
        drive.execute(START)
    table.control.clear_faults()
    drive.states = {START: "failed"}
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    Back(drive).all()
    assert {server: settings_of(table, server) for server in before} == before


def test_what_somebody_changed_meanwhile_is_left_and_named(table: Any, before: Any) -> None:
    """Key by key: the rest of that server is put back."""
    drive = drilled(table, SMALL)
    table.client("drs").update_launch_configuration(
        sourceServerID=DB,
        recoveryMode="FAST",
        launchDisposition="STOPPED",
        targetInstanceTypeRightSizingMethod="IN_AWS",
    )
    Back(drive).all()
    assert settings_of(table, WEB) == before[WEB]
    assert settings_of(table, DB) == before[DB] | {
        "right_sizing": "IN_AWS",
        "disposition": "STOPPED",
    }
    assert (order(drive).status, order(drive).left) == ("DONE", (DB,))
    note = on_record(drive)[DB].note
    assert note.endswith("instance_type m5.2xlarge, right_sizing IN_AWS")
    assert note in details_of(drive, "PUT_BACK_DONE")[0]


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("UpdateLaunchConfiguration", True),
        ("CreateLaunchTemplateVersion", False),
        ("ModifyLaunchTemplate", True),
    ],
)
def test_one_that_dies_in_the_middle_goes_on(
    table: Any, before: Any, monkeypatch: pytest.MonkeyPatch, operation: str, after: bool
) -> None:
    """From the record: half of it may be done."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = drilled(table, TAGGED)
    table.control.drop("drs" if "Config" in operation else "ec2", operation, after=after, times=1)
    with pytest.raises(TaskDeferred):
        Back(drive).execute("put_back")
    table.control.clear_faults()
    Back(drive).all()
    assert {server: settings_of(table, server) for server in before} == before


def test_a_server_in_a_job_waits_and_the_other_is_put_back(table: Any, before: Any) -> None:
    """A clean-up's terminate job, say: DRS changes nothing meanwhile."""
    drive = drilled(table, SMALL)
    hold(table, WEB)
    with pytest.raises(TaskDeferred):
        Back(drive).execute("put_back")
    assert settings_of(table, DB) == before[DB]
    assert on_record(drive)[WEB].status == "APPLIED"
    released(table)
    Back(drive).all()
    assert settings_of(table, WEB) == before[WEB]


def test_a_recovery_goes_before_and_takes_over_what_the_drill_left(table: Any, before: Any) -> None:
    """What it launches depends on the settings that it read back; they stay, and the drill says so."""
    drill = drilled(table, TAGGED)
    real = pair(table, SMALL | {"instance_type": "t3.large"}, drive=SURE | {"run_id": "manual__2"})
    with pytest.raises(TaskDeferred):
        Back(drill).execute("put_back")
    assert settings_of(table, DB)["instance_type"] == "t3.small"
    assert "has not ended" in details_of(drill, "PUT_BACK_HELD")[0]
    real.execute(START)
    real.execute("pair.wait_for_recovery")
    real.execute("complete_execution")
    after = settings_of(table, DB)
    assert (after["instance_type"], after["recovery_mode"]) == ("t3.large", "FAST")
    assert "tags.Owner" not in after
    Back(drill).all()
    assert settings_of(table, DB) == after
    assert f"{DB}: taken over by the RECOVERY {real.execution_id}" in details_of(drill, "PUT_BACK_DONE")[0]


def test_no_recovery_is_launched_into_the_network_of_a_drill(table: Any, before: Any) -> None:
    """It supersedes the drill, whose settings nobody has put back; its own plan says nothing of them."""
    place, group = subnet(table)
    wave = PAIR | {"launch_in_drills": {"subnet": place, "security_groups": [group]}}
    drill = Drive(plan(wave), run_id="manual__1")
    drill.execute("open_execution")
    drill.execute(START)
    assert settings_of(table, DB)["subnet"] == place
    drill.execute("pair.wait_for_recovery")
    real = Drive(plan(wave), run_id="manual__2", **SURE)
    real.execute("open_execution")
    real.execute(START)
    assert {server: settings_of(table, server) for server in before} == before
    real.execute("pair.wait_for_recovery")
    drill.execute("complete_execution")
    Back(drill).execute("put_back")
    assert {server: settings_of(table, server) for server in before} == before


def test_the_next_drill_puts_back_what_was_there_before_the_first(table: Any, before: Any) -> None:
    """It begins before the last is put back, with other settings: in any order all is as it was."""
    first = drilled(table, TAGGED)
    second = drilled(table, {"instance_type": "t3.large"}, drive={"run_id": "manual__2"})
    assert settings_of(table, DB)["recovery_mode"] == before[DB]["recovery_mode"]
    Back(first).all()
    Back(second).all()
    assert {server: settings_of(table, server) for server in before} == before
    assert {one.status for one in on_record(second).values()} == {"PUT_BACK"}


def test_what_cannot_be_put_back_is_named_and_tried_again(table: Any, before: Any) -> None:
    """It stays due: nobody has to notice, and the failure is on record meanwhile."""
    drive = drilled(table, TAGGED)
    table.control.deny("ec2", "CreateLaunchTemplateVersion")
    with pytest.raises(AirflowFailException, match="UnauthorizedOperation"):
        Back(drive).execute("put_back")
    assert (order(drive).status, due(drive)) == ("PUTTING_BACK", [drive.execution_id])
    assert "UnauthorizedOperation" in order(drive).failure
    table.control.clear_faults()
    Back(drive).all()
    assert (order(drive).status, order(drive).failure) == ("DONE", None)
    assert {server: settings_of(table, server) for server in before} == before


def test_a_check_alone_says_that_nothing_is_put_back(table: Any) -> None:
    """A task that was marked in Airflow does nothing: another DAG run follows."""
    drive = drilled(table, SMALL)
    with pytest.raises(AirflowFailException, match="was only marked"):
        Back(drive).execute("check")
    assert due(drive) == [drive.execution_id]
    Back(drive).execute("put_back")
    record = on_record(drive)[DB]
    assert record.status == "PUT_BACK"


def test_a_drill_that_is_opened_again_is_not_put_back_under_itself(table: Any, before: Any) -> None:
    """Its next end is what counts; the settings of the new attempt are put back then."""
    drive = pair(table, SMALL)
    table.control.fail_server(WEB, times=1)
    drive.execute(START)
    with pytest.raises(AirflowFailException):
        drive.execute("pair.wait_for_recovery")
    drive.states = {"pair.wait_for_recovery": "failed"}
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    early = Back(drive)
    early.all()
    drive.clear()
    drive.execute(START)
    assert settings_of(table, WEB)["instance_type"] == "t3.small"
    with pytest.raises((AirflowSkipException, AirflowFailException)):
        early.execute("put_back")
    drive.execute("pair.wait_for_recovery")
    drive.execute("complete_execution")
    assert due(drive) == [drive.execution_id]
    Back(drive).all()
    assert {server: settings_of(table, server) for server in before} == before


def test_nothing_of_a_recovery_is_ever_put_back(table: Any) -> None:
    """No DAG run of it may do so, whoever triggers one."""
    drive = drilled(table, SMALL, drive=SURE)
    with pytest.raises(AirflowFailException, match="only the launch settings of a drill"):
        Back(drive).execute("put_back")
    assert settings_of(table, DB)["instance_type"] == "t3.small"
