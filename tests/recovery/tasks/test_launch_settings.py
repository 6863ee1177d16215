"""Launch settings are applied and read back before anything of a wave is launched (invariant 16)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.aws.hooks.launch_settings import LaunchSettingsHook
from drs_recovery.clock import now
from drs_recovery.engine.gate_text import gate_body
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.checked import SURE
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.settings import PAIR, SMALL, START, on_record, order, pair, settings_of, subnet
from tests.recovery.tasks.troubles import details_of, errors, hold, released

WRITES = ["UpdateLaunchConfiguration", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate"]


def operations(table: Any) -> list[str]:
    return [call["operation"] for call in table.control.requests()]


def test_r11_all_of_a_wave_is_applied_and_read_back_before_its_start(table: Any, starts: Any) -> None:
    """First DRS, then the template, then both are read; what was there before is on record."""
    before = {server: settings_of(table, server) for server in (DB, WEB)}
    drive = pair(table, SMALL | {"tags": {"Owner": "dr"}, "volumes": {"type": "gp3", "iops": 6000}})
    drive.execute(START)
    calls = operations(table)
    assert starts() == 1
    assert calls.index("StartRecovery") > max(i for i, call in enumerate(calls) if call in WRITES)
    assert [call for call in calls if call in WRITES] == WRITES * 2
    for server in (DB, WEB):
        now = settings_of(table, server)
        assert (now["instance_type"], now["right_sizing"], now["recovery_mode"]) == (
            "t3.small",
            "NONE",
            "FAST",
        )
        assert now["tags.Owner"] == "dr"
        changed = {one.key: (one.before, one.wanted) for one in on_record(drive)[server].changes}
        assert changed["instance_type"] == (json.dumps(before[server]["instance_type"]), '"t3.small"')
        assert changed["tags.Owner"] == (None, '"dr"')
        assert {now[key]["iops"] for key in now if key.startswith("volumes.")} == {6000}
        assert on_record(drive)[server].status == "APPLIED"
    assert order(drive).status == "PENDING"
    (text,) = details_of(drive, "SETTINGS_APPLIED")
    assert "put back after the drill" in text


def test_r12_what_is_launched_is_what_was_wanted_with_its_static_address(table: Any) -> None:
    """In the subnet, with the groups and the static address; the address of the template is not kept."""
    place, group = subnet(table)
    launch = {
        "instance_type": "t3.small",
        "subnet": place,
        "security_groups": [group],
        "servers": {DB: {"private_ip": "10.9.1.77"}},
    }
    drive = pair(table, launch)
    drive.execute(START)
    drive.execute("pair.wait_for_recovery")
    reservations = table.client("ec2").describe_instances()["Reservations"]
    made = [one for reservation in reservations for one in reservation["Instances"]]
    assert {one["SubnetId"] for one in made} == {place}
    assert {one["InstanceType"] for one in made} == {"t3.small"}
    assert {group["GroupId"] for one in made for group in one["SecurityGroups"]} == {group}
    assert "10.9.1.77" in {one["PrivateIpAddress"] for one in made}


def test_the_gate_shows_as_what_servers_are_launched(table: Any) -> None:
    """Those of this type of execution, each with its servers."""
    own = {WEB: {"tags": {"Owner": "dr"}}}
    wave = PAIR | {"launch": SMALL | {"servers": own}, "launch_in_drills": {"recovery_mode": "OPTIMAL"}}
    drive = Drive(plan(wave | {"pause_before_wave": True}))
    drive.execute("open_execution")
    servers = drive.store.run(read_servers(drive.execution_id))
    body = gate_body(drive.plan, drive.record, drive.record.waves[0], servers, at=now(), base_url="http://x")
    text = "instance_type t3.small, recovery_mode OPTIMAL"
    assert f"- `{text}`: `{DB}`" in body
    assert f"- `{text}, tags Owner dr`: `{WEB}`" in body


def test_all_of_a_drill_goes_over_all_of_a_recovery(table: Any) -> None:
    """No server of a drill is launched where a recovery would be, also one with settings of its own."""
    place, group = subnet(table)
    recovery = {
        "instance_type": "m5.large",
        "servers": {DB: {"subnet": "subnet-1", "private_ip": "10.0.0.5"}},
    }
    wave = PAIR | {"launch": recovery, "launch_in_drills": {"subnet": place, "security_groups": [group]}}
    drive = Drive(plan(wave))
    drive.execute("open_execution")
    drive.execute(START)
    now = settings_of(table, DB)
    assert (now["subnet"], now["private_ip"], now["instance_type"]) == (place, None, "m5.large")


def test_r15b_a_difference_stops_the_wave_before_anything_is_launched(
    table: Any, starts: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With server, key, what was wanted and what was found; the other server is not started either."""
    write = LaunchSettingsHook.write_version

    def write_all_but_one(self: Any, template_id: str, *args: Any) -> int:
        return int(args[0]) if template_id == lost else write(self, template_id, *args)

    lost = table.client("drs").get_launch_configuration(sourceServerID=WEB)["ec2LaunchTemplateID"]
    monkeypatch.setattr(LaunchSettingsHook, "write_version", write_all_but_one)
    drive = pair(table, SMALL)
    with pytest.raises(AirflowFailException, match="Nothing of Pair was started"):
        drive.execute(START)
    text = f"the launch settings of {WEB} did not read back as wanted: instance_type: wanted t3.small, found "
    assert text in errors(drive)[WEB]
    assert f"nothing of its wave starts: {text}" in errors(drive)[DB]
    assert starts() == 0
    assert (drive.statuses, order(drive).status) == (["FAILED"], "PENDING")


@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("GetLaunchConfiguration", False),
        ("UpdateLaunchConfiguration", False),
        ("UpdateLaunchConfiguration", True),
        ("CreateLaunchTemplateVersion", True),
        ("ModifyLaunchTemplate", False),
        ("ModifyLaunchTemplate", True),
    ],
)
def test_a_start_that_dies_in_the_middle_goes_on(
    table: Any, monkeypatch: pytest.MonkeyPatch, operation: str, after: bool
) -> None:
    """Whatever call is its last, and whether or not it was done: what was there first stays on record."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    before = {server: settings_of(table, server)["instance_type"] for server in (DB, WEB)}
    drive = pair(table, SMALL)
    service = "drs" if "LaunchConfiguration" in operation else "ec2"
    table.control.drop(service, operation, after=after, times=1)
    with pytest.raises(TaskDeferred):
        drive.execute(START)
    table.control.clear_faults()
    assert len(drive.execute(START)) == 1
    for server, type_ in before.items():
        assert settings_of(table, server)["instance_type"] == "t3.small"
        changed = {one.key: one.before for one in on_record(drive)[server].changes}
        assert changed["instance_type"] == json.dumps(type_)


@pytest.mark.parametrize(
    ("service", "operation"), [("drs", "UpdateLaunchConfiguration"), ("ec2", "ModifyLaunchTemplate")]
)
def test_throttling_lets_all_wait_and_starts_nothing(
    table: Any, starts: Any, monkeypatch: pytest.MonkeyPatch, service: str, operation: str
) -> None:
    """Nothing starts before all was read back; the wait is on record."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = pair(table, SMALL)
    table.control.throttle(service, operation)
    with pytest.raises(TaskDeferred):
        drive.execute(START)
    assert starts() == 0
    (text,) = details_of(drive, "START_WAITING")
    assert "cannot be applied" in text
    table.control.clear_faults()
    drive.execute(START)
    assert starts() == 1


def test_a_server_in_another_job_waits_for_itself(table: Any, starts: Any) -> None:
    """DRS changes no settings of it meanwhile; the other one starts at once."""
    drive = pair(table, SMALL)
    hold(table, WEB)
    with pytest.raises(TaskDeferred):
        drive.execute(START)
    assert settings_of(table, DB)["instance_type"] == "t3.small"
    assert [one["sourceServerID"] for one in _last_start(table)] == [DB]
    released(table)
    drive.execute(START)
    assert [one["sourceServerID"] for one in _last_start(table)] == [WEB]
    assert settings_of(table, WEB)["instance_type"] == "t3.small"


def _last_start(table: Any) -> Any:
    return table.control.requests(operation="StartRecovery")[-1]["parameters"]["sourceServers"]


def test_a_refusal_of_one_server_is_named_and_stops_the_wave(table: Any, starts: Any) -> None:
    """In the words of AWS; nothing was launched."""
    drive = pair(table, SMALL)
    table.control.deny("ec2", "CreateLaunchTemplateVersion")
    with pytest.raises(
        AirflowFailException, match=r"UnauthorizedOperation.*docs/production\.md, The policies"
    ):
        drive.execute(START)
    assert starts() == 0


def test_a_server_without_a_launch_template_is_named_and_stops_the_wave(table: Any, starts: Any) -> None:
    """DRS names none of it: a sentence says so."""
    drive = pair(table, SMALL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DrsHook, "conn", property(without_template(DrsHook.conn.func)))
        with pytest.raises(AirflowFailException, match=f"DRS names no EC2 launch template of {DB}"):
            drive.execute(START)
    assert starts() == 0


def without_template(make: Any) -> Any:
    """Return what makes a client whose answers lack the launch template of a configuration."""

    def conn(hook: Any) -> Any:
        client = make(hook)
        client.meta.events.register(
            "after-call.drs.GetLaunchConfiguration", lambda parsed, **_: parsed.pop("ec2LaunchTemplateID", "")
        )
        return client

    return conn


def test_after_a_recovery_they_stay_and_the_record_has_it(table: Any) -> None:
    """No order to put them back."""
    drive = pair(table, SMALL, drive=SURE)
    drive.execute(START)
    assert order(drive) is None
    assert all(one.stays for one in on_record(drive).values())
    (text,) = details_of(drive, "SETTINGS_APPLIED")
    assert "they stay: this is a RECOVERY" in text


def test_a_wave_without_settings_makes_no_call_more(table: Any) -> None:
    """A release before would have made the same ones."""
    drive = Drive(plan({"name": "Pair", "servers": [DB, APP]}))
    drive.execute("open_execution")
    seen = len(table.control.requests())
    drive.execute(START)
    calls = [call["operation"] for call in table.control.requests()[seen:] if call["service"] != "dynamodb"]
    assert calls == ["DescribeSourceServers", "DescribeRecoveryInstances", "StartRecovery"]
    assert (on_record(drive), order(drive)) == ({}, None)


def test_what_an_earlier_start_has_set_is_not_taken_for_what_was_there(table: Any) -> None:
    """Somebody else's change between two starts is: that one is put back."""
    drive = pair(table, SMALL)
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException):
        drive.execute(START)
    table.control.clear_faults()
    table.client("drs").update_launch_configuration(sourceServerID=DB, recoveryMode="OPTIMAL")
    drive.clear()
    drive.execute(START)
    changed = {one.key: one.before for one in on_record(drive)[DB].changes}
    assert changed["recovery_mode"] == '"OPTIMAL"'
    assert changed["instance_type"] == '"m5.2xlarge"'


@pytest.mark.parametrize(
    "text", ["The table does not have the specified index: cleanup", "Invalid index: cleanup for table: t"]
)
def test_a_table_without_the_index_of_what_is_due_keeps_no_start_from_going_on(
    table: Any, starts: Any, text: str
) -> None:
    """One of an early release has none before `init`: no recovery waits for that. Any other trouble does."""
    drive = Drive(plan(PAIR))
    drive.execute("open_execution")
    table.control.deny("dynamodb", "Query", resource="PUT_BACK", error="ValidationException", message=text)
    drive.execute(START)
    assert starts() == 1
    table.control.clear_faults()
    other = Drive(plan({"name": "Pair", "servers": [APP]}, id="other"))
    other.execute("open_execution")
    table.control.deny("dynamodb", "Query", resource="PUT_BACK")
    with pytest.raises((AirflowFailException, TaskDeferred)):
        other.execute(START)
    assert starts() == 1
