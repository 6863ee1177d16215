"""An execution that ended, and a new attempt of its second wave; and how any is brought to its end."""

from __future__ import annotations

from drs_recovery.engine.finish import finish
from drs_recovery.engine.journal import Journal
from drs_recovery.record.enums import EventType, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.record.status import RunEnd
from drs_recovery.store.open_attempt import Opening
from drs_recovery.store.programs import complete_execution, start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution

E, W = ExecutionStatus, WaveStatus


def ended(world, status=W.FAILED, execution=E.FAILED):
    """End an execution: wave 0 COMPLETED, one of the two servers of wave 1 not launched, wave 2 never ran."""
    world.frozen().completed(0).answered(1)
    if status is W.PARTIAL:
        record = world.record()
        record["waves"][1]["minimumLaunched"] = 1
        world.put(record)
    intent = world.make.intent(1)
    world.store.run(start_recovery.intend(world.id, 1, intent))
    world.store.run(start_recovery.started(world.id, 1, intent, "drsjob-1"))
    servers = world.launched(1)
    servers[1] = servers[1].replace(launch_status=LaunchStatus.FAILED, error="no capacity")
    world.store.run(
        wait_for_recovery.write_end(
            world.id, 1, 1, servers, status, failure="1 of its 2 servers did not launch"
        )
    )
    world.store.run(
        complete_execution.close_waves(world.id, RunEnd(), world.make.event(EventType.INTERRUPTED))
    )
    if execution:
        world.store.run(
            complete_execution.write_end(
                world.id, execution, "it failed", world.make.event(EventType.EXECUTION_ENDED)
            )
        )
        world.store.run(complete_execution.release(world.store.run(read_execution(world.id))))
    return world


def brought_to_its_end(store, execution_id, **known):
    """End an execution in the product's own way, as the last try of `complete_execution` does."""
    execution = store.run(read_execution(execution_id))
    return finish(store, Journal("complete_execution"), execution, RunEnd(**known))


def opening(**fields):
    return Opening(**({"wave_number": 1, "last": 1, "clear_number": 1} | fields))


def open_intent(world):
    """Leave a start of the second wave of which nobody knows what became."""
    record = world.record()
    intent = world.make.intent(1, batch=1).to_item()
    record["waves"][1]["intents"].append(intent)
    world.put(record)
