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
def table(create_table):
    """Give a DynamoDB client and a table of counters."""
    return create_table("counters", "name", config=Config(max_pool_connections=CLIENTS))


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


def test_a_compare_and_set_loses_no_acknowledged_step(table):
    """Each acknowledged update saw the one before: the counter is the number of acknowledgements."""
    _add(table, "version")

    def step(_):
        seen = _count(table, "version")
        try:
            table.update_item(
                TableName="counters",
                Key={"name": {"S": "version"}},
                UpdateExpression="SET n = :next",
                ConditionExpression="n = :seen",
                ExpressionAttributeValues={":next": {"N": str(seen + 1)}, ":seen": {"N": str(seen)}},
            )
        except table.exceptions.ConditionalCheckFailedException:
            return False
        return True

    acknowledged = sum(_winners(step, range(ROUNDS)))
    assert acknowledged >= ROUNDS
    assert _count(table, "version") == 1 + acknowledged


def test_transactions_happen_as_a_whole_or_not_at_all(table):
    """Of those that take the same item at once, one moves a unit and the others change nothing."""
    for name in ("from", "to"):
        _add(table, name)
    change = {"TableName": "counters", "UpdateExpression": "ADD n :by"}

    def move(number):
        once = {"name": {"S": f"move-{number}"}}
        marker = {
            "ConditionExpression": "attribute_not_exists(#n)",
            "ExpressionAttributeNames": {"#n": "name"},
        }
        items = [
            {"Update": change | _by("from", -1)},
            {"Update": change | _by("to", 1)},
            {"Put": {"TableName": "counters", "Item": once} | marker},
        ]
        try:
            table.transact_write_items(TransactItems=items)
        except table.exceptions.TransactionCanceledException:
            return False
        return True

    assert _winners(move, range(ROUNDS)) == [1] * ROUNDS
    assert (_count(table, "from"), _count(table, "to")) == (1 - ROUNDS, 1 + ROUNDS)


def _by(name, number):
    return {"Key": {"name": {"S": name}}, "ExpressionAttributeValues": {":by": {"N": str(number)}}}


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
    jobs = drs.describe_jobs()["items"]
    assert len({job["jobID"] for job in jobs}) == len(jobs) == len(servers)
    started = [server["sourceServerID"] for job in jobs for server in job["participatingServers"]]
    assert sorted(started) == sorted(servers)


def test_the_quota_of_jobs_holds_for_all_clients_together(local_aws, let_pass):
    """Of all jobs that are asked for at once, as many start as the quota allows, and no more."""
    local_aws.control.set_quotas(concurrentJobs=3)
    config = Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1})
    drs = local_aws.client("drs", config=config)
    servers = [server["sourceServerID"] for server in drs.describe_source_servers()["items"]][:CLIENTS]
    together = Barrier(CLIENTS)

    def start(number):
        together.wait()
        try:
            drs.start_recovery(sourceServers=[{"sourceServerID": servers[number]}])
        except drs.exceptions.ServiceQuotaExceededException:
            return False
        return True

    assert sum(_outcomes(start)) == len(drs.describe_jobs()["items"]) == 3


def test_instances_are_launched_and_terminated_once_however_many_look(local_aws, let_pass):
    """Clients that describe at once what is due make it happen once; one of them gets to terminate it."""
    config = Config(max_pool_connections=CLIENTS, retries={"total_max_attempts": 1})
    drs, ec2 = local_aws.client("drs", config=config), local_aws.client("ec2")
    drs.start_recovery(sourceServers=[{"sourceServerID": "s-000000000000db001"}], isDrill=True)
    let_pass(7200)
    together = Barrier(CLIENTS)

    def look(_):
        together.wait()
        (instance,) = drs.describe_recovery_instances()["items"]
        return instance["recoveryInstanceID"]

    (launched,) = set(_outcomes(look))
    (reservation,) = ec2.describe_instances()["Reservations"]
    assert [instance["InstanceId"] for instance in reservation["Instances"]] == [launched]

    def terminate(instance):
        try:
            drs.terminate_recovery_instances(recoveryInstanceIDs=[instance])
        except drs.exceptions.ConflictException:
            return False
        return True

    assert _winners(terminate, [launched]) == [1]
