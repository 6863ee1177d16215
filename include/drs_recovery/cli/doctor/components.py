"""Whether the processes that a run needs are alive, by their heartbeats."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok
from drs_recovery.cli.preflight import STARTS
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation

WITHOUT = {
    "metadatabase": "nothing is started or answered",
    "scheduler": "no task starts",
    "triggerer": "no wave is watched, and no gate goes on after its answer",
    "dag_processor": "no plan that is new or changed is seen",
}


def check(it: Installation) -> Iterator[Found]:
    """Yield each that has no recent heartbeat, or that all have one."""
    health = it.client.health()
    if not health.unhealthy:
        yield ok(f"recent heartbeats of {listed(_named(part) for part in health.parts)}")
    for part in health.unhealthy:
        yield fault(
            f"no recent heartbeat of the {_named(part)}: {WITHOUT[part]}",
            f"Start it, and see its log: `{STARTS[part]}`.",
        )


def _named(part: str) -> str:
    return part.replace("_", " ") if part != "metadatabase" else "database"
