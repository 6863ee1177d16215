"""A wave launches what can be launched, whatever became of its other servers, and whenever."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.settings import settings as ours
from drs_recovery.store.servers import read_servers
from drs_recovery.store.table import create_table
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.starting import later, parked
from tests.recovery.tasks.troubles import (
    TROUBLES,
    delete,
    details_of,
    errors,
    finish,
    hold,
    recover,
    released,
    sent,
)

SURE = {"execution_type": "RECOVERY", "confirm": "shop", "reason": "the Region is down"}
FILES = "s-00000000000fil001"
START = "all.start_recovery"
WORDS = {
    "deleted": "DRS knows no such source server",
    "recovered": f"Real recovery instances are running: {WEB} has i-",
}
"""Why a server is not sent to DRS at all, by its trouble."""


def wave_of(*servers: str, **policy: Any) -> dict[str, Any]:
    return {"name": "All", "servers": list(servers), "pause_before_wave": True, **policy}


def approved(drive: Drive) -> Drive:
    """Open an execution whose one gate is answered."""
    drive.execute("open_execution")
    approve(drive)
    return drive


def approve(drive: Drive) -> None:
    drive.park("all.approve")
    drive.answer("all.approve", reason="go on")


@pytest.mark.parametrize("moment", ["before the opening", "before the gate", "before the start"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("real", [False, True], ids=["drill", "recovery"])
def test_no_server_s_trouble_keeps_another_from_being_launched(
    table: Any, trouble: str, moment: str, real: bool
) -> None:
    """Whatever it is, whenever it comes: what can be launched is, and the record says why the rest is not."""
    happens = {moment: lambda: TROUBLES[trouble](table, WEB)}
    drive = Drive(plan(wave_of(DB, APP, WEB, optional=[WEB])), **(SURE if real else {}))
    happens.get("before the opening", lambda: None)()
    drive.execute("open_execution")
    happens.get("before the gate", lambda: None)()
    approve(drive)
    happens.get("before the start", lambda: None)()
    drive.execute(START)
    drive.execute("all.wait_for_recovery")
    drive.execute("complete_execution")
    launched = {
        server.source_server_id
        for server in drive.store.run(read_servers(drive.execution_id))
        if server.launch_status == "LAUNCHED"
    }
    left = trouble in {"deleted", "without data", "recovered"}
    assert launched == ({DB, APP} if left else {DB, APP, WEB})
    assert drive.record.status == ("PARTIAL" if left else "COMPLETED")
    older = trouble == "disconnected"  # launched from the snapshot before, which the record tells
    assert set(errors(drive)) == ({WEB} if left or older else set())
    if older:
        assert errors(drive)[WEB].startswith("launched from an earlier recovery snapshot, of ")
        assert "is DISCONNECTED: no snapshot can be taken" in errors(drive)[WEB]
    assert (WEB in drive.record.outcome) is left
    if texts := WORDS.get(trouble):
        assert sent(table, drive) == [{DB, APP}]
        assert texts in drive.record.outcome


@pytest.mark.parametrize(
    ("policy", "gone", "status"),
    [
        ({"optional": [WEB]}, [WEB], "PARTIAL"),
        ({}, [WEB], "FAILED"),
        ({"minimum_launched": 2}, [WEB], "PARTIAL"),
        ({"minimum_launched": 2}, [WEB, APP], "FAILED"),
        ({"minimum_launched": "34%"}, [WEB], "PARTIAL"),
        ({"optional": [WEB, APP]}, [WEB, APP], "PARTIAL"),
        ({"optional": [DB]}, [WEB], "FAILED"),
    ],
)
def test_the_policy_judges_and_what_is_left_is_launched(
    table: Any, policy: dict[str, Any], gone: list[str], status: str
) -> None:
    """Also where the wave cannot meet its policy any more: what it has is recovered."""
    drive = approved(Drive(plan(wave_of(DB, APP, WEB, **policy)), **SURE))
    for server in gone:
        delete(table, server)
    drive.execute(START)
    (left,) = details_of(drive, "SERVERS_LEFT_OUT")
    finish(drive, "all.wait_for_recovery")
    finish(drive, "complete_execution")
    assert sent(table, drive) == [{DB, APP, WEB} - set(gone)]
    assert (drive.statuses, drive.record.status) == ([status], status)
    for server in gone:
        assert server in left
        assert server in drive.record.waves[0].failure


@pytest.mark.parametrize("trouble", WORDS)
@pytest.mark.parametrize("on_failure", ["stop", "continue"])
def test_a_wave_of_which_no_server_is_left_fails_in_its_turn(
    table: Any, on_failure: str, trouble: str
) -> None:
    """The waves that may go on without it do; nothing is sent for it; every server says why."""
    gone = wave_of(WEB, on_failure=on_failure)
    drive = Drive(plan(gone, {"name": "Files", "servers": [FILES]}), **SURE)
    TROUBLES[trouble](table, WEB)
    approved(drive)
    with pytest.raises(AirflowFailException, match=f"Nothing of All was started.*{WORDS[trouble]}"):
        drive.execute(START)
    if on_failure == "continue":
        drive.wave("files")
        assert sent(table, drive) == [{FILES}]
    finish(drive, "complete_execution")
    assert drive.statuses == ["FAILED", "COMPLETED" if on_failure == "continue" else "SKIPPED"]
    assert set(errors(drive)) == {WEB}


def test_a_wave_whose_earlier_attempt_launched_enough_is_judged_by_that(table: Any) -> None:
    """The optional server that failed is gone by the time it is tried again: PARTIAL, as it was."""
    table.control.fail_server(WEB, raw_error="no capacity")
    drive = approved(Drive(plan(wave_of(DB, WEB, optional=[WEB]))))
    for task_id in (START, "all.wait_for_recovery", "complete_execution"):
        drive.execute(task_id)
    delete(table, WEB)
    drive.clear()
    approve(drive)
    for task_id in (START, "all.wait_for_recovery", "complete_execution"):
        drive.execute(task_id)
    assert (drive.statuses, drive.record.waves[0].attempt) == (["PARTIAL"], 2)
    assert "DRS knows no such source server" in errors(drive)[WEB]


def test_an_answer_that_was_lost_keeps_no_attempt_from_being_judged(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No job showed within the window, and then DRS refuses the optional server: PARTIAL, as it was."""
    table.control.fail_server(WEB, raw_error="no capacity")
    drive = approved(Drive(plan(wave_of(DB, WEB, optional=[WEB]))))
    for task_id in (START, "all.wait_for_recovery", "complete_execution"):
        drive.execute(task_id)
    drive.clear()
    approve(drive)
    table.control.drop("drs", "StartRecovery", after=False, times=1)
    with pytest.raises(TaskDeferred):
        drive.execute(START)
    later(monkeypatch, seconds=ours().adoption_seconds + 5)
    table.control.deny("drs", "StartRecovery", error="ValidationException", message=f"{WEB} is not ready")
    for task_id in (START, "all.wait_for_recovery", "complete_execution"):
        drive.execute(task_id)
    (wave,) = drive.record.waves
    assert (drive.statuses, wave.attempt, [intent.lost for intent in wave.intents]) == (
        ["PARTIAL"],
        2,
        [True],
    )


@pytest.mark.parametrize("fault", ["throttle", "break_calls"])
def test_a_look_that_fails_takes_nothing_for_gone(table: Any, drive: Drive, starts: Any, fault: str) -> None:
    """It is made again, as everything that may pass; nothing is sent meanwhile, and nothing left out."""
    getattr(table.control, fault)("drs", "DescribeSourceServers")
    parked(drive)
    assert (starts(), errors(drive)) == (0, {})
    table.control.clear_faults()
    assert len(drive.execute("database.start_recovery")) == 1


def test_a_look_that_is_not_allowed_fails_in_the_text_of_aws(table: Any, drive: Drive) -> None:
    """It would never pass; who may not ask does not start."""
    table.control.deny("drs", "DescribeSourceServers")
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        drive.execute("database.start_recovery")


def test_a_server_that_goes_between_look_and_call_is_left_out(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DRS refuses the job as a whole; asked again, it says who is gone, and the others start at once."""
    drive = approved(Drive(plan(wave_of(DB, APP, WEB, optional=[WEB]))))
    prepare, deleted = DrsHook.prepare_start, []

    def goes(hook: DrsHook) -> None:
        prepare(hook)
        if not deleted:
            deleted.append(delete(table, WEB))

    monkeypatch.setattr(DrsHook, "prepare_start", goes)
    assert len(drive.execute(START)) == 1
    assert sent(table, drive) == [{DB, APP}]
    assert "DRS knows no such source server" in errors(drive)[WEB]
    drive.execute("all.wait_for_recovery")
    assert drive.statuses == ["PARTIAL"]


SERVERS = (DB, APP, WEB, FILES)
states = st.tuples(*[st.sampled_from(["well", "well", "gone", "held", "real"])] * len(SERVERS))


def test_whoever_is_gone_or_held_or_recovered_the_others_start_and_the_policy_judges(table: Any) -> None:
    """Any of four servers gone, recovered or in another's job, any optional, any minimum, one job or many."""

    @settings(max_examples=16, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        states, st.sets(st.sampled_from(SERVERS)), st.none() | st.integers(1, 4), st.sampled_from([2, 100])
    )
    def holds(state: tuple[str, ...], optional: set[str], minimum: int | None, size: int) -> None:
        table.control.reset()
        create_table(table.client("dynamodb"), ours().table)
        who = {
            kind: [server for server, is_ in zip(SERVERS, state, strict=True) if is_ == kind]
            for kind in ("well", "gone", "held", "real")
        }
        minimum = None if minimum is None or minimum > len(SERVERS) - len(optional) else minimum
        policy = {"optional": sorted(optional)} if optional else {}
        policy |= {"minimum_launched": minimum} if minimum else {}
        drive = approved(Drive(plan(wave_of(*SERVERS, **policy))))
        for server in who["gone"]:
            delete(table, server)
        if who["real"]:
            recover(table, *who["real"])
        if who["held"]:
            hold(table, *who["held"])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", size)
            if who["held"]:
                with pytest.raises(TaskDeferred) as deferred:
                    drive.execute(START)
                assert set().union(*sent(table, drive)) == set(who["well"])
                released(table)
                task = drive.dag.get_task(START)
                task.execute_complete(drive.context(START), None, **deferred.value.kwargs)
            else:
                finish(drive, START)
        launches = sent(table, drive)
        assert sorted(server for job in launches for server in job) == sorted(who["well"] + who["held"])
        released(table)
        finish(drive, "all.wait_for_recovery")
        counted = set(SERVERS) - optional
        must = len(counted) if minimum is None else minimum
        there = set(who["well"] + who["held"])
        met = bool(there) and len(counted & there) >= must
        left = set(who["gone"] + who["real"])
        expected = "FAILED" if not met else "PARTIAL" if left else "COMPLETED"
        assert drive.statuses == [expected]
        assert set(errors(drive)) == left

    holds()
