"""Records of earlier releases are read, continued, tried again, cleaned up and ended, for ever.

``old_records/<release>`` holds raw items as that release wrote them: one file for each state that an
execution can be left in while the product is upgraded.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from drs_recovery.plan import Plan
from drs_recovery.record.enums import CleanupMode, CleanupStatus, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.intents import with_servers
from drs_recovery.store.open_attempt import Opening, open_attempt
from drs_recovery.store.programs import (
    approve,
    clean_up,
    complete_execution,
    start_recovery,
    wait_for_recovery,
)
from drs_recovery.store.queries import list_executions, read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.store.tasks import read_tasks
from drs_recovery.store.whole import read_whole
from tests.recovery.execution.ended import brought_to_its_end

RECORDS = sorted((Path(__file__).parent / "old_records").glob("*/*.json"))
RUNS = [
    path
    for path in RECORDS
    if any("openSince" in item for item in json.loads(path.read_text()) if item["item"]["S"] == "EXECUTION")
]
OPEN_INTENT = [path for path in RECORDS if "open_intent" in path.stem]


def ids(path):
    return f"{path.parent.name}-{path.stem}"


@pytest.fixture(params=RECORDS, ids=ids)
def old(world, request):
    return loaded(world, request.param)


def loaded(world, path):
    items = json.loads(path.read_text())
    world.restore(items)
    world.id = next(item["executionId"]["S"] for item in items if item["item"]["S"] == "EXECUTION")
    return world


def left(*stems):
    """Return the records of each release that left executions in these states, as params."""
    found = [path for path in RECORDS if any(stem in f"/{path.stem}" for stem in stems)]
    return pytest.mark.parametrize("path", found, ids=ids)


def run_wave(world, number, attempt=1):
    """Start a wave and see it launched."""
    wave = world.store.run(read_execution(world.id)).wave(number)
    if wave.pause_before_wave and not wave.approved:
        world.store.run(approve.pause(world.id, number))
        world.store.run(approve.approve(world.id, number, world.make.approval(attempt=attempt)))
    if not wave.attempt_job_ids:
        intent = wave.open_intents[0] if wave.open_intents else world.make.intent(number, attempt=attempt)
        world.store.run(start_recovery.intend(world.id, number, intent))
        world.store.run(start_recovery.started(world.id, number, intent, f"drsjob-new-{number}"))
    servers = [
        server.replace(attempt=attempt, launch_status=LaunchStatus.LAUNCHED)
        for server in world.store.run(read_servers(world.id, number))
    ]
    world.store.run(wait_for_recovery.write_end(world.id, number, attempt, servers, WaveStatus.COMPLETED))


def test_there_are_records_of_each_release():
    """A folder that moved would make the tests below run for nothing."""
    assert Counter(path.parent.name for path in RECORDS) == {"v0_1": 10, "v0_2": 10}
    assert len(RUNS) == len(RECORDS) / 2


def test_all_of_it_is_read(old):
    """The record, its plan and servers, the trail, and what `show` shows."""
    execution = old.store.run(read_execution(old.id))
    assert execution.total_waves == len(execution.waves) == 3
    assert old.store.run(read_whole(execution)).execution_id == old.id
    assert [known.execution_id for known in old.store.run(list_executions())] == [old.id]
    assert old.store.run(read_events(old.id))
    if execution.waves[0].server_count is not None:
        assert len(old.store.run(read_servers(old.id))) == 6
        assert Plan.load(old.store.run(read_plan(old.id))).id == "web_shop"


@pytest.mark.parametrize(
    ("stem", "reported"),
    [
        ("failed", ("dbwave1.after_promote", 0, 1, "SUCCESS", None)),
        ("launches", ("appwave2.before_switch_dns", 1, 2, "FAILED", "NXDOMAIN")),
    ],
)
def test_tasks_of_other_operators_are_read(world, stem, reported):
    """As 0.2 wrote them."""
    loaded(world, Path(__file__).parent / "old_records" / "v0_2" / f"{stem}.json")
    (task,) = world.store.run(read_tasks(world.id))
    assert (task.task_id, task.wave_number, task.try_number, task.state, task.message) == reported


def test_reading_writes_nothing(old):
    """A record is not made new by being looked at."""
    before = old.raw()
    old.store.run(read_whole(old.store.run(read_execution(old.id))))
    assert old.raw() == before


@pytest.mark.parametrize("path", [path for path in RUNS if path.stem != "opened"], ids=ids)
def test_what_runs_goes_on_to_completed(world, path):
    """From wherever the upgrade found it; what an earlier release announced keeps its one job."""
    for wave in loaded(world, path).store.run(read_execution(world.id)).waves:
        if not wave.status.final:
            run_wave(world, wave.wave_number, wave.attempt)
    world.store.run(complete_execution.close_waves(world.id))
    after = world.store.run(
        complete_execution.write_end(world.id, ExecutionStatus.COMPLETED, "all is launched")
    )
    assert (after.status, after.completed_waves) == (ExecutionStatus.COMPLETED, 3)


@pytest.mark.parametrize("path", RUNS, ids=ids)
def test_what_runs_can_be_ended(world, path):
    """By hand, from any state; the plan is free then."""
    assert not loaded(world, path).store.run(read_execution(world.id)).final
    assert (
        brought_to_its_end(world.store, world.id, interrupted="marked failed").status
        is ExecutionStatus.CANCELLED
    )
    assert world.items("PLAN#web_shop") == []


@pytest.mark.parametrize("path", OPEN_INTENT, ids=ids)
def test_a_job_whose_intent_an_earlier_release_wrote_is_adopted(world, path):
    """Its servers are in the record, and get the job."""
    loaded(world, path)
    (intent,) = world.store.run(read_execution(world.id)).wave(1).open_intents
    assert [len(each.servers) for each in world.store.run(with_servers(world.id, [intent]))] == [2]
    if not world.store.run(read_execution(world.id)).final:
        world.store.run(complete_execution.adopt(world.id, 1, intent, "drsjob-found"))
        assert [server.job_id for server in world.store.run(read_servers(world.id, 1))] == [
            "drsjob-found"
        ] * 2


@left("/failed")
def test_what_failed_is_tried_again(world, path):
    """What is launched stays so; the intents of the attempt before are still shown, with their servers."""
    loaded(world, path)
    wave = world.store.run(read_execution(world.id)).wave(1)
    resolved = [intent.replace(job_id="drsjob-found") for intent in wave.open_intents]
    after = world.store.run(open_attempt(world.id, Opening(1, wave.attempt, 1, resolved)))
    assert (after.final, after.wave(1).attempt, after.wave(1).intents) == (False, 2, ())
    shown = world.store.run(read_whole(after)).wave(1).intents
    assert [len(intent.servers) for intent in shown] == [2] * len(wave.intents)
    for number in (1, 2):
        run_wave(world, number, world.store.run(read_execution(world.id)).wave(number).attempt)
    assert (
        brought_to_its_end(world.store, world.id, interrupted="marked failed").status
        is ExecutionStatus.CANCELLED
    )


@left("clean", "term")
def test_a_clean_up_goes_on(world, path):
    """What an earlier release wrote of it stays, and is added to."""
    loaded(world, path)
    execution = world.store.run(read_execution(world.id))
    before = execution.cleanup
    assert before.mode is CleanupMode.AFTER_APPROVAL
    answer = world.make.approval() if before.status is CleanupStatus.PENDING else before.approval
    if before.status is not CleanupStatus.TERMINATING:
        world.store.run(clean_up.clean_up(execution, CleanupStatus.WAITING, approval=answer))
    world.store.run(
        clean_up.clean_up(execution, CleanupStatus.TERMINATING, instances=["i-new"], job_ids=["drsjob-new"])
    )
    after = world.store.run(clean_up.clean_up(execution, CleanupStatus.DONE, terminated=7))
    assert after.cleanup.job_ids == (*before.job_ids, "drsjob-new")
    assert after.cleanup.instances == (*before.instances, "i-new")
    assert (after.cleanup.approval, after.cleanup_due) == (answer, None)
