"""Many clients at once: requests are serialised per service, so conditions hold and writes stay."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

CLIENTS, WRITES, ROUNDS = 8, 15, 12


@pytest.fixture(autouse=True)
def restless():
    """Let threads take turns so often that whatever is not serialised goes wrong."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def table(local_aws):
    """Give a DynamoDB client and a table of counters."""
    dynamodb = local_aws.client("dynamodb", config=Config(max_pool_connections=CLIENTS))
    dynamodb.create_table(
        TableName="counters",
        KeySchema=[{"AttributeName": "name", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "name", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def _outcomes(work):
    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(work, range(CLIENTS)))


def _count(table, name):
    return int(table.get_item(TableName="counters", Key={"name": {"S": name}})["Item"]["n"]["N"])


def _add(table, name):
    table.update_item(
        TableName="counters",
        Key={"name": {"S": name}},
        UpdateExpression="ADD n :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )


def _refused_transaction(table):
    put = {"TableName": "counters", "Item": {"name": {"S": "shared"}}}
    impossible = put | {
        "ConditionExpression": "attribute_not_exists(#n)",
        "ExpressionAttributeNames": {"#n": "name"},
    }
    other = {"Put": {"TableName": "counters", "Item": {"name": {"S": "never"}}}}
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        table.transact_write_items(TransactItems=[other, {"Put": impossible}])


def test_no_acknowledged_write_is_lost_beside_refused_transactions(table):
    """A refused transaction of one client takes back nothing that another client wrote."""
    _add(table, "shared")

    def work(client):
        for _ in range(WRITES):
            if client % 2:
                _refused_transaction(table)
            else:
                _add(table, "shared")

    _outcomes(work)
    assert _count(table, "shared") == 1 + WRITES * CLIENTS // 2
    assert "Item" not in table.get_item(TableName="counters", Key={"name": {"S": "never"}})


def _winners(attempt, goals):
    """Return how often each goal was reached when all clients attempt it in the same moment."""
    together = Barrier(CLIENTS)

    def work(_):
        won = []
        for goal in goals:
            together.wait()
            won.append(attempt(goal))
        return won

    return [sum(won) for won in zip(*_outcomes(work), strict=True)]


def test_a_condition_lets_one_of_many_through(table):
    """Of all clients that put an item if it is absent, exactly one succeeds."""

    def put(name):
        try:
            table.put_item(
                TableName="counters",
                Item={"name": {"S": name}},
                ConditionExpression="attribute_not_exists(#n)",
                ExpressionAttributeNames={"#n": "name"},
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    assert _winners(put, [f"lock-{n}" for n in range(ROUNDS)]) == [1] * ROUNDS


@pytest.mark.usefixtures("let_pass")
def test_a_server_gets_one_job_of_many_that_are_asked_for_at_once(local_aws):
    """Of all clients that start the same server, exactly one gets a job; the others get a Conflict."""
    config = Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1})
    drs = local_aws.client("drs", config=config)
    servers = [server["sourceServerID"] for server in drs.describe_source_servers()["items"]]

    def start(server):
        try:
            drs.start_recovery(sourceServers=[{"sourceServerID": server}])
        except drs.exceptions.ConflictException:
            return False
        return True

    assert _winners(start, servers) == [1] * len(servers)
    assert len(drs.describe_jobs()["items"]) == len(servers)
