"""What a new attempt of a wave is refused for, and that nothing is changed then."""

from __future__ import annotations

import pytest

from drs_recovery.errors import LockHeld, StartRefused
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.parts import Failure
from drs_recovery.store import open_attempt as open_attempt_module
from drs_recovery.store.lock import take_lock
from drs_recovery.store.open_attempt import open_attempt
from drs_recovery.store.programs import clean_up, complete_execution, open_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.ended import E, ended, open_intent, opening
from tests.recovery.execution.stored import OTHER


def superseded(world):
    world.put(world.record() | {"supersededBy": OTHER})


def failed_to_open(world):
    failure = Failure(kind="FAILED", message="no such server").to_item()
    world.put(world.record() | {"failure": failure})


def held(world):
    other = world.store.run(open_execution.open_execution(world.make.execution("manual__2")))
    world.store.run(take_lock(other))


def noted(world):
    record = world.record()
    record["waves"][1]["clearNumber"] = 1
    world.put(record)


def not_frozen(world):
    record = world.record()
    del record["waves"][1]["serverCount"]
    world.put(record)


def cleaned_up(world):
    """Let the clean-up of the drill begin: what earlier attempts launched is no more."""
    world.store.run(clean_up.clean_up(world.store.run(read_execution(world.id)), CleanupStatus.TERMINATING))


REFUSALS = {
    "cleaned up": (cleaned_up, {}, "the clean-up of its instances is TERMINATING. Start a new run"),
    "superseded": (superseded, {}, f"superseded by execution {OTHER}. Start a new run"),
    "failed to open": (failed_to_open, {}, "no such server. Start a new run"),
    "not frozen": (not_frozen, {}, "not frozen"),
    "job not known": (open_intent, {}, "batch 1 became a job"),
    "plan held": (held, {}, "is held by execution"),
    "not cleared since": (noted, {}, "not cleared since"),
    "looked at another attempt": (lambda _: None, {"last": 2}, "is at attempt 1, not 2"),
    "completed wave": (lambda _: None, {"wave_number": 0}, "it is COMPLETED"),
    "out of order": (lambda _: None, {"wave_number": 2}, "AppWave2 is FAILED"),
}


@pytest.mark.parametrize(("disturb", "fields", "texts"), REFUSALS.values(), ids=REFUSALS)
def test_a_refused_attempt_changes_nothing(world, disturb, fields, texts):
    """Final status, end time, outcome, servers, lock and trail stay as they are."""
    disturb(ended(world))
    before = world.raw()
    servers = [
        server.replace(launch_status="LAUNCHED") for server in world.store.run(read_servers(world.id, 1))
    ]
    with pytest.raises((StartRefused, LockHeld), match=texts):
        world.store.run(open_attempt(world.id, opening(servers=servers, **fields)))
    assert world.raw() == before


def test_a_clean_up_that_begins_meanwhile_keeps_the_attempt_from_opening(world, monkeypatch):
    """DynamoDB refuses the opening that has read the record before the clean-up began."""
    ended(world)
    take = open_attempt_module.take_lock

    def meanwhile(*arguments, **more):
        cleaned_up(world)
        return take(*arguments, **more)

    monkeypatch.setattr(open_attempt_module, "take_lock", meanwhile)
    with pytest.raises(StartRefused, match="TERMINATING"):
        world.store.run(open_attempt(world.id, opening()))
    assert "endTime" in world.record()


def test_what_is_completed_never_opens_again(world):
    """Nothing of it is left to try."""
    world.frozen().completed(0, 1, 2).store.run(complete_execution.write_end(world.id, E.COMPLETED, "done"))
    before = world.raw()
    for number in range(3):
        with pytest.raises(StartRefused, match="it is COMPLETED"):
            world.store.run(open_attempt(world.id, opening(wave_number=number)))
    assert world.raw() == before
