"""The table of writers: who may change what."""

from __future__ import annotations

import pytest

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import ExecutionStatus, WaveStatus, Writer
from drs_recovery.record.parts import Failure
from drs_recovery.record.transitions import FIELDS, MOVES, WAVE_FIELDS, check_change, check_move, may_move
from tests.recovery.execution.stored import OTHER

W = WaveStatus


@pytest.mark.parametrize("writer", Writer)
@pytest.mark.parametrize("before", [status for status in W if status.final])
def test_no_writer_moves_a_final_wave(writer, before):
    """What has ended stays; only a new attempt, which opens the wave again, could change it."""
    assert [after for after in W if may_move(writer, before, after)] == [before]


def test_only_the_sensor_completes_a_wave():
    """A wave is COMPLETED or PARTIAL by the word of DRS, which the sensor alone hears."""
    for writer in Writer:
        reached = {after for moves in MOVES[writer].values() for after in moves}
        assert bool(reached & {W.COMPLETED, W.PARTIAL}) == (writer is Writer.SENSOR)
        assert (W.TIMED_OUT in reached) == (writer in {Writer.SENSOR, Writer.COMPLETE})
        assert (W.SKIPPED in reached) == (writer is Writer.COMPLETE)
        assert (W.STARTED in reached) == (writer is Writer.START_RECOVERY)
        assert (W.PAUSED in reached) == (writer is Writer.APPROVE)


def test_no_writer_of_a_running_execution_ends_it():
    """Final status, end time and outcome are in nobody's fields: only the final write has them."""
    for writer in Writer:
        opening = {"failure", "account_id", "superseded_by", "lag", "warnings"}
        tasks = {"task_failure", "task_skips", "task_notes"}
        beside = {*tasks, "cancel_asked", "plan_gone_since", "tier"}
        assert FIELDS[writer] <= {"waves", *beside, *opening}
        assert bool(tasks & FIELDS[writer]) == (writer is Writer.COMPLETE)
        assert "approval" not in WAVE_FIELDS[writer] or writer is Writer.APPROVE
        jobs = writer in {Writer.START_RECOVERY, Writer.COMPLETE}
        assert (WAVE_FIELDS[writer] >= {"intents", "job_ids"}) == jobs


def test_a_refused_move_says_what_is_allowed(make):
    """The message names writer, wave, both statuses and what would be allowed."""
    wave = make.execution().wave(0)
    with pytest.raises(TransitionRefused) as refused:
        check_move(Writer.START_RECOVERY, wave, W.COMPLETED)
    assert str(refused.value) == (
        "start_recovery may not move wave 'DBWave1' from PENDING to COMPLETED; allowed: FAILED, STARTED"
    )


@pytest.mark.parametrize("writer", Writer)
@pytest.mark.parametrize(
    "ended",
    [{"status": ExecutionStatus.COMPLETED}, {"outcome": "fine"}, {"total_waves": 1}, {"plan_hash": "x"}],
    ids=lambda fields: next(iter(fields)),
)
def test_a_change_beyond_a_writers_fields_is_refused(make, writer, ended):
    """Whatever a writer's code does, it cannot write what is another's."""
    before = make.execution()
    with pytest.raises(TransitionRefused, match=f"may not write {next(iter(ended))} of execution"):
        check_change(writer, before, before.replace(**ended))


def test_only_open_execution_notes_a_failure(make):
    """A failure beside the waves is what happened before them."""
    before = make.execution()
    after = before.replace(failure=Failure(kind="FAILED", message="no such server"))
    check_change(Writer.OPEN, before, after)
    with pytest.raises(TransitionRefused, match="may not write failure"):
        check_change(Writer.SENSOR, before, after)


def test_only_open_execution_supersedes(make):
    """That of the RECOVERY that takes the plan over from a drill."""
    before = make.execution()
    after = before.replace(superseded_by=OTHER)
    check_change(Writer.OPEN, before, after)
    for writer in set(Writer) - {Writer.OPEN}:
        with pytest.raises(TransitionRefused, match="may not write superseded_by"):
            check_change(writer, before, after)


def test_a_final_execution_takes_no_change(make):
    """Once the end time is there, no writer changes a wave."""
    before = make.execution(status=ExecutionStatus.FAILED, end_time=make.time())
    wave = before.wave(0).replace(status=W.PAUSED)
    with pytest.raises(TransitionRefused, match="is FAILED, and a final status is written once"):
        check_change(Writer.APPROVE, before, before.replace(waves=(wave, *before.waves[1:])))
