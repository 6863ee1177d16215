"""What tests share of libraries changes nothing that one of them does: clients do not hear of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from tests.conftest import LocalAws

EVENT = "before-call.drs.DescribeJobs"


def test_a_handler_of_one_client_is_none_of_another(local_aws: LocalAws) -> None:
    """Whoever was made first, of the same session or not; and it is gone when it is taken away."""
    session = boto3.Session(region_name="eu-west-1")
    clients = [session.client("drs"), session.client("drs"), local_aws.client("drs")]
    heard: list[int] = []
    handlers: list[Any] = [lambda number=number, **_: heard.append(number) for number in range(len(clients))]
    for client, handler in zip(clients, handlers, strict=True):
        client.meta.events.register(EVENT, handler)
    later = local_aws.client("drs")
    for client in (*clients, later):
        client.describe_jobs()
    assert heard == [0, 1, 2]
    clients[1].meta.events.unregister(EVENT, handlers[1])
    for client in clients:
        client.describe_jobs()
    assert heard == [0, 1, 2, 0, 2]


def test_a_handler_of_a_session_is_none_of_another(local_aws: LocalAws) -> None:
    """Its clients have it, but for one that takes it away."""
    heard: list[str] = []
    session = boto3.Session(region_name="eu-west-1")

    def hear(model: Any, **_: object) -> None:
        heard.append(model.name)

    session.events.register(EVENT, hear)
    deaf, hearing = session.client("drs"), session.client("drs")
    deaf.meta.events.unregister(EVENT, hear)
    deaf.describe_jobs()
    hearing.describe_jobs()
    local_aws.client("drs").describe_jobs()
    boto3.Session(region_name="eu-west-1").client("drs").describe_jobs()
    assert heard == ["DescribeJobs"]
