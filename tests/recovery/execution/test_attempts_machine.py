"""The invariants hold over all attempts of an execution, wherever its writers die."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from drs_recovery.record.enums import LaunchStatus
from tests.budgets import examples
from tests.recovery.execution.attempts_machine import Attempts


def machine(world, fragile):
    Attempts.client, Attempts.fragile, Attempts.table = world.client, fragile, world.table
    return Attempts


def test_a_second_attempt_leads_to_completed(world, fragile):
    """Without this the machine might never open an attempt, and prove nothing."""
    attempts = machine(world, fragile)()
    attempts.begin()
    for status in (LaunchStatus.LAUNCHED, LaunchStatus.FAILED):
        number = 0 if status is LaunchStatus.LAUNCHED else 1
        for _ in range(2 + 2 * number):
            attempts.goes_on(number, None)
        attempts.job_ends(number, None, status)
        attempts.the_record_is_true()
    attempts.run_ends(None, None)
    attempts.the_record_is_true()
    assert attempts.world.record()["status"] == "FAILED"
    attempts.cleared_wave(1, None, again=True)
    for _ in range(4):
        attempts.goes_on(1, None)
        attempts.the_record_is_true()
    attempts.job_ends(1, None, LaunchStatus.LAUNCHED)
    attempts.run_ends(None, None)
    attempts.the_record_is_true()
    record = attempts.world.record()
    assert (record["status"], [wave["attempt"] for wave in record["waves"]]) == ("COMPLETED", [1, 2])
    past = [item for item in attempts.world.items() if item["item"].startswith("INTENT#")]
    assert [intent["serverCount"] for intent in [*past, *record["waves"][1]["intents"]]] == [2, 1]


def test_the_invariants_hold_over_all_attempts(world, fragile):
    """Any interleaving of ends, clears, late writers and deaths."""
    run_state_machine_as_test(
        machine(world, fragile),
        settings=settings(
            max_examples=examples(6),
            stateful_step_count=14,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step costs requests; no shrinking
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
