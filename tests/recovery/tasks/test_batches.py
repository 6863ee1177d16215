"""A wave above the quota of a job is started in batches; one that is refused abandons none of the others."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import EndpointConnectionError

from recovery.aws.hooks.drs import DrsHook

from .conftest import APP, DB, WEB, Drive, plan

LAST_TRY = {"try_number": 4}


@pytest.fixture
def wave(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave whose three servers, at one a job, are three batches: DB, APP, WEB."""
    monkeypatch.setattr("recovery.tasks.start.SERVERS_PER_JOB", 1)
    table.control.set_speed("real")
    drive = Drive(plan({"name": "All", "servers": [DB, APP, WEB]}))
    drive.execute("open_execution")
    return drive


def busy(table: Any, *servers: str) -> None:
    """Let jobs that are not ours hold servers: DRS refuses them with ConflictException."""
    for server in servers:
        table.client("drs").start_recovery(sourceServers=[{"sourceServerID": server}], isDrill=True)


def told(drive: Drive, type_: str) -> list[str]:
    return [event.detail for event in drive.store.events(drive.execution_id) if event.type == type_]


def errors(drive: Drive) -> dict[str, str | None]:
    return {server.source_server_id: server.error for server in drive.store.servers(drive.execution_id)}


def test_p2_the_batches_that_started_are_watched_and_the_wave_is_judged_after(
    table: Any, wave: Drive
) -> None:
    """The wave is FAILED when its jobs have ended, by the server that was left out, with AWS's words."""
    busy(table, APP)
    assert len(wave.execute("all.start_recovery")) == 2
    assert wave.statuses == ["STARTED"]
    found = errors(wave)
    assert "ConflictException" in (found[APP] or "")
    assert (found[DB], found[WEB]) == (None, None)
    (refusal,) = told(wave, "JOB_REFUSED")
    assert refusal.startswith("Batch 1: ")
    table.control.set_speed("immediate")
    with pytest.raises(AirflowFailException, match=rf"1 of its 3 servers .*{APP}.*ConflictException"):
        wave.execute("all.wait_for_recovery")
    with pytest.raises(AirflowFailException, match="FAILED"):
        wave.execute("complete_execution")
    assert (wave.record.status, wave.statuses) == ("FAILED", ["FAILED"])
    launched = [s.source_server_id for s in wave.store.servers(wave.execution_id) if s.launch_status]
    assert launched == [DB, WEB]
    assert "ConflictException" in wave.record.outcome


def test_a_first_batch_that_is_refused_keeps_no_other_from_starting(table: Any, wave: Drive) -> None:
    """What can be recovered is recovered."""
    busy(table, DB)
    assert len(wave.execute("all.start_recovery")) == 2
    assert "ConflictException" in (errors(wave)[DB] or "")


def test_a_wave_of_which_no_batch_starts_fails_at_once(table: Any, wave: Drive) -> None:
    """As with a single batch: FAILED, with the words of AWS and nothing to watch."""
    busy(table, DB, APP, WEB)
    with pytest.raises(AirflowFailException, match="ConflictException"):
        wave.execute("all.start_recovery")
    assert (wave.statuses, wave.record.waves[0].job_ids) == (["FAILED"], ())
    assert len(told(wave, "JOB_REFUSED")) == 3


def test_a_refusal_that_may_pass_is_retried_until_the_last_try(
    wave: Drive, monkeypatch: pytest.MonkeyPatch, starts: Any
) -> None:
    """Each refusal is told, once; on the last try the batch is left out and the others are watched."""
    start = DrsHook.start_recovery

    def cut_off(hook: DrsHook, servers: Any, **more: Any) -> Any:
        if APP in servers:
            raise EndpointConnectionError(endpoint_url="https://drs.eu-west-1.amazonaws.com")
        return start(hook, servers, **more)

    monkeypatch.setattr(DrsHook, "start_recovery", cut_off)
    for number in (1, 2):
        with pytest.raises(EndpointConnectionError):
            wave.execute("all.start_recovery", try_number=number)
        assert len(told(wave, "JOB_REFUSED")) == number
        assert errors(wave)[APP] is None
    assert len(wave.execute("all.start_recovery", **LAST_TRY)) == 2
    assert (starts(), len(told(wave, "JOB_REFUSED"))) == (2, 3)
    assert "drs.eu-west-1" in (errors(wave)[APP] or "")


def test_a_batch_that_starts_after_all_leaves_no_refusal_behind(table: Any, wave: Drive, starts: Any) -> None:
    """The start task was cleared when the other job had ended: the server has its job, and no error."""
    busy(table, APP)
    wave.execute("all.start_recovery")
    table.control.set_speed("immediate")
    table.client("drs").describe_jobs()
    assert len(wave.execute("all.start_recovery")) == 3
    assert set(errors(wave).values()) == {None}


def test_a_look_up_that_fails_after_a_job_was_started_leaves_its_batch_out(
    wave: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Invariant 12 holds for the batch, P-2 for the job that runs."""
    look = DrsHook.list_recovery_instances

    def cut_off(hook: DrsHook, servers: Any) -> Any:
        if DB not in servers:
            raise EndpointConnectionError(endpoint_url="https://drs.eu-west-1.amazonaws.com")
        return look(hook, servers)

    monkeypatch.setattr(DrsHook, "list_recovery_instances", cut_off)
    assert len(wave.execute("all.start_recovery", **LAST_TRY)) == 1
    assert [words[:8] for words in told(wave, "JOB_REFUSED")] == ["Batch 1:", "Batch 2:"]
    assert told(wave, "FAILED") == []


def test_a_real_instance_in_the_first_batch_stops_the_whole_wave(
    table: Any, wave: Drive, starts: Any
) -> None:
    """Our own rule, before anything is started: nothing is."""
    table.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=False)
    table.control.set_speed("immediate")
    table.client("drs").describe_jobs()
    with pytest.raises(AirflowFailException, match="Real recovery instances"):
        wave.execute("all.start_recovery")
    assert starts() == 1
