"""The record is true in any order of its writers' steps, wherever each of them dies, over all attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from drs_recovery.record.enums import Decision, ExecutionStatus, ExecutionType, LaunchStatus, WaveStatus
from drs_recovery.store.store import ExecutionStore
from tests.budgets import examples
from tests.recovery.execution.record_machine import RecordMachine, Table
from tests.recovery.execution.stored import Make

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="module")
def machine(dynamodb, fragile_client, executions):
    """Give the machine, which has gone all the way once."""
    (client, wire), make = fragile_client, Make()
    wire.mend()
    store = ExecutionStore(client, executions, clock=make.time)
    RecordMachine.walk(store, make, Table(dynamodb, executions, wire))
    return RecordMachine


def test_the_way_leads_to_failed_and_then_to_completed(machine):
    """Without this the machine might never get anywhere, and prove nothing."""
    found = [list(items.values()) for items, _ in machine.way]
    records = [next(item for item in items if item["item"] == "EXECUTION") for items in found[1:]]
    first = ["PENDING", *["POLLING"] * 3, *["PAUSED"] * 2, *["POLLING"] * 3, "FAILED"]
    second = ["POLLING", *["PAUSED"] * 2, *["POLLING"] * 3, "COMPLETED"]
    assert [record["status"] for record in records] == first + second
    assert [wave["attempt"] for wave in records[-1]["waves"]] == [1, 2]
    past = [item for item in found[-1] if item["item"].startswith("INTENT#")]
    assert [intent["serverCount"] for intent in [*past, *records[-1]["waves"][1]["intents"]]] == [2, 1]


DISTURBANCES: list[Callable[[RecordMachine], object]] = [
    lambda run: run.opens(None),
    *[lambda run, kind=kind: (run.another_opens(None, kind), run.next_step(None)) for kind in ExecutionType],
    *[lambda run, number=number: run.announce(number, None) for number in (0, 1)],
    lambda run: run.gate(1, None),
    *[
        lambda run, decision=decision: run.answer(1, None, decision)
        for decision in (Decision.APPROVED, Decision.REJECTED)
    ],
    lambda run: run.answer(1, None, Decision.APPROVED, back=1),
    lambda run: (
        run.progress(None, None, LaunchStatus.LAUNCHED, ended=True),
        run.the_record_is_true(),
        run.progress(None, None, LaunchStatus.FAILED, ended=True),
    ),
    lambda run: run.wave_ends(None, None, LaunchStatus.FAILED, WaveStatus.COMPLETED),
    lambda run: run.wave_ends(1, None, LaunchStatus.LAUNCHED, WaveStatus.COMPLETED),
    lambda run: run.wave_ends(None, None, LaunchStatus.LAUNCHED, back=1),
    lambda run: (run.announce(None, None), run.refusal(None), run.job(None, adopted=True)),
    lambda run: run.cannot_start(0, None),
    lambda run: run.cannot_start(None, None, back=1),
    lambda run: run.progress(None, None, LaunchStatus.LAUNCHED, back=1, ended=True),
    lambda run: (
        run.announce(None, None),
        run.run_ends(None),
        run.wave_opens_again(None, None, cleared=True),
    ),
    lambda run: run.fails_beside_its_waves(None),
    lambda run: run.run_ends(1, "marked failed"),
    *[
        lambda run, status=status: run.ends_at_will(None, status)
        for status in (ExecutionStatus.COMPLETED, ExecutionStatus.PARTIAL, ExecutionStatus.CANCELLED)
    ],
    *[lambda run, number=number: run.wave_opens_again(number, None, cleared=True) for number in (0, 1)],
    lambda run: run.wave_opens_again(1, None, cleared=False),
    lambda run: run.cancel_is_asked(None),
]
"""What should not happen at most points of an execution."""


@pytest.mark.parametrize("steps", [1, 3, 5, 10, 13, 16])
def test_nothing_that_comes_out_of_turn_makes_the_record_lie(machine, steps):
    run = machine()
    run.begin(steps)
    run.the_record_is_true()
    for disturb in DISTURBANCES:
        disturb(run)
        run.the_record_is_true()
        run.begin(steps)


def test_the_record_is_true_in_any_order_and_wherever_its_writers_die(machine):
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(8),
            stateful_step_count=8,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step costs requests; no shrinking
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
