"""Who asks: the rest of Airflow's API answers nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, State, ok
from drs_recovery.errors import AirflowRefused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation

CURE = "Name a user who may read Airflow's pools, plugins and DAGs: `--user`, or RECOVERY_AIRFLOW_USER."


def check(it: Installation) -> Iterator[Found]:
    """Yield as whom it is asked; nothing else is asked if Airflow lets nobody in."""
    if it.why_not:
        yield Found(State.UNKNOWN, f"nobody is signed in: {it.why_not}", CURE, ends=True)
        return
    try:
        yield ok(f"asked as {it.client.me().username}")
    except AirflowRefused as error:
        yield Found(State.FAULT, str(error), CURE, ends=True)
