"""The final write, against DynamoDB itself: its condition alone keeps an execution from ending too early."""

from __future__ import annotations

from functools import partial

import pytest

from drs_recovery.errors import TransitionRefused
from drs_recovery.names import MOST_WAVES
from drs_recovery.record.enums import ExecutionStatus, WaveStatus
from drs_recovery.record.models import Execution
from drs_recovery.record.parts import Failure
from drs_recovery.store.changes import write
from drs_recovery.store.fitting import BUDGETS
from drs_recovery.store.programs import complete_execution, open_execution
from drs_recovery.store.programs.complete_execution import ended, final_conditions
from tests.recovery.execution import largest
from tests.recovery.execution.stored import OTHER

E, W = ExecutionStatus, WaveStatus


def finish_request(execution, status, outcome, at, budget=BUDGETS[0]):
    """Return the final write as it is sent."""
    steps = write(
        execution,
        ended(execution, status, outcome, at, None),
        partial(final_conditions, status=status),
        [budget],
    )
    step = next(steps)
    while step.operation != "update_item":
        step = steps.send({})
    return step


def raw(world, *statuses, total=None, **attributes):
    """Put the raw item of an execution with these waves; the store has no say in it."""
    execution = world.make.execution(waves=len(statuses))
    item = (
        execution.to_item() | {"item": "EXECUTION", "openSince": "2026-03-01T06:00:00.000250Z"} | attributes
    )
    item["totalWaves"] = total or len(statuses)
    for wave, status in zip(item["waves"], statuses, strict=True):
        wave["status"] = status
    world.put(item)
    world.id = execution.execution_id
    return Execution.from_item(item)


def send(world, execution, status):
    """Send nothing but the final write, without any check of ours; whether DynamoDB took it."""
    request = finish_request(execution, status, "done", world.make.time())
    try:
        world.client.update_item(TableName=world.table, **request.arguments)
    except world.client.exceptions.ConditionalCheckFailedException:
        return False
    return True


@pytest.mark.parametrize(
    ("statuses", "total"),
    [
        ([W.COMPLETED, W.PENDING, W.PENDING], 3),
        ([W.COMPLETED, W.SKIPPED, W.SKIPPED], 3),
        ([W.COMPLETED], 3),
        ([W.COMPLETED, W.COMPLETED], 3),
        ([W.COMPLETED, W.COMPLETED, W.PARTIAL], 3),
        ([W.COMPLETED, W.COMPLETED, W.COMPLETED], 2),
    ],
    ids=["waves to come", "waves skipped", "two missing", "one missing", "one partial", "one too many"],
)
def test_r17_dynamodb_refuses_completed_while_a_wave_is_not(world, statuses, total):
    """The bug this product exists to make impossible, tried on the table with nothing of ours in between."""
    execution = raw(world, *statuses, total=total)
    before = world.record()
    assert not send(world, execution, E.COMPLETED)
    assert world.record() == before


def test_r17_dynamodb_refuses_completed_also_to_one_who_has_read_a_shorter_record(world):
    """A writer that believes the execution has one wave completes neither three nor one of three."""
    for statuses in ([W.COMPLETED, W.PENDING, W.PENDING], [W.COMPLETED]):
        execution = raw(world, *statuses, total=3)
        believed = execution.replace(waves=execution.waves[:1], total_waves=1)
        assert not send(world, believed, E.COMPLETED)


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        (E.COMPLETED, {W.COMPLETED}),
        (E.PARTIAL, {W.COMPLETED, W.PARTIAL}),
        (E.FAILED, {status for status in W if status.final}),
        (E.CANCELLED, {status for status in W if status.final}),
        (E.TIMED_OUT, {status for status in W if status.final}),
    ],
)
def test_each_final_status_needs_waves_that_allow_it(world, status, allowed):
    """COMPLETED: each COMPLETED. PARTIAL: each COMPLETED or PARTIAL. The others: none that waits or runs."""
    for last in W:
        execution = raw(world, W.COMPLETED, last)
        assert send(world, execution, status) == (last in allowed), last


def test_a_completed_execution_reads_so(world):
    """Status, end time and outcome come together; the item leaves the index of what is open (R-44)."""
    execution = raw(world, W.COMPLETED, W.COMPLETED)
    assert send(world, execution, E.COMPLETED)
    record = world.record()
    assert (record["status"], record["outcome"], record["version"]) == ("COMPLETED", "done", 2)
    assert record["endTime"] > record["startTime"]
    assert "openSince" not in record


@pytest.mark.parametrize(
    "attributes",
    [
        {"version": 2},
        {"endTime": "2026-03-01T07:00:00.000000Z", "status": "CANCELLED"},
        {"failure": {"kind": "FAILED", "message": "no such server"}},
        {"taskFailure": "task after_smoke of WebWave3 failed: 503"},
        {"supersededBy": OTHER},
    ],
    ids=["version moved", "ended already", "failure", "a task failed", "superseded"],
)
def test_dynamodb_refuses_completed_for_a_record_that_changed_meanwhile(world, attributes):
    """What was read before is no ground for the final write: the condition looks at the record itself."""
    read = raw(world, W.COMPLETED, W.COMPLETED)
    raw(world, W.COMPLETED, W.COMPLETED, **attributes)
    assert not send(world, read, E.COMPLETED)


@pytest.mark.parametrize("long", [False, True], ids=["short", "with every text cut"])
@pytest.mark.parametrize("status", [status for status in E if status.final])
def test_the_condition_on_100_waves_is_within_the_limits_of_dynamodb(make, status, long):
    """4 KB an expression, 300 operators and functions, 100 operands of IN, and every placeholder is used.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    """
    execution = make.execution(waves=MOST_WAVES).replace(version=123456)
    if long:
        execution = largest.execution(end_time=None, outcome=None, open_since=make.time())
    arguments = finish_request(execution, status, "done", make.time(), budget=0).arguments
    assert len(arguments["UpdateExpression"].encode()) <= 4096
    assert arguments["UpdateExpression"].count("] = :") == (MOST_WAVES if long else 0)
    condition = arguments["ConditionExpression"]
    operators = sum(condition.count(word) for word in (" = ", " < ", " IN ", " AND ", " OR ", "NOT "))
    functions = sum(condition.count(word) for word in ("size(", "attribute_exists(", "attribute_not_exists("))
    assert len(condition.encode()) <= 4096
    assert operators + functions <= 300
    assert condition.count(" IN ") == MOST_WAVES
    assert max(inner.split(")")[0].count(",") + 1 for inner in condition.split(" IN (")[1:]) <= 100
    text = condition + arguments["UpdateExpression"]
    for placeholder in [*arguments["ExpressionAttributeNames"], *arguments["ExpressionAttributeValues"]]:
        assert placeholder in text


def test_100_waves_end_completed_on_the_table(world):
    """The longest condition there is, sent."""
    assert send(world, raw(world, *[W.COMPLETED] * MOST_WAVES), E.COMPLETED)


def test_100_waves_are_closed_and_ended_in_two_writes(world):
    """Closing many waves at once stays within 4 KB too, whatever they leave behind."""
    execution = raw(world, *[W.POLLING] * 50, *[W.PENDING] * 50)
    world.client.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem", _within_limits, unique_id="limits"
    )
    try:
        world.store.run(complete_execution.close_waves(execution.execution_id))
        ended = world.store.run(
            complete_execution.write_end(execution.execution_id, E.FAILED, "nobody saw the jobs end")
        )
    finally:
        world.client.meta.events.unregister("provide-client-params.dynamodb.UpdateItem", unique_id="limits")
    assert [wave.status for wave in ended.waves] == [W.FAILED] * 50 + [W.SKIPPED] * 50
    assert ended.version == execution.version + 2


def _within_limits(params, **_):
    assert len(params["UpdateExpression"].encode()) <= 4096
    assert len(params["ConditionExpression"].encode()) <= 4096


@pytest.mark.parametrize("status", [E.PENDING, E.PAUSED, E.POLLING])
def test_a_status_of_a_running_execution_is_no_final_one(make, status):
    """There is no final write of it."""
    with pytest.raises(TransitionRefused, match=f"cannot end {status}"):
        finish_request(make.execution(), status, "", make.time())


def test_finish_says_what_the_waves_are_when_dynamodb_refuses(world):
    """The refusal of the database is shown with what the record holds (invariant 11)."""
    world.frozen(waves=2).completed(0)
    with pytest.raises(
        TransitionRefused, match="of 2 waves on record are DBWave1 COMPLETED, AppWave2 PENDING"
    ):
        world.store.run(complete_execution.write_end(world.id, E.COMPLETED, "done"))
    assert "endTime" not in world.record()


def test_a_failed_execution_is_never_completed_though_its_waves_are(world):
    """A failure beside the waves keeps COMPLETED and PARTIAL away."""
    world.frozen(waves=1).completed(0)
    world.store.run(open_execution.note_failure(world.id, Failure(kind="FAILED", message="the plan changed")))
    for status in (E.COMPLETED, E.PARTIAL):
        with pytest.raises(TransitionRefused, match="failure: the plan changed"):
            world.store.run(complete_execution.write_end(world.id, status, "done"))
    assert (
        world.store.run(complete_execution.write_end(world.id, E.FAILED, "the plan changed")).status
        is E.FAILED
    )
