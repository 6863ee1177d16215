"""What became of an intent: its job, none yet, or none that will be waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.record.intent import Adopted, Intent, NoJob, StillOpen, resolve

ANNOUNCED = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
WINDOW = timedelta(seconds=90)
INTENT = Intent(attempt=1, batch=0, servers=("s-1", "s-2"), time=ANNOUNCED)


@pytest.mark.parametrize(
    ("found", "seconds", "result"),
    [
        ("drsjob-1", 0, Adopted("drsjob-1")),
        ("drsjob-1", 5000, Adopted("drsjob-1")),
        (None, 0, StillOpen(ANNOUNCED + WINDOW)),
        (None, 89.9, StillOpen(ANNOUNCED + WINDOW)),
        (
            None,
            90,
            NoJob(
                "no job came of it: StartRecovery for 2 servers was announced at 02:00:00 UTC, and DRS "
                "showed none within 1 minute 30 seconds"
            ),
        ),
    ],
    ids=["found", "found late", "just announced", "at the end of the window", "after the window"],
)
def test_an_intent_is_its_job_or_open_for_the_window(found, seconds, result):
    """A job that DRS shows counts at any time; only after the window may the servers be sent again."""
    assert resolve(INTENT, found, ANNOUNCED + timedelta(seconds=seconds), WINDOW) == result


@given(
    seconds=st.integers(-10_000, 10_000), window=st.integers(0, 1000), found=st.none() | st.just("drsjob-2")
)
def test_a_job_on_record_is_never_replaced(seconds, window, found):
    """Whatever DRS shows by then, and however late anybody looks."""
    intent = INTENT.replace(job_id="drsjob-1")
    at = ANNOUNCED + timedelta(seconds=seconds)
    assert resolve(intent, found, at, timedelta(seconds=window)) == Adopted("drsjob-1")


@given(seconds=st.integers(-10_000, 10_000), window=st.integers(0, 1000))
def test_what_no_job_came_of_is_known_to_show_late(seconds, window):
    """Its refusal alone says so: records of earlier releases have no other mark."""
    result = resolve(INTENT, None, ANNOUNCED + timedelta(seconds=seconds), timedelta(seconds=window))
    assert isinstance(result, NoJob) == (seconds >= window)
    assert not isinstance(result, NoJob) or INTENT.replace(refusal=result.refusal).may_show
