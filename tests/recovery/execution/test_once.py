"""Whatever is done twice is done once: by a retry of the task, of the step, or of the HTTP client."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.errors import RecordUnavailable
from drs_recovery.record.enums import Decision, EventType, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.record.parts import Failure
from drs_recovery.record.status import RunEnd
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import (
    approve,
    complete_execution,
    open_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.table import create_table
from drs_recovery.store.trail import append_event
from tests.recovery.execution.stored import START, Make, World

if TYPE_CHECKING:
    from collections.abc import Callable

E, W = ExecutionStatus, WaveStatus


def opening(world):
    execution, event = world.make.execution(), world.make.event(EventType.OPENED)
    world.id = execution.execution_id
    return lambda: world.store.run(open_execution.open_execution(execution, event))


def taking_the_lock(world):
    execution = world.opened().store.run(read_execution(world.id))
    return lambda: world.store.run(take_lock(execution))


def taking_the_lock_over(world):
    execution = taking_the_lock(world)
    world.store.run(take_lock(world.make.execution("manual__0")))
    return execution


def freezing(world):
    event = world.opened().make.event(EventType.FROZEN)
    return lambda: world.store.run(open_execution.freeze(world.id, "{}", world.make.servers(), event))


def noting_a_failure(world):
    event = world.opened().make.event(EventType.FAILED)
    failure = Failure(kind="FAILED", message="no such server")
    return lambda: world.store.run(open_execution.note_failure(world.id, failure, event))


def pausing(world):
    event = world.frozen(each=1).completed(0).make.event(EventType.GATE_WAITING, 1, attempt=1)
    return lambda: world.store.run(approve.pause(world.id, 1, event))


def approving(world):
    pausing(world)()
    answer, event = world.make.approval(), world.make.event(EventType.APPROVED, 1)
    return lambda: world.store.run(approve.approve(world.id, 1, answer, event))


def counting_an_approval(world):
    pausing(world)()
    answer, event = world.make.approval(), world.make.event(EventType.APPROVAL_GIVEN, 1)
    return lambda: world.store.run(approve.count_approval(world.id, 1, answer, event))


def rejecting(world):
    pausing(world)()
    answer, event = world.make.approval(Decision.REJECTED), world.make.event(EventType.REJECTED, 1)
    return lambda: world.store.run(approve.reject(world.id, 1, answer, event))


def intending(world):
    intent, event = world.make.intent(intent_id="intent-1"), world.make.event(EventType.WAVE_STARTED, 0)
    world.frozen()
    return lambda: world.store.run(start_recovery.intend(world.id, 0, intent, event))


def starting(world):
    intent, event = world.make.intent(intent_id="intent-1"), world.make.event(EventType.JOB_STARTED, 0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    return lambda: world.store.run(start_recovery.started(world.id, 0, intent, "drsjob-1", event))


def adopting(world):
    intent, event = world.make.intent(intent_id="intent-1"), world.make.event(EventType.JOB_STARTED, 0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    return lambda: world.store.run(complete_execution.adopt(world.id, 0, intent, "drsjob-1", event))


def leaving_out(world):
    mine = world.frozen().make.intent().servers[:1]
    return lambda: world.store.run(start_recovery.not_started(world.id, 0, 1, mine, "ConflictException"))


def refusing(world):
    intent, event = world.make.intent(intent_id="intent-1"), world.make.event(EventType.JOB_REFUSED, 0)
    world.frozen().store.run(start_recovery.intend(world.id, 0, intent))
    return lambda: world.store.run(start_recovery.refused(world.id, 0, intent, "ConflictException", event))


def failing_a_wave(world):
    event = world.frozen().make.event(EventType.WAVE_ENDED, 0)
    return lambda: world.store.run(start_recovery.fail_wave(world.id, 0, 1, "AccessDeniedException", event))


def polling(world):
    starting(world)()
    servers = [
        server.replace(launch_status=LaunchStatus.IN_PROGRESS)
        for server in world.store.run(read_servers(world.id, 0))
    ]
    return lambda: world.store.run(wait_for_recovery.poll(world.id, 0, 1, servers))


def polled_run(world):
    at = world.opened().make.time()
    return lambda: world.store.run(wait_for_recovery.polled(world.id, at))


def ending_a_wave(world):
    starting(world)()
    servers, event = world.launched(0), world.make.event(EventType.WAVE_ENDED, 0, attempt=1)
    return lambda: world.store.run(
        wait_for_recovery.write_end(world.id, 0, 1, servers, W.COMPLETED, event=event)
    )


def closing(world):
    starting(world)()
    event = world.make.event(EventType.INTERRUPTED)
    return lambda: world.store.run(
        complete_execution.close_waves(world.id, RunEnd(interrupted="marked failed"), event)
    )


def finishing(world):
    closing(world)()
    event = world.make.event(EventType.EXECUTION_ENDED)
    return lambda: world.store.run(
        complete_execution.write_end(world.id, E.CANCELLED, "marked failed", event)
    )


def releasing(world):
    world.opened().store.run(take_lock(world.store.run(read_execution(world.id))))
    world.store.run(complete_execution.close_waves(world.id))
    ended = world.store.run(complete_execution.write_end(world.id, E.FAILED, "over"))
    return lambda: world.store.run(complete_execution.release(ended))


def telling(world):
    event = world.opened().make.event(EventType.GATE_WAITING, once="gate")
    return lambda: world.store.run(append_event(world.id, event))


STEPS = [
    opening, taking_the_lock, taking_the_lock_over, freezing, noting_a_failure, pausing, approving,
    counting_an_approval, rejecting,
    intending, starting, adopting, leaving_out, refusing, failing_a_wave, polling, polled_run,
    ending_a_wave, closing, finishing, releasing, telling,
]  # fmt: skip


class Rehearsal:
    """A step to go, in a table that can be put back to how it was; clock and ids are the same each time."""

    def __init__(self, client: Any, step: Callable[[World], Callable[[], object]]) -> None:
        table = f"executions-{uuid.uuid4()}"
        create_table(client, table)
        self.world = World(client, Make(), table, clock=lambda: START + timedelta(days=1))
        self.go = step(self.world)
        self._before = self.world.raw()
        self.go()
        self.once = self.world.raw()

    def again(self, client: Any = None) -> None:
        """Put the table back, and hang the store on another client."""
        self.world.restore(self._before)
        self.world.through(client or self.world.client)


@pytest.fixture(scope="module", params=STEPS, ids=lambda step: step.__name__)
def rehearsal(request, dynamodb):
    return Rehearsal(dynamodb, request.param)


def test_a_step_that_is_done_again_changes_nothing(rehearsal):
    """A retried task does its step again: no item is other than before, and none is new."""
    rehearsal.again()
    rehearsal.go()
    rehearsal.go()
    assert rehearsal.world.raw() == rehearsal.once


def test_a_write_whose_answer_is_lost_is_made_once(rehearsal, persistent):
    """The client sends a write again when it hears nothing; its condition then fails for its own doing."""
    client, wire = persistent
    rehearsal.again(client)
    wire.lose_writes()
    rehearsal.go()
    assert rehearsal.world.raw() == rehearsal.once


def test_a_step_that_is_cut_off_anywhere_is_ended_by_its_repetition(rehearsal, fragile):
    """The process dies after the first write, the second, and so on, unheard: the next try does the rest."""
    client, wire = fragile
    for writes in range(1, 20):
        rehearsal.again(client)
        wire.die_after(writes)
        try:
            rehearsal.go()
        except RecordUnavailable:
            wire.mend()
            rehearsal.go()
            assert rehearsal.world.raw() == rehearsal.once, f"cut off after {writes} writes"
        else:
            break
    assert 1 < writes < 19
