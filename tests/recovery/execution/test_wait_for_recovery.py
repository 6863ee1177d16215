"""The sensor writes progress, and never an execution's end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drs_recovery.errors import ExecutionNotFound, TransitionRefused
from drs_recovery.record.enums import ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.store.programs import complete_execution, start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers, write_progress
from tests.recovery.execution.stored import at

E, W, L = ExecutionStatus, WaveStatus, LaunchStatus


def test_the_first_poll_makes_a_started_wave_poll(polled):
    """STARTED says that a job was sent; POLLING that somebody watches it."""
    assert polled.store.run(read_execution(polled.id)).wave(0).status is W.STARTED
    assert polled.store.run(wait_for_recovery.poll(polled.id, 0, 1)).wave(0).status is W.POLLING
    version = polled.store.run(read_execution(polled.id)).version
    assert polled.store.run(wait_for_recovery.poll(polled.id, 0, 1)).version == version


def test_r23_the_phase_of_a_server_is_on_record(polled):
    """PENDING for a quarter of an hour looked dead: phase and since when are shown."""
    since = polled.make.time()
    polled.store.run(
        wait_for_recovery.poll(
            polled.id, 0, 1, at(polled, L.PENDING, phase="CONVERSION_START", phase_since=since)
        )
    )
    server = polled.store.run(read_servers(polled.id, 0))[0]
    assert (server.phase, server.phase_since) == ("CONVERSION_START", since)
    assert (server.hostname, server.name) == ("host-0-0.shop.example", "shop-0-0")


def test_no_progress_changes_what_was_frozen_of_a_server(polled):
    """Neither who it is, nor from which data it is launched."""
    before = polled.store.run(read_servers(polled.id, 0))[0]
    point = {"point_wanted": "x", "recovery_snapshot_id": "pit-1", "recovery_point": polled.make.time()}
    progress = before.replace(hostname="other", name="other", optional=True, phase="LAUNCH_START", **point)
    polled.store.run(write_progress(polled.id, [progress]))
    assert polled.store.run(read_servers(polled.id, 0))[0] == before.replace(phase="LAUNCH_START")


def test_r24_what_comes_late_is_written_when_it_comes(polled):
    """Instance id and address are absent, then known; their absence is no failure."""
    polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, at(polled, L.LAUNCHED)))
    assert polled.store.run(read_servers(polled.id, 0))[0].recovery_instance_id is None
    polled.store.run(
        wait_for_recovery.poll(
            polled.id, 0, 1, at(polled, L.LAUNCHED, recovery_instance_id="i-1", private_ip="10.0.0.1")
        )
    )
    server = polled.store.run(read_servers(polled.id, 0))[0]
    assert (server.recovery_instance_id, server.private_ip) == ("i-1", "10.0.0.1")


def test_a_wave_is_completed_by_its_servers(polled):
    """All launched, all on record with their end: only then COMPLETED."""
    wave = polled.store.run(
        wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0), W.COMPLETED)
    ).wave(0)
    assert wave.status is W.COMPLETED
    assert wave.end_time is not None
    assert all(server.end_time is not None for server in polled.store.run(read_servers(polled.id, 0)))
    assert polled.store.run(read_execution(polled.id)).completed_waves == 1


def test_a_wave_is_not_completed_while_a_server_is_not_launched(polled):
    """Invariant 1, whatever the sensor believes: each server that is missing is named."""
    servers = polled.launched(0)
    servers[1] = servers[1].replace(launch_status=L.FAILED)
    with pytest.raises(TransitionRefused, match=r"not launched, or not well: host-0-1.* FAILED"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, servers, W.COMPLETED))
    assert polled.store.run(read_execution(polled.id)).wave(0).status is W.STARTED


def test_a_wave_is_not_partial_while_its_policy_is_not_met(polled):
    """The record counts, for PARTIAL too: a server that is not optional is missing, or all are."""
    servers = polled.launched(0)
    servers[1] = servers[1].replace(launch_status=L.FAILED)
    with pytest.raises(TransitionRefused, match=r"'DBWave1' is not PARTIAL: .* host-0-1.* FAILED"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, servers, W.PARTIAL))
    assert polled.store.run(read_execution(polled.id)).wave(0).status is W.STARTED


def test_a_wave_is_partial_when_enough_servers_on_record_are_launched(polled):
    """Its reason is kept, and it counts among the waves that met their policy."""
    record = polled.record()
    record["waves"][0] |= {"minimumLaunched": 1}
    polled.put(record)
    servers = polled.launched(0)
    servers[1] = servers[1].replace(launch_status=L.FAILED)
    wave = polled.store.run(
        wait_for_recovery.write_end(polled.id, 0, 1, servers, W.PARTIAL, failure="host-0-1 is missing")
    ).wave(0)
    assert (wave.status, wave.failure) == (W.PARTIAL, "host-0-1 is missing")
    assert polled.store.run(read_execution(polled.id)).completed_waves == 1


def test_a_wave_is_not_completed_by_servers_that_nobody_wrote(polled):
    """The record counts, not the list that is handed over."""
    with pytest.raises(TransitionRefused, match="not launched, or not well: host-0-1"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0)[:1], W.COMPLETED))
    with pytest.raises(TransitionRefused, match="sensor of wave 0 may not write servers of another"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(1), W.COMPLETED))


def test_a_wave_is_not_completed_when_a_server_has_vanished_from_the_record(polled):
    """Two servers were frozen: one that is LAUNCHED is not all."""
    gone = next(item for item in polled.items() if item["item"].startswith("SERVER#000"))
    servers = polled.launched(0)
    polled.client.delete_item(
        TableName=polled.table, Key={"executionId": {"S": polled.id}, "item": {"S": gone["item"]}}
    )
    with pytest.raises(TransitionRefused, match=r"1 of 2 .* on record; not launched, or not well: none"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, servers, W.COMPLETED))
    assert len(polled.store.run(read_servers(polled.id, 0))) == 1


def test_a_second_sensor_cannot_complete_what_the_first_saw_fail(polled):
    """A server's fate is written once: who comes later with another one does not get COMPLETED."""
    failed = at(polled, L.FAILED, error="no capacity", end_time=polled.make.time())
    polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, failed))
    with pytest.raises(TransitionRefused, match="not launched"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0), W.COMPLETED))
    assert {server.error for server in polled.store.run(read_servers(polled.id, 0))} == {"no capacity"}
    assert (
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, [], W.FAILED, failure="x"))
        .wave(0)
        .status
        is W.FAILED
    )


def test_progress_is_over_when_a_server_has_ended(polled):
    """A poller that is behind writes over nothing, and is not disturbed."""
    polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0), W.COMPLETED))
    before = polled.items()
    late = [server.replace(end_time=None, phase="SNAPSHOT_START") for server in at(polled, L.IN_PROGRESS)]
    polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, late))
    polled.store.run(wait_for_recovery.polled(polled.id, polled.make.time()))
    assert [item for item in polled.items() if item["item"] != "EXECUTION"] == before[1:]


def test_a_poller_of_an_older_attempt_writes_nothing(polled):
    """A new attempt is under way; the old poller still runs for a second."""
    older = at(polled, L.FAILED, end_time=polled.make.time())
    record = polled.record()
    record["waves"][0] |= {"attempt": 2, "status": "POLLING"}
    polled.put(record)
    before = polled.items()
    assert polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, older)).wave(0).attempt == 2
    assert polled.items() == before
    with pytest.raises(TransitionRefused, match="attempt 1 cannot end it; clear its start_recovery task too"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, older, W.FAILED))
    assert polled.items() == before


def test_a_server_of_a_newer_attempt_or_another_job_is_left_alone(polled):
    """Each write carries attempt and job: that of another does not fit."""
    server = polled.store.run(read_servers(polled.id, 0))[0]
    polled.store.run(
        wait_for_recovery.poll(
            polled.id, 0, 1, [server.replace(job_id="drsjob-other", launch_status=L.FAILED)]
        )
    )
    assert polled.store.run(read_servers(polled.id, 0))[0] == server
    raw = next(item for item in polled.items() if item["item"].startswith("SERVER#000"))
    polled.put(raw | {"attempt": 2})
    polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, at(polled, L.FAILED, attempt=1)))
    assert polled.store.run(read_servers(polled.id, 0))[0].launch_status is L.PENDING


def test_a_server_whose_job_was_not_written_takes_its_progress(world):
    """The process died between the job in the wave and the job in its servers: the poller completes it."""
    world.frozen()
    intent = world.make.intent()
    world.store.run(start_recovery.intend(world.id, 0, intent))
    servers = world.store.run(read_servers(world.id, 0))
    world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1"))
    for item in world.items():
        if item["item"].startswith("SERVER#000"):
            world.put({name: value for name, value in item.items() if name not in {"jobId", "launchStatus"}})
    world.store.run(
        wait_for_recovery.poll(
            world.id, 0, 1, [each.replace(job_id="drsjob-1", launch_status=L.IN_PROGRESS) for each in servers]
        )
    )
    assert {(each.job_id, each.launch_status) for each in world.store.run(read_servers(world.id, 0))} == {
        ("drsjob-1", L.IN_PROGRESS)
    }


def test_the_last_poll_never_goes_backwards(polled):
    """Two pollers for a moment: the later time stays; a final execution is not polled."""
    later = polled.make.time()
    polled.store.run(wait_for_recovery.polled(polled.id, later))
    polled.store.run(wait_for_recovery.polled(polled.id, later - timedelta(seconds=30)))
    assert polled.store.run(read_execution(polled.id)).last_polled_time == later


def test_a_final_execution_is_not_polled(polled):
    """Progress ends with the execution, silently; ending a wave then is refused."""
    polled.store.run(complete_execution.close_waves(polled.id))
    polled.store.run(complete_execution.write_end(polled.id, E.FAILED, "over"))
    before = polled.items()
    polled.store.run(wait_for_recovery.poll(polled.id, 0, 1, at(polled, L.LAUNCHED)))
    polled.store.run(wait_for_recovery.polled(polled.id, polled.make.time() + timedelta(days=1)))
    with pytest.raises(TransitionRefused):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0), W.COMPLETED))
    assert polled.items() == before


def test_polling_an_execution_that_is_not_on_record_says_so(world):
    """No write of a poller makes an item."""
    with pytest.raises(ExecutionNotFound):
        world.store.run(wait_for_recovery.poll("ex-0", 0, 1, world.make.servers()))
    world.store.run(wait_for_recovery.polled("ex-0", world.make.time()))
    assert world.items("ex-0") == []
