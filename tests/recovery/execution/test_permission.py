"""The record permits a start, or says why not."""

from __future__ import annotations

import pytest

from drs_recovery.errors import StartRefused
from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.parts import Approval, Failure
from drs_recovery.record.permission import check_ask, check_start
from tests.recovery.execution.stored import OTHER

W = WaveStatus


@pytest.fixture
def ready(make):
    """Make an execution whose first wave is done and whose second is approved."""
    answer = make.approval()
    waves = make.execution().waves
    return make.execution().replace(
        waves=(
            waves[0].replace(status=W.COMPLETED, server_count=2),
            waves[1].replace(status=W.PAUSED, approval=answer, server_count=2),
            waves[2].replace(server_count=2),
        )
    )


def changed(execution, number, **fields):
    waves = list(execution.waves)
    waves[number] = waves[number].replace(**fields)
    return execution.replace(waves=tuple(waves))


def test_an_approved_wave_after_a_completed_one_may_start(ready):
    """Everything it needs is on record."""
    assert check_start(ready, 1) is None


@pytest.mark.parametrize("status", [status for status in W if not status.policy_met])
def test_r32_a_wave_waits_for_those_it_depends_on(ready, status):
    """A wave starts only after those it depends on met their policy, whatever Airflow's tasks say."""
    record = changed(ready, 0, status=status)
    with pytest.raises(StartRefused, match=f"it waits for waves that are not done: DBWave1 is {status}"):
        check_start(record, 1)
    with pytest.raises(StartRefused):
        check_ask(record, 1)


@pytest.mark.parametrize("status", list(W))
def test_r32_a_wave_that_says_continue_holds_up_nobody_when_it_failed(ready, status):
    """FAILED and TIMED_OUT release the next wave then; CANCELLED, a person's no, never does."""
    record = changed(ready, 0, status=status, on_failure="continue")
    if status.policy_met or status in {W.FAILED, W.TIMED_OUT}:
        assert check_start(record, 1) is None
        assert check_ask(record, 1) is None
    else:
        with pytest.raises(StartRefused, match=f"DBWave1 is {status}"):
            check_start(record, 1)


def test_a_partial_wave_lets_the_next_one_start(ready):
    """PARTIAL met its policy."""
    assert check_start(changed(ready, 0, status=W.PARTIAL), 1) is None


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {"decision": "REJECTED"},
        {"decision": "TIMED_OUT"},
        {"decision": "APPROVED", "attempt": 2},
    ],
    ids=["none", "rejected", "timed out", "of another attempt"],
)
def test_without_an_approval_of_this_attempt_nothing_starts(ready, make, answer):
    """No answer, no start; a gate that Airflow shows as success proves nothing."""
    given = answer and Approval(**({"attempt": 1, "time": make.time()} | answer))
    with pytest.raises(StartRefused, match="its gate holds no approval of attempt 1"):
        check_start(changed(ready, 1, approval=given), 1)


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({"superseded_by": OTHER}, f"superseded by execution {OTHER}"),
        ({"failure": Failure(kind="REFUSED", message="late")}, "the execution is REFUSED: late"),
        ({"end_time": "2026-03-01T07:00:00Z", "status": "CANCELLED"}, "the execution is CANCELLED, for good"),
    ],
    ids=["superseded", "refused", "final"],
)
def test_an_execution_that_is_over_starts_nothing(ready, fields, texts):
    """Superseded, refused or final: no wave starts, no gate asks."""
    for check in (check_start, check_ask):
        with pytest.raises(StartRefused, match=texts):
            check(ready.replace(**fields), 1)


@pytest.mark.parametrize("status", [status for status in W if status.final])
def test_a_wave_that_has_ended_does_not_start(ready, status):
    """Clearing a task does not make a final wave start again; a new attempt would."""
    with pytest.raises(StartRefused, match=f"it is {status}"):
        check_start(changed(ready, 1, status=status), 1)


def test_a_wave_whose_servers_are_not_frozen_does_not_start(ready):
    """open_execution marked success before it froze the servers: there is nothing to start."""
    with pytest.raises(StartRefused, match="servers are not frozen"):
        check_start(changed(ready, 1, server_count=None), 1)
