"""DynamoDB refuses a write for its size, at any step of any writer: the execution ends, with the truth."""

from __future__ import annotations

import inspect
from importlib import import_module
from pkgutil import iter_modules

import pytest
from aiobotocore.session import get_session

from drs_recovery.aws.utils.errors import is_final
from drs_recovery.errors import RecordTooLarge
from drs_recovery.record.enums import (
    EventType,
    ExecutionStatus,
    LaunchStatus,
    OnFailure,
    WaveStatus,
)
from drs_recovery.record.texts import name_in, same_text
from drs_recovery.store import programs
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.store.fitting import BUDGETS, record_size, texts_of
from drs_recovery.store.lock import take_lock
from drs_recovery.store.programs import (
    approve,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.store.sizes import MOST_BYTES, item_size
from drs_recovery.store.whole import read_whole
from tests.recovery.execution import test_once
from tests.recovery.execution.ended import brought_to_its_end
from tests.recovery.execution.no_room_steps import (
    LONG,
    archiving,
    asking_to_cancel,
    changing_the_tier,
    cleaning_up,
    having_waited_for_drs,
    missing_the_plan,
    not_cancelling,
    nothing_to_start_run,
    noting_a_clear,
    noting_the_preflight,
    opening_an_attempt,
    ordering_to_put_back,
    putting_back,
    unlocking,
)
from tests.recovery.execution.stored import CREDENTIALS, START, TOO_LARGE

E, W = ExecutionStatus, WaveStatus

STEPS = [
    *test_once.STEPS, noting_the_preflight, opening_an_attempt, noting_a_clear, nothing_to_start_run,
    cleaning_up, asking_to_cancel, not_cancelling, missing_the_plan, unlocking, ordering_to_put_back,
    putting_back, having_waited_for_drs, changing_the_tier, archiving,
]  # fmt: skip

WHOLE = {
    test_once.taking_the_lock, test_once.taking_the_lock_over, test_once.freezing, test_once.intending,
    test_once.releasing, opening_an_attempt, cleaning_up, unlocking,
    ordering_to_put_back, putting_back, archiving,
}  # fmt: skip
"""What puts something of which nothing can be left out: a lock, a list of servers, what is frozen."""


def refused_at(world, fragile, first, times, step):
    """Do a step while DynamoDB refuses writes for their size; whether it got over it, and how many were."""
    client, wire = fragile
    world.through(client)
    wire.refuse(first, times)
    try:
        step()
    except RecordTooLarge:
        return False, wire.refused
    else:
        return True, wire.refused
    finally:
        wire.mend()
        world.through(world.client)


def statuses(world):
    """Return all that is true or not, without a word."""
    execution = world.store.run(read_execution(world.id))
    servers = world.store.run(read_servers(world.id))
    return (
        [execution.status, execution.version, execution.completed_waves, execution.superseded_by],
        [(wave.status, wave.attempt, wave.job_ids, wave.server_count) for wave in execution.waves],
        [(server.launch_status, server.job_id, server.attempt) for server in servers],
        execution.cleanup and (execution.cleanup.status, execution.cleanup.count),
        [event.type for event in world.store.run(read_events(world.id))],
    )


def test_every_writer_is_tried():
    """All that writes, by the names of the programs; a new one has to be added above."""
    writes = set()
    for found in iter_modules(programs.__path__, f"{programs.__name__}."):
        module = import_module(found.name)
        for name, program in inspect.getmembers(module, inspect.isgeneratorfunction):
            own = program.__module__ == found.name and not name.startswith("_")
            if own and program.__annotations__["return"].startswith("StoreProgram"):
                writes.add(name)
    writes |= {"take_lock", "unlock", "open_attempt", "note_clear", "append_event"}
    codes = [step.__code__ for step in STEPS]
    codes += [const for code in codes for const in code.co_consts if hasattr(const, "co_names")]
    assert {name for code in codes for name in code.co_names} >= writes


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_refusal_of_any_write_is_got_over_or_ends_the_execution(world, fragile, step):
    """Refused once, it is made again with less, and says the same; or the execution ends, lock and all."""
    go = step(world)
    before = world.raw()
    go()
    expected = statuses(world)
    for first in range(1, 20):
        world.restore(before)
        got_over, refused = refused_at(world, fragile, first, 1, go)
        if got_over:
            assert statuses(world) == expected
        else:
            assert step in WHOLE
        brought_to_its_end(world.store, world.id, interrupted="marked failed")
        assert world.store.run(read_execution(world.id)).final
        assert world.id not in [item["holder"] for item in world.items("PLAN#web_shop")]
        if not refused:
            break
    assert 1 < first < 19


def ready_to_end(world, long=LONG):
    """Let an execution run to where complete_execution begins: two waves over, one left in the middle."""
    world.frozen(reason=long)
    lock = world.store.run(read_execution(world.id))
    world.store.run(take_lock(lock))
    world.completed(0).answered(1)
    intent = world.make.intent(1)
    world.store.run(start_recovery.intend(world.id, 1, intent))
    world.store.run(start_recovery.started(world.id, 1, intent, "drsjob-1"))
    servers = [server.replace(launch_status=LaunchStatus.FAILED, error=long) for server in world.launched(1)]
    world.store.run(wait_for_recovery.write_end(world.id, 1, 1, servers, W.FAILED, failure=long))
    return world


@pytest.mark.parametrize("times", [1, 2, 3])
def test_complete_execution_ends_it_whatever_is_refused(world, fragile, times):
    """Any of its writes, once or more in a row; the truth is on record, shortened or not, and the lock gone.

    Three times in a row no smaller record is left to write: then the next try of the task ends it.
    """
    ready_to_end(world)
    before = world.raw()
    message_text = brought_to_its_end(world.store, world.id).outcome
    assert LONG[:3000] in message_text
    shortened = 0
    for first in range(1, 20):
        world.restore(before)
        got_over, refused = refused_at(
            world, fragile, first, times, lambda: brought_to_its_end(world.store, world.id)
        )
        if not got_over:
            brought_to_its_end(world.store, world.id)
        record = world.store.run(read_execution(world.id))
        assert (record.status, [wave.status for wave in record.waves]) == (
            E.FAILED, [W.COMPLETED, W.FAILED, W.SKIPPED],
        )  # fmt: skip
        assert world.items("PLAN#web_shop") == []
        shortened += name_in(record.outcome) is not None
        whole = world.store.run(read_whole(record))
        assert (whole.reason, whole.wave(1).failure) == (LONG, LONG)
        # The third refusal may be that of the text's own item
        assert same_text(whole.outcome, message_text) if times > 2 else whole.outcome == message_text
        assert world.store.run(read_events(world.id))[-1].type is EventType.EXECUTION_ENDED
        if not refused:
            break
    assert 1 < first < 19
    assert bool(shortened) == (times > 1)


def test_a_refusal_for_size_is_final_to_a_task():
    """It is no table that does not answer: a task that waited for it would wait for its whole time-out."""
    assert is_final(RecordTooLarge("Item size has exceeded the maximum allowed size"))


async def test_a_trigger_gets_over_it_too(world, running_simulator):
    """The same steps, through aiobotocore."""
    world.frozen().launching(0)
    url = running_simulator.url
    async with get_session().create_client("dynamodb", endpoint_url=url, **CREDENTIALS) as client:
        store = AsyncExecutionStore(client, world.table, clock=world.make.time)
        done = [server.replace(launch_status=LaunchStatus.LAUNCHED) for server in world.launched(0)]
        running_simulator.control.deny(
            "dynamodb", "UpdateItem", error="ValidationException", message=TOO_LARGE, times=1
        )
        assert (await store.run(wait_for_recovery.write_end(world.id, 0, 1, done, W.COMPLETED))).wave(
            0
        ).status is W.COMPLETED


def stuck(world, full):
    """Put a record as the last release left it: failures up to the limit, and no room for the next one."""
    make = world.make
    waves = [
        wave.replace(
            server_count=1,
            on_failure=OnFailure.CONTINUE,
            pause_before_wave=False,
            **({"status": W.FAILED, "failure": f"{n} {LONG}", "start_time": START} if n < full else {}),
            **({"end_time": START} if n < full else {}),
        )
        for n, wave in enumerate(make.execution(waves=100).waves)
    ]
    execution = make.execution(waves=100, open_since=START).replace(waves=tuple(waves), status=E.POLLING)
    world.id = execution.execution_id
    world.put(execution.to_item() | {"item": "EXECUTION"})
    for server in make.servers(100, 1):
        key = {"executionId": world.id, "item": f"SERVER#{server.wave_number:03}#{server.source_server_id}"}
        world.put(server.to_item() | key)
    world.store.run(take_lock(execution))
    return execution


def test_a_hundred_waves_with_long_failures_come_to_their_end(world):
    """The failure of each is found in full, though the record had room for a quarter of them."""
    full = 23
    execution = stuck(world, full)
    assert BUDGETS[0] < record_size(execution) < MOST_BYTES < record_size(execution) + 2 * len(LONG.encode())
    for number in range(full, full + 10):
        intent = world.make.intent(number, each=1)
        world.store.run(start_recovery.intend(world.id, number, intent))
        world.store.run(start_recovery.started(world.id, number, intent, f"drsjob-{number}"))
        servers = [
            each.replace(launch_status=LaunchStatus.FAILED, error=LONG) for each in world.launched(number)
        ]
        world.store.run(
            wait_for_recovery.write_end(world.id, number, 1, servers, W.FAILED, failure=f"{number} {LONG}")
        )
        assert record_size(world.store.run(read_execution(world.id))) <= BUDGETS[0]
    failures = {number: f"{number} {LONG}" for number in range(full + 10, 100)}
    brought_to_its_end(world.store, world.id, failures=failures)
    assert world.items("PLAN#web_shop") == []
    record = world.store.run(read_execution(world.id))
    assert [wave.failure for wave in world.store.run(read_whole(record)).waves] == [
        f"{n} {LONG}" for n in range(100)
    ]
    assert max(item_size(item) for item in world.items()) <= BUDGETS[0]


def answering(world):
    test_once.pausing(world)()
    return lambda: world.store.run(approve.approve(world.id, 1, world.make.approval(reason=LONG)))


@pytest.mark.parametrize(
    "step", [answering, noting_the_preflight, cleaning_up], ids=lambda step: step.__name__
)
def test_the_same_stated_again_is_known_though_it_is_shortened(world, fragile, step):
    """It was cut when it was written, for want of room: a retry, which says it in full, changes nothing."""
    go = step(world)
    before = world.raw()
    for first in range(1, 6):
        world.restore(before)
        refused_at(world, fragile, first, 2, go)
        if any(map(name_in, fragments(world))):
            break
    assert first < 5
    before = world.raw()
    go()
    assert world.raw() == before


def fragments(world):
    return [text for _, text in texts_of(world.store.run(read_execution(world.id)))]
