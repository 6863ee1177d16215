"""The invariants hold whatever the writers do, and wherever they die."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from drs_recovery.record.enums import Decision, ExecutionStatus, LaunchStatus, WaveStatus
from tests.budgets import examples
from tests.recovery.execution.machine import STEPS, Writers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.execution.world import World


def machine(world: World, fragile: Any) -> type[Writers]:
    Writers.client, Writers.fragile, Writers.table = world.client, fragile, world.table
    return Writers


def test_what_comes_next_leads_to_completed(world, fragile):
    """Without this the machine might never get anywhere, and prove nothing."""
    writers = machine(world, fragile)()
    for steps, status in ((STEPS - 1, "POLLING"), (STEPS, "COMPLETED")):
        writers.begin(ahead=steps)
        assert writers.world.record()["status"] == status
        writers.the_record_is_true()


DISTURBANCES: dict[str, Callable[[Writers], None]] = {
    "gate marked success": lambda writers: writers.announce(1, None),
    "first wave started again": lambda writers: writers.announce(0, None),
    "gate asked again": lambda writers: writers.gate(1, None),
    "rejected late": lambda writers: writers.answer(1, None, Decision.REJECTED),
    "approved unasked": lambda writers: writers.answer(1, None, Decision.APPROVED),
    "a server fails": lambda writers: writers.progress(None, None, LaunchStatus.FAILED, ended=True),
    "sensor marked success": lambda writers: writers.wave_ends(
        None, None, WaveStatus.COMPLETED, LaunchStatus.FAILED
    ),
    "second wave ends": lambda writers: writers.wave_ends(
        1, None, WaveStatus.COMPLETED, LaunchStatus.LAUNCHED
    ),
    "first wave cannot start": lambda writers: writers.cannot_start(0, None),
    "failure beside the waves": lambda writers: writers.fails_beside_its_waves(None),
    "closed too early": lambda writers: writers.closes(None, "marked failed"),
    **{
        f"ended {status} at will": lambda writers, status=status: writers.ends_at_will(None, status)
        for status in (ExecutionStatus.COMPLETED, ExecutionStatus.PARTIAL, ExecutionStatus.CANCELLED)
    },
}


@pytest.mark.parametrize("steps", [0, 1, 2, 4, 5, 8, STEPS])
def test_nothing_that_comes_out_of_turn_makes_the_record_lie(world, fragile, steps):
    """At each point of an execution, each thing that should not happen there."""
    writers = machine(world, fragile)()
    writers.begin(ahead=steps)
    writers.the_record_is_true()
    before, over = world.raw(), dict(writers.over)
    for disturb in DISTURBANCES.values():
        world.restore(before)
        writers.over = dict(over)
        disturb(writers)
        writers.the_record_is_true()


def test_the_invariants_hold_whatever_the_writers_do_and_wherever_they_die(world, fragile):
    """Any interleaving of any writers' steps, with a death after any write."""
    run_state_machine_as_test(
        machine(world, fragile),
        settings=settings(
            max_examples=examples(8),
            stateful_step_count=6,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step costs requests; no shrinking
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
