"""Whether the pool of the product's tasks is there, and large enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.elsewhere import pools
from drs_recovery.cli.doctor.finding import Found, fault, ok, warning
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.answers import PoolSeen
    from drs_recovery.cli.doctor.looks import Installation

CURE = "`recovery init --pool-only` makes it so."


def check(it: Installation) -> Iterator[Found]:
    """Yield how the pool is."""
    name, pool = settings().pool, it.pool
    if pool is None:
        yield fault(f"there is no pool {name!r}: tasks of plans wait for ever", CURE)
        found = []
    else:
        found = list(_of(pool, name, settings().pool_slots))
        yield from found
    elsewhere = list(pools(it))
    yield from elsewhere
    if pool and not (found or elsewhere):
        slots = "endless" if pool.slots < 0 else str(pool.slots)
        yield ok(f"{name!r} has {slots} slots, {pool.occupied_slots} of them taken")


def _of(pool: PoolSeen, name: str, wanted: int) -> Iterator[Found]:
    if pool.slots == 0:
        yield fault(f"{name!r} has no slots: no task of a plan ever starts", CURE)
    elif 0 < pool.slots < wanted:
        few = f"{name!r} has {pool.slots} slots, not {wanted}"
        yield warning(f"{few}: tasks of many plans wait for one another", CURE)
    if pool.include_deferred:
        yield warning(
            f"{name!r} counts what is deferred: waves and gates that wait keep slots from others",
            f"Switch `include_deferred` of the pool {name!r} off, under Admin, Pools.",
        )
