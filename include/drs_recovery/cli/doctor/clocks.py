"""Whether clocks go right, by the dates of AWS's answers: what is signed at a wrong time AWS refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown, warning
from drs_recovery.clock import now
from drs_recovery.settings import settings
from drs_recovery.text.durations import roughly
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation

ODD = timedelta(seconds=5)
"""A date in an answer is right to the second, and the answer is under way."""

UNDER_WAY = timedelta(seconds=15)
"""What a worker says may arrive late, on a busy machine: its clock then seems to be behind."""

WORKER = "the worker on "
CURE = "Let a time service set that machine's clock, such as chrony; in EC2 from 169.254.169.123."


def check(it: Installation) -> Iterator[Found]:
    """Yield whose clock goes wrong: this machine's, the API server's, or that of a worker."""
    if it.aws_ahead is None:
        yield unknown("AWS's answer had no date", "See what stands between this machine and AWS.")
        return
    ahead = dict(_ahead(it, it.aws_ahead))
    wrong = {
        who: by for who, by in ahead.items() if abs(by) >= (UNDER_WAY if who.startswith(WORKER) else ODD)
    }
    too_wrong = timedelta(seconds=settings().adoption_seconds) / 3
    for who, by in wrong.items():
        side = "ahead of" if by > timedelta() else "behind"
        text = f"{who} is {roughly(abs(by))} {side} AWS: times on record are wrong by that"
        if abs(by) >= too_wrong:
            yield fault(f"{text}, starts are taken for too old, and from 5 minutes on AWS refuses all", CURE)
        else:
            yield warning(text, CURE)
    if not wrong:
        yield ok(f"they agree with AWS's: {listed(ahead)}; those of others are not seen")


def _ahead(it: Installation, aws: timedelta) -> Iterator[tuple[str, timedelta]]:
    yield "this machine", -aws
    if it.airflow_answers:
        server = it.client.now() - now()
        yield "the API server", server - aws
        for worker in it.workers_seen:
            if worker.ahead is not None:
                yield WORKER + worker.host, timedelta(seconds=worker.ahead) + server - aws
