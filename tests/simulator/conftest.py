"""Fixtures of the simulator's own tests."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from drs_simulator.client import Control
from drs_simulator.clock import clock
from tests.simulator.calls import ONCE
from tests.simulator.process import simulator_process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


@pytest.fixture
def drs(local_aws: Any) -> Any:
    """Give a boto3 client of DRS that does not retry."""
    return local_aws.client("drs", config=ONCE)


@pytest.fixture
def process_aws(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Give a local AWS that is a process of its own, in which a job ends in a second or two."""
    with simulator_process("--port", "0", "--speed", "900") as (_, url), Control(url) as control:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        yield replace(local_aws, url=url, control=control)


@pytest.fixture
def ec2(local_aws: Any) -> Any:
    """Give a boto3 client of EC2."""
    return local_aws.client("ec2")


@pytest.fixture
def create_table(local_aws: Any) -> Callable[..., Any]:
    """Give a function that creates a DynamoDB table with a key of a string, and returns a client."""

    def create(name: str = "t", key: str = "k", **options: Any) -> Any:
        dynamodb = local_aws.client("dynamodb", **options)
        dynamodb.create_table(
            TableName=name,
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return dynamodb

    return create


@pytest.fixture
def table(create_table: Callable[..., Any]) -> Any:
    """Give a DynamoDB client that does not retry, and a table ``t`` with the key ``k``."""
    return create_table(config=ONCE)


@pytest.fixture
def let_pass(local_aws: Any) -> Callable[[float], None]:
    """Stop time but for the simulated seconds that a test lets pass."""
    local_aws.control.set_speed("real")
    return lambda seconds: clock.skip_to(clock.now() + seconds)


@pytest.fixture
def wait(let_pass: Callable[[float], None], monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let seconds pass at the real speed for everybody: a client's clock moves by as much as DRS's."""

    def passed(seconds: float) -> None:
        monkeypatch.setattr(clock, "_epoch", clock._epoch + seconds)

    return passed


@pytest.fixture
def launch(drs: Any) -> Callable[..., dict[str, Any]]:
    """Give a function that starts the recovery of servers, and returns the job."""

    def start(*server_ids: str, is_drill: bool = True, **options: Any) -> dict[str, Any]:
        servers = [{"sourceServerID": server_id} for server_id in server_ids or (DB1, DB2)]
        job: dict[str, Any] = drs.start_recovery(sourceServers=servers, isDrill=is_drill, **options)["job"]
        return job

    return start


@pytest.fixture
def look(drs: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Give a function that describes a job as it is now."""

    def describe(job: dict[str, Any]) -> dict[str, Any]:
        (seen,) = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
        return dict(seen)

    return describe
