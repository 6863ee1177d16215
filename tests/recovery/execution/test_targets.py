"""RTO and RPO, achieved beside what the plan promises."""

from __future__ import annotations

from datetime import timedelta

import pytest

from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.outcome import outcome
from drs_recovery.record.parts import Lag
from drs_recovery.record.targets import rpo_text, rto_text
from drs_recovery.text.durations import compact

HOUR = 3600


def completed(make, **fields):
    """Return an execution whose waves are COMPLETED, not final yet."""
    execution = make.execution(**fields)
    return execution.replace(waves=tuple(w.replace(status=WaveStatus.COMPLETED) for w in execution.waves))


@pytest.mark.parametrize(
    ("seconds", "texts"),
    [
        (59 * 60, "59m, within the target of 1h"),
        (HOUR, "1h, within the target of 1h"),
        (2 * HOUR + 1, "2h 1s, above the target of 1h"),
    ],
)
def test_the_rto_achieved_is_the_time_from_start_to_end(make, seconds, texts):
    """Gates included: it is what people waited."""
    execution = completed(make, rto_seconds=HOUR)
    end = execution.start_time + timedelta(seconds=seconds)
    assert rto_text(execution, end) == texts
    assert rto_text(execution.replace(end_time=end)) == texts
    assert rto_text(execution) is None


def test_what_recovered_nothing_has_achieved_no_rto(make):
    """A drill that was refused after a second did not recover in one."""
    execution = make.execution(rto_seconds=HOUR)
    ended = execution.replace(end_time=execution.start_time + timedelta(seconds=1))
    assert rto_text(ended) == "not achieved; the target is 1h"


@pytest.mark.parametrize(
    ("lag", "texts"),
    [
        (Lag(seconds=3), "3s at the start, within the target of 15m"),
        (Lag(seconds=7200), "2h at the start, above the target of 15m"),
        (
            Lag(seconds=3, unknown=1),
            "3s at the start, within the target of 15m; for one server DRS reported no lag",
        ),
        (
            Lag(seconds=3, unknown=4),
            "3s at the start, within the target of 15m; for 4 servers DRS reported no lag",
        ),
        (Lag(unknown=4), "not known, DRS reported no lag; the target is 15m"),
        (None, None),
    ],
)
def test_the_rpo_achieved_is_the_worst_lag_that_is_known(make, lag, texts):
    """A lag that nobody told is said, and taken for nothing (R-26)."""
    assert rpo_text(make.execution(rpo_seconds=900, lag=lag)) == texts


def test_without_targets_there_is_nothing_to_tell(make):
    """Nor where the lag is known."""
    execution = completed(make, lag=Lag(seconds=3))
    assert (rto_text(execution, make.time()), rpo_text(execution)) == (None, None)


def test_the_outcome_tells_what_was_achieved(make):
    """At the end of what recovered all it should, and nowhere else."""
    execution = completed(make, rto_seconds=HOUR, rpo_seconds=900, lag=Lag(seconds=1))
    servers = [server.replace(launch_status=LaunchStatus.LAUNCHED) for server in make.servers()]
    end = execution.start_time + timedelta(minutes=20)
    assert outcome(execution, servers, at=end).endswith(
        " launched. RTO: 20m, within the target of 1h. RPO: 1s at the start, within the target of 15m."
    )
    cancelled = make.execution(rto_seconds=HOUR, rpo_seconds=900, lag=Lag(seconds=1))
    assert "RTO" not in outcome(cancelled, servers, at=end)


@pytest.mark.parametrize(
    ("duration", "texts"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=0.2), "1s"),
        (timedelta(seconds=90), "1m 30s"),
        (timedelta(days=1, hours=2, seconds=5), "1d 2h 5s"),
    ],
)
def test_durations_are_brief(duration, texts):
    """Whole seconds, rounded up, so that a lag never looks better than it is."""
    assert compact(duration) == texts
