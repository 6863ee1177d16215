"""A wave above the quota of a job is started in batches; one that is refused abandons none of the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.engine.starting import Starting
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.troubles import recover, sent

CURE = "docs/production.md, The policies"
"""In what is said of any denial."""


@pytest.fixture
def wave(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave whose three servers, at one a job, are three batches: DB, APP, WEB."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 1)
    table.control.set_speed("real")
    drive = Drive(plan({"name": "All", "servers": [DB, APP, WEB]}))
    drive.execute("open_execution")
    return drive


def deny(table: Any, *servers: str) -> None:
    """Let AWS refuse jobs of servers for good."""
    for server in servers:
        table.control.deny("drs", "StartRecovery", resource=server)


def details_of(drive: Drive, type_: str) -> list[str]:
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


def errors(drive: Drive) -> dict[str, str | None]:
    return {
        server.source_server_id: server.error for server in drive.store.run(read_servers(drive.execution_id))
    }


def test_a_refusal_is_reported_once_however_long_it_is(table: Any, wave: Drive) -> None:
    """The record holds it shortened: it is the same one all the same."""
    table.control.deny("drs", "StartRecovery", resource=APP, message="no right " * 1000)
    wave.execute("all.start_recovery")
    assert len(details_of(wave, "JOB_REFUSED")) == 1


def test_p2_the_batches_that_started_are_watched_and_the_wave_is_judged_after(
    table: Any, wave: Drive
) -> None:
    """The wave is FAILED when its jobs have ended, by the server that was left out, with AWS's words."""
    deny(table, APP)
    assert len(wave.execute("all.start_recovery")) == 2
    assert wave.statuses == ["STARTED"]
    found = errors(wave)
    assert "AccessDenied" in (found[APP] or "")
    assert (found[DB], found[WEB]) == (None, None)
    (refusal,) = details_of(wave, "JOB_REFUSED")
    assert refusal.startswith("Batch 1: ")
    table.control.set_speed("immediate")
    with pytest.raises(AirflowFailException, match=rf"1 of its 3 servers .*{APP}.*AccessDenied"):
        wave.execute("all.wait_for_recovery")
    with pytest.raises(AirflowFailException, match="FAILED"):
        wave.execute("complete_execution")
    assert (wave.record.status, wave.statuses) == ("FAILED", ["FAILED"])
    launched = [
        s.source_server_id for s in wave.store.run(read_servers(wave.execution_id)) if s.launch_status
    ]
    assert launched == [DB, WEB]
    assert "AccessDenied" in wave.record.outcome


def test_a_first_batch_that_is_refused_keeps_no_other_from_starting(table: Any, wave: Drive) -> None:
    """What can be recovered is recovered."""
    deny(table, DB)
    assert len(wave.execute("all.start_recovery")) == 2
    assert "AccessDenied" in (errors(wave)[DB] or "")


def test_a_wave_of_which_no_batch_starts_fails_at_once(table: Any, wave: Drive) -> None:
    """As with a single batch: FAILED, with the words of AWS and their cure, and nothing to watch."""
    deny(table, DB, APP, WEB)
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        wave.execute("all.start_recovery")
    assert (wave.statuses, wave.record.waves[0].job_ids) == (["FAILED"], ())
    refusals = details_of(wave, "JOB_REFUSED")
    assert (len(refusals), [text for text in refusals if CURE not in text]) == (3, [])


def test_a_batch_that_must_wait_keeps_no_other_from_starting(table: Any, wave: Drive, starts: Any) -> None:
    """Then it starts; or at the wave's deadline it is left out, and the others are watched."""
    table.control.throttle("drs", "StartRecovery", resource=APP)
    with pytest.raises(TaskDeferred):
        wave.execute("all.start_recovery")
    assert len(wave.record.waves[0].job_ids) == 2
    assert errors(wave)[APP] is None
    late = datetime.now(UTC) + timedelta(hours=4)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drs_recovery.tasks.base.now", lambda: late)
        assert len(wave.execute("all.start_recovery")) == 2
    assert "ThrottlingException" in (errors(wave)[APP] or "")


def test_a_batch_that_starts_after_all_leaves_no_refusal_behind(table: Any, wave: Drive, starts: Any) -> None:
    """The start task was cleared when the other job had ended: the server has its job, and no error."""
    deny(table, APP)
    wave.execute("all.start_recovery")
    table.control.clear_faults()
    assert len(wave.execute("all.start_recovery")) == 3
    assert set(errors(wave).values()) == {None}


def test_what_was_refused_for_good_is_not_sent_again_while_others_wait(
    table: Any, wave: Drive, starts: Any
) -> None:
    """The task wakes every half minute for hours: the refusal is kept, and told once."""
    deny(table, DB)
    table.control.throttle("drs", "StartRecovery", resource=APP)
    with pytest.raises(TaskDeferred) as deferred:
        wave.execute("all.start_recovery")
    before = starts()
    task = wave.dag.get_task("all.start_recovery")
    with pytest.raises(TaskDeferred):
        task.execute_complete(wave.context("all.start_recovery"), None, **deferred.value.kwargs)
    again = [
        call["parameters"]["sourceServers"] for call in table.control.requests(operation="StartRecovery")
    ]
    assert all(servers != [{"sourceServerID": DB}] for servers in again[before:])


def test_a3_a_look_up_that_is_refused_leaves_its_batch_out(table: Any, wave: Drive) -> None:
    """Invariant 12 holds for the batch, P-2 for the job that runs."""
    table.control.deny("drs", "DescribeRecoveryInstances", resource=APP)
    assert len(wave.execute("all.start_recovery")) == 2
    (left,) = details_of(wave, "SERVERS_LEFT_OUT")
    assert APP in left
    assert details_of(wave, "FAILED") == []


@pytest.mark.parametrize("size", [1, 2, 100])
@pytest.mark.parametrize("real", [(DB,), (APP,), (WEB,), (DB, WEB)], ids=["first", "second", "last", "two"])
def test_a_real_instance_keeps_no_other_server_from_starting(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch, real: tuple[str, ...], size: int
) -> None:
    """Whichever batch it is in, alone or with others: each server of it says why it was not started."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", size)
    table.control.set_speed("immediate")
    recover(table, *real)
    table.control.set_speed("real")
    wave.execute("all.start_recovery")
    assert set().union(*sent(table, wave)) == {DB, APP, WEB} - set(real)
    found = errors(wave)
    assert all(f"{server} has i-" in (found[server] or "") for server in real)
    assert {server for server, error in found.items() if error} == set(real)


@pytest.mark.parametrize("server", [DB, APP, WEB])
def test_a3_a_look_up_that_is_refused_decides_for_its_batch_whichever_that_is(
    table: Any, wave: Drive, server: str
) -> None:
    """Also for the first one: nothing is started yet then, but the others are."""
    table.control.deny("drs", "DescribeRecoveryInstances", resource=server)
    assert len(wave.execute("all.start_recovery")) == 2
    assert server not in set().union(*sent(table, wave))
    error = errors(wave)[server] or ""
    assert ("AccessDenied" in error, CURE in error) == (True, True)


@pytest.mark.parametrize("operation", ["DescribeJobs", "DescribeSourceServers"])
def test_a_look_that_is_not_allowed_any_more_abandons_no_job_that_runs(
    table: Any, wave: Drive, operation: str
) -> None:
    """Cleared, or done again after a crash: its sensor watches, and the others say why they did not start."""
    deny(table, APP)
    wave.execute("all.start_recovery")
    table.control.clear_faults()
    table.control.deny("drs", operation)
    assert len(wave.execute("all.start_recovery")) == 2
    assert "AccessDenied" in (errors(wave)[APP] or "")
    assert operation in (errors(wave)[APP] or "")


def test_who_has_a_job_waits_for_nothing(table: Any, wave: Drive) -> None:
    """DRS cannot be asked for jobs that show late: that holds those without one, in the trail as well."""
    deny(table, APP)
    wave.execute("all.start_recovery")
    table.control.clear_faults()
    table.control.throttle("drs", "DescribeJobs")
    with pytest.raises(TaskDeferred):
        wave.execute("all.start_recovery")
    (waits,) = details_of(wave, "START_WAITING")
    assert waits.startswith("app-1.shop.example")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drs_recovery.tasks.base.now", lambda: datetime.now(UTC) + timedelta(hours=4))
        wave.execute("all.start_recovery")
    assert all(DB not in texts and WEB not in texts for texts in details_of(wave, "SERVERS_LEFT_OUT"))


def test_who_may_not_look_for_a_lost_job_says_what_to_do(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for the right, and the trail has the cure of the denial."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 100)
    table.control.drop("drs", "StartRecovery", after=True, times=1)
    table.control.deny("drs", "DescribeJobs")
    with pytest.raises(TaskDeferred):
        wave.execute("all.start_recovery")
    (waits,) = details_of(wave, "START_WAITING")
    assert CURE in waits


def test_an_old_refusal_of_a_batch_is_no_word_on_what_is_in_its_way_now(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch, starts: Any
) -> None:
    """DRS was busy with it once; now nobody may look: nothing is started, so that is about the wave."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 100)
    table.control.deny("drs", "StartRecovery", error="ConflictException", message="in a job")
    with pytest.raises(TaskDeferred):
        wave.execute("all.start_recovery")
    table.control.clear_faults()
    table.control.deny("drs", "DescribeRecoveryInstances")
    before = starts()
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        wave.execute("all.start_recovery")
    assert starts() == before
    assert details_of(wave, "SERVERS_LEFT_OUT") == []


def test_an_intent_that_another_start_resolves_between_two_looks_is_no_trouble(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two starts find the same lost answer: the second one goes on with what the first one wrote."""
    monkeypatch.setattr("drs_recovery.engine.start.SERVERS_PER_JOB", 100)
    table.control.drop("drs", "StartRecovery", after=False, times=1)
    with pytest.raises(TaskDeferred):
        wave.execute("all.start_recovery")
    (intent,) = wave.record.waves[0].open_intents
    resolved = Starting._resolved

    def at_rest(starting: Starting, batch: Any) -> bool:
        wave.store.run(start_recovery.refused(wave.execution_id, 0, intent, "no job came of it", lost=True))
        return resolved(starting, batch)

    monkeypatch.setattr(Starting, "_resolved", at_rest)
    assert len(wave.execute("all.start_recovery")) == 1
