"""What an execution record holds, and how it is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.base import MOST_CHARACTERS, complaint_of_run_id
from drs_recovery.record.enums import EventType, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.run_request import RunRequest
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.fitting import fitted, record_size
from drs_recovery.store.programs import open_execution, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event


def test_the_id_of_an_execution_is_that_of_its_dag_run():
    """Opening twice is opening once: the id follows from DAG id and run id, today and in ten years."""
    assert execution_id("web_shop", "manual__1") == "f4784d34-c01a-537f-bc0d-17bdadba3201"
    assert execution_id("web_shop", "manual__2") != execution_id("web_shop", "manual__1")
    assert execution_id("web", "shop_manual__1") != execution_id("web_shop", "manual__1")


def test_r28_what_is_written_reads_back_with_its_types(world):
    """Numbers stay numbers, times stay times and texts stay texts on their way through DynamoDB."""
    world.frozen().completed(0)
    world.store.run(wait_for_recovery.polled(world.id, world.make.time()))
    execution = world.store.run(read_execution(world.id))
    wave = execution.wave(0)
    assert type(execution.version) is int
    assert (type(wave.attempt), type(wave.server_count), type(wave.intents[0].batch)) == (int, int, int)
    assert wave.start_time.utcoffset() == timedelta(0)
    assert wave.pause_before_wave is False
    assert Execution.from_item(execution.to_item()) == execution
    assert [
        ServerRecord.from_item(server.to_item()) for server in world.store.run(read_servers(world.id))
    ] == (world.store.run(read_servers(world.id)))


def test_the_record_keeps_the_names_that_its_readers_expect(world):
    """The raw item is camelCase, with all waves, their numbers from 0."""
    record = world.opened(reason="quarterly").record()
    assert {
        "executionId",
        "totalWaves",
        "completedWaves",
        "dagRunId",
        "planHash",
        "openSince",
    } <= record.keys()
    assert record["startTime"] == "2026-03-01T06:00:00.000250Z"
    assert [wave["waveNumber"] for wave in record["waves"]] == [0, 1, 2]
    assert {"waveName", "pauseBeforeWave", "status", "attempt", "intents", "jobIds"} <= record["waves"][
        0
    ].keys()


def test_r26_absent_is_absent(make):
    """What is not known is neither written nor shown as something: not "", not 0, not FAILED."""
    execution = make.execution(reason="", region=None)
    assert execution.reason is None
    assert not {"reason", "region", "endTime", "outcome"} & execution.to_item().keys()
    assert make.servers()[0].launch_status is None


@pytest.mark.parametrize("number", [0, 1709272800, "0", "1709272800"])
def test_r29_a_number_is_no_time(number):
    """A missing date was shown as 1969: nothing but a date is one."""
    with pytest.raises(ValidationError, match="is no time with a time zone"):
        WaveRecord(wave_number=0, wave_name="A", start_time=number)


def test_a_time_without_a_zone_is_refused_and_others_become_utc():
    """Times on record are UTC, so that their order is that of their texts."""
    with pytest.raises(ValidationError, match="is no time with a time zone"):
        WaveRecord(wave_number=0, wave_name="A", start_time="2026-03-01T06:00:00")
    noon = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    wave = WaveRecord(wave_number=0, wave_name="A", start_time=noon)
    assert wave.to_item()["startTime"] == "2026-03-01T10:00:00.000000Z"
    assert wave.start_time == noon.astimezone(UTC)


def test_r61_an_unknown_status_is_shown(make):
    """A status that this release does not know is read, shown and written back; it equals no known one."""
    item = make.execution().to_item() | {"status": "ARCHIVED", "fieldOfTheFuture": 1}
    execution = Execution.from_item(item)
    assert str(execution.status) == "ARCHIVED"
    assert not execution.status.known
    assert not execution.status.final
    assert execution.to_item()["status"] == "ARCHIVED"
    assert ExecutionStatus.PENDING.known
    assert LaunchStatus("COOKING") != LaunchStatus.LAUNCHED


def test_an_empty_status_is_none():
    """An empty word is no status, known or not."""
    with pytest.raises(ValueError, match="is not a valid WaveStatus"):
        WaveStatus("")


def test_a_wave_of_an_older_release_stops_and_has_four_hours():
    """Records from before waves had a policy are read as they were meant."""
    wave = WaveRecord.from_item({"waveNumber": 0, "waveName": "DBWave1", "status": "FAILED"})
    assert (wave.on_failure, wave.minimum_launched, wave.unblocks_dependents) == ("stop", None, False)
    assert wave.timeout == timedelta(hours=4)
    assert wave.deadline is None
    begun = wave.replace(start_time="2026-03-01T06:00:00Z")
    assert begun.deadline == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_a_wave_that_is_not_in_its_place_is_refused_by_name(make):
    """Waves are found by their number; a hole in the record is shown, not stepped over (R-33)."""
    execution = make.execution()
    holed = execution.replace(waves=(execution.waves[0], execution.waves[2]))
    assert holed.wave(0).wave_name == "DBWave1"
    with pytest.raises(
        TransitionRefused, match=r"wave 1 is not in its place .* 0 \(DBWave1\), 2 \(WebWave3\)"
    ):
        holed.wave(1)
    with pytest.raises(TransitionRefused, match="wave -1"):
        execution.wave(-1)


@pytest.mark.parametrize(
    ("known", "label"),
    [
        ({"hostname": "db-1.shop", "name": "shop-db-1"}, "db-1.shop (shop-db-1, s-1)"),
        ({"hostname": "db-1.shop"}, "db-1.shop (s-1)"),
        ({}, "s-1"),
    ],
)
def test_a_server_is_shown_by_hostname_and_name_beside_its_id(known, label):
    """People know servers by their names; what is not known is left out."""
    assert ServerRecord(source_server_id="s-1", wave_number=0, **known).label == label


def test_a_text_of_any_length_leaves_room_in_the_item():
    """A reason of a megabyte would keep the record from ever ending: DynamoDB takes 400 KB."""
    wave = WaveRecord(wave_number=0, wave_name="A", failure="x" * 1_000_000)
    assert len(wave.failure) == MOST_CHARACTERS
    assert wave.failure.endswith("(shortened)")


def test_a_changed_copy_is_validated_and_knows_its_fields(make):
    """A copy with other fields is as sound as a new one."""
    wave = make.execution().wave(0)
    assert wave.replace(status="PAUSED").status is WaveStatus.PAUSED
    with pytest.raises(TypeError, match="WaveRecord has no statuss"):
        wave.replace(statuss="PAUSED")


@pytest.mark.parametrize("run_id", ["manual__2026-03-01T06:00:00+00:00", "dr drill: é", "a.b", "x" * 250])
def test_a_run_id_of_airflow_is_one_of_an_execution(make, run_id):
    """Also where its setting allows blanks and other letters."""
    assert make.execution(run_id).dag_run_id == run_id


@pytest.mark.parametrize(
    "run_id",
    ["", "a%b", "a..b", "../a", "a/b", "a\\b", "a?", "a#", "{a}", "a\n", "a\x9b", "\ud800", "x" * 251],
)
def test_a_run_id_with_a_meaning_elsewhere_is_refused_in_a_sentence(make, run_id):
    """It goes into addresses, paths and other run ids."""
    assert "is the run id of no execution" in complaint_of_run_id(run_id)
    with pytest.raises(ValidationError, match="dagRunId"):
        Execution.model_validate(make.execution().to_item() | {"dagRunId": run_id})


def test_half_a_character_is_written_as_a_question_mark(world, make):
    """JSON holds it, as a reason or a server's name may come; UTF-8, and so DynamoDB, does not."""
    half = "\ud83d!"
    request = RunRequest.of(dict.fromkeys(("confirm", "approvals"), half), run_type=half, run_after=None)
    asked = make.execution(reason=half * 1500, connection_source=half, request=request)
    failed = asked.replace(failure={"kind": "FAILED", "message": half})
    kept = world.store.run(open_execution.open_execution(failed))
    assert (kept.failure.message, kept.reason[:2], kept.request.confirm) == ("?!", "?!", "?!")
    assert record_size(fitted(failed, 0).execution) < record_size(failed)
    server = make.servers()[0].replace(hostname=half, name=half, error=half)
    assert (server.label, server.error) == (f"?! (?!, {server.source_server_id})", "?!")
    approval = make.approval(by=half, reason=half)
    assert (approval.by, approval.reason) == ("?!", "?!")
    world.store.run(append_event(kept.execution_id, make.event(EventType.FAILED, detail=half, once=half)))
    assert [event.detail for event in world.store.run(read_events(kept.execution_id))] == ["?!"]
