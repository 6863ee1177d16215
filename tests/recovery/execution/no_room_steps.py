"""Steps that write long texts, each as it is about to be done: what there is no room for in one item."""

from __future__ import annotations

from datetime import timedelta

from drs_recovery.record.enums import (
    CleanupMode,
    CleanupStatus,
    EventType,
    ExecutionStatus,
    WaveStatus,
)
from drs_recovery.record.parts import Archived, CleanupOrder, Lag, PreflightWarning
from drs_recovery.store.lock import take_lock, unlock
from drs_recovery.store.open_attempt import note_clear, open_attempt
from drs_recovery.store.programs import (
    archive,
    cancel,
    clean_up,
    complete_execution,
    open_execution,
    put_back,
    reconcile,
    start_recovery,
    tier,
)
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.ended import ended, opening
from tests.recovery.execution.largest import LETTER
from tests.recovery.execution.stored import START

E, W = ExecutionStatus, WaveStatus

LONG = f"the servers did not launch: {LETTER * 3900}"


def noting_the_preflight(world):
    world.opened()
    warnings = [PreflightWarning(check="lag", message=LONG)]
    return lambda: world.store.run(open_execution.note_preflight(world.id, warnings, Lag(seconds=1)))


def opening_an_attempt(world):
    ended(world)
    servers = [server.replace(error=LONG) for server in world.store.run(read_servers(world.id, 1))]
    event = world.make.event(EventType.ATTEMPT_OPENED, 1, detail=LONG)
    return lambda: world.store.run(open_attempt(world.id, opening(servers=servers), event))


def noting_a_clear(world):
    world.frozen()
    return lambda: world.store.run(note_clear(world.id, 0, 1, 1))


def nothing_to_start_run(world):
    world.frozen()
    return lambda: world.store.run(start_recovery.nothing_to_start(world.id, 0, 1))


def cleaning_up(world):
    world.frozen(waves=1).completed(0)
    order = CleanupOrder(CleanupMode.ALWAYS, timedelta())
    execution = world.store.run(complete_execution.write_end(world.id, E.COMPLETED, LONG, cleanup=order))
    event = world.make.event(EventType.CLEANUP_FAILED, detail=LONG)
    known = {"failure": LONG, "instances": [f"i-{number:017x}" for number in range(150)]}
    return lambda: world.store.run(clean_up.clean_up(execution, CleanupStatus.FAILED, event, **known))


def ordering_to_put_back(world):
    world.frozen(waves=1)
    return lambda: world.store.run(put_back.order_put_back(world.id))


def putting_back(world):
    world.frozen(waves=1).completed(0)
    world.store.run(put_back.order_put_back(world.id))
    execution = world.store.run(complete_execution.write_end(world.id, E.COMPLETED, LONG))
    event = world.make.event(EventType.PUT_BACK_FAILED, detail=LONG)
    status = CleanupStatus.PUTTING_BACK
    return lambda: world.store.run(put_back.put_back(execution, status, event, failure=LONG))


def asking_to_cancel(world):
    world.frozen()
    return lambda: world.store.run(cancel.ask(world.id, "bob", LONG))


def not_cancelling(world):
    asking_to_cancel(world)()
    return lambda: world.store.run(cancel.withdraw(world.id, "bob", LONG))


def having_waited_for_drs(world):
    world.frozen()
    return lambda: world.store.run(start_recovery.waited(world.id, 0, 1, timedelta(minutes=25)))


def changing_the_tier(world):
    world.frozen()
    return lambda: world.store.run(tier.change_tier(world.id, 1, "bob", LONG))


def archiving(world):
    execution = world.store.run(read_execution(ended(world).id))

    def go():
        world.store.run(archive.due_for_archive(START + timedelta(days=1), 20))
        claimed = world.store.run(archive.claim(execution))
        for item in world.store.run(archive.read_items(world.id))[-3:]:
            world.store.run(archive.expire(item, START))
        kept = Archived(time=START, place="s3://evidence/executions", expires=START)
        world.store.run(archive.put_archived(claimed, kept))

    return go


def missing_the_plan(world):
    event = world.frozen().make.event(EventType.PLAN_GONE, detail=LONG)
    return lambda: world.store.run(reconcile.plan_gone(world.id, START, event))


def unlocking(world):
    world.store.run(take_lock(world.opened().store.run(read_execution(world.id))))
    return lambda: world.store.run(unlock("web_shop", "alice", LONG))
