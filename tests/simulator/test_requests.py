"""The log of requests keeps what one looks for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from drs_simulator import requests
from drs_simulator.requests import LoggedRequest, RequestLog

if TYPE_CHECKING:
    import pytest

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def request(number: int, service: str) -> LoggedRequest:
    """Return a request that came so many seconds after the first."""
    return LoggedRequest(
        time=BEGAN + timedelta(seconds=number),
        service=service,
        operation="Some",
        parameters={},
        access_key=None,
        region=None,
        outcome="answered",
    )


def test_many_calls_of_one_service_push_out_none_of_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has its own room; all come in the order of their arrival."""
    monkeypatch.setattr(requests, "KEPT", 3)
    log = RequestLog()
    services = ["drs", *["dynamodb"] * 5, "drs"]
    for number, service in enumerate(services):
        log.add(request(number, service))
    seen = [((one.time - BEGAN).seconds, one.service) for one in log.select()]
    assert seen == [(0, "drs"), (3, "dynamodb"), (4, "dynamodb"), (5, "dynamodb"), (6, "drs")]
    assert [one.service for one in log.select(service="drs")] == ["drs", "drs"]
