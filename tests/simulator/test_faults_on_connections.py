"""Calls whose connection is dropped or whose answer is slow, and what of their work is done."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from tests.simulator.calls import ONCE, is_there, put, refusal

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


def test_a_connection_dropped_before_the_work(local_aws, drs, launch):
    """The caller sees ConnectionClosedError, nothing is done, and the log says so."""
    local_aws.control.drop("drs", "StartRecovery", after=False, times=1)
    with pytest.raises(ConnectionClosedError):
        launch(DB1)
    assert drs.describe_jobs()["items"] == []
    (logged,) = local_aws.control.requests(outcome="dropped")
    assert "status" not in logged
    assert "jobID" not in logged
    assert logged["fault"] == {"id": "fault-1", "effect": "drop_before", "workDone": False}


def test_a_connection_dropped_after_the_work(local_aws, drs, launch):
    """The job is there though its caller never heard of it; the log has its id."""
    local_aws.control.drop("drs", "StartRecovery", after=True, times=1)
    with pytest.raises(ConnectionClosedError):
        launch(DB1)
    (job,) = drs.describe_jobs()["items"]
    (logged,) = local_aws.control.requests(outcome="dropped")
    assert (logged["jobID"], logged["fault"]["workDone"]) == (job["jobID"], True)


def test_work_that_was_refused_is_not_done_though_dropped(local_aws, launch):
    """A dropped refusal has done nothing."""
    local_aws.control.drop("drs", "StartRecovery", after=True, times=1)
    with pytest.raises(ConnectionClosedError):
        launch("s-00000000000000404")
    (logged,) = local_aws.control.requests(outcome="dropped")
    assert logged["fault"]["workDone"] is False


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_dynamodb_connections_are_dropped_before_or_after_the_write(local_aws, table, after):
    """After: the item is there though the caller got an error; before: it is not."""
    local_aws.control.drop("dynamodb", "PutItem", after=after, times=1)
    with pytest.raises(ConnectionClosedError):
        put(table)
    assert is_there(table) is after


def test_a_retried_write_meets_what_it_wrote(local_aws, table):
    """Botocore retries a dropped conditional write by itself, and its own item refuses it."""
    local_aws.control.drop("dynamodb", "PutItem", after=True, times=1)
    persistent = local_aws.client("dynamodb")
    code, *_ = refusal(
        persistent.put_item,
        TableName="t",
        Item={"k": {"S": "1"}},
        ConditionExpression="attribute_not_exists(k)",
    )
    assert code == "ConditionalCheckFailedException"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_aiobotocore_sees_dropped_connections(local_aws, table, after):
    """The triggerer's client sees the same error, for DRS and for DynamoDB."""
    local_aws.control.drop("drs", "StartRecovery", after=after, times=1)
    local_aws.control.drop("dynamodb", "PutItem", after=after, times=1)
    config = ONCE
    async with (
        get_session().create_client("drs", region_name="eu-west-1", config=config) as drs,
        get_session().create_client("dynamodb", region_name="eu-west-1", config=config) as dynamodb,
    ):
        with pytest.raises(ConnectionClosedError):
            await drs.start_recovery(sourceServers=[{"sourceServerID": DB1}], isDrill=True)
        with pytest.raises(ConnectionClosedError):
            await dynamodb.put_item(TableName="t", Item={"k": {"S": "1"}})
        assert len((await drs.describe_jobs())["items"]) == int(after)
    assert is_there(table) is after


def test_the_next_call_of_a_client_that_was_dropped_is_answered(local_aws, drs):
    """Only the connection is gone; a new one is made."""
    local_aws.control.drop("drs", after=False, times=3)
    for _ in range(3):
        with pytest.raises(ConnectionClosedError):
            drs.describe_jobs()
    assert drs.describe_jobs()["items"] == []


def test_a_slow_answer_keeps_nobody_else_waiting(local_aws, drs):
    """While one call sleeps, the same service and the control API answer; clearing the fault wakes it."""
    control = local_aws.control
    control.slow(60, "drs", "DescribeSourceServers")
    with ThreadPoolExecutor(1) as other:
        sleeping = other.submit(drs.describe_source_servers)
        while not control.requests(operation="DescribeSourceServers"):
            time.sleep(0.01)
        assert drs.describe_jobs()["items"] == []
        assert local_aws.client("ec2").describe_instances()["Reservations"] == []
        assert control.faults()["calls"][0]["hits"] == 1
        assert not sleeping.done()
        control.clear_faults()
        assert len(sleeping.result(timeout=5)["items"]) == 16


def test_a_slow_answer_takes_its_seconds(local_aws, drs):
    """Real seconds, whatever the speed."""
    local_aws.control.slow(0.3, "drs", times=1)
    before = time.monotonic()
    drs.describe_jobs()
    assert 0.3 <= time.monotonic() - before < 3


def test_r15a_a_caller_that_gives_up_on_a_slow_answer_has_started_a_job(local_aws, drs):
    """R-15a: the work is done at once; who does not wait for the answer never learns the job's id."""
    local_aws.control.slow(1, "drs", "StartRecovery", times=1)
    hasty = local_aws.client("drs", config=Config(read_timeout=0.2, retries={"total_max_attempts": 1}))
    with pytest.raises(ReadTimeoutError):
        hasty.start_recovery(sourceServers=[{"sourceServerID": DB1}])
    assert len(drs.describe_jobs()["items"]) == 1


def test_conditions_hold_while_connections_drop(local_aws, table):
    """Of many clients that put an item if it is absent, one write is done, whoever hears of it."""
    local_aws.control.drop("dynamodb", "PutItem", after=True, rate=0.5)
    local_aws.control.slow(0.01, "dynamodb", "PutItem")

    def put_if_absent(attempt):
        try:
            table.put_item(
                TableName="t",
                Item={"k": {"S": str(attempt // 8)}},
                ConditionExpression="attribute_not_exists(k)",
            )
        except (ConnectionClosedError, ClientError):
            return False
        return True

    with ThreadPoolExecutor(8) as clients:
        heard = sum(clients.map(put_if_absent, range(80)))
    logged = local_aws.control.requests(operation="PutItem")
    done = [request for request in logged if request["fault"]["workDone"]]
    assert len(logged) == 80
    assert len(done) == 10
    assert heard == len([request for request in done if request["outcome"] == "answered"])
