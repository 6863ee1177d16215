"""The log of requests: every call of an AWS client, in the order of arrival."""

from __future__ import annotations

import json
import re
from collections import defaultdict, deque
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from drs_simulator.answers import Answer
    from drs_simulator.calls import Call
    from drs_simulator.faults import CallFault, SetFault

KEPT = 20_000
"""Requests of each service that are remembered; earlier ones are forgotten.

One service's do not push out another's: DynamoDB is called twenty times as often as DRS.
"""

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_ERROR = 400


class FaultThatHit(BaseModel):
    """The fault that hit a call, and whether the service did its work all the same."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    id: str
    effect: str
    work_done: bool


class LoggedRequest(BaseModel):
    """One call and what came of it; ``time`` is that of its arrival."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    time: datetime
    service: str
    operation: str
    parameters: dict[str, Any]
    access_key: str | None
    region: str | None
    outcome: Literal["answered", "dropped"]
    status: int | None = None
    error: str | None = None
    job_id: str | None = Field(default=None, alias="jobID")
    fault: FaultThatHit | None = None


class RequestLog:
    """The last requests of each service."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: defaultdict[str, deque[LoggedRequest]] = defaultdict(lambda: deque(maxlen=KEPT))

    def add(self, request: LoggedRequest) -> None:
        """Remember a request."""
        with self._lock:
            self._requests[request.service].append(request)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()

    def select(self, **wanted: str) -> list[LoggedRequest]:
        """Return the requests with these attributes, in the order of their arrival."""
        with self._lock:
            requests = [request for kept in self._requests.values() for request in kept]
        matching = (r for r in requests if all(getattr(r, name) == value for name, value in wanted.items()))
        return sorted(matching, key=lambda request: request.time)


def logged(
    call: Call,
    time: datetime,
    worked: Answer | None,
    answer: Answer | None,
    fault: SetFault[CallFault] | None,
) -> LoggedRequest:
    """Describe a call: what the service made of it, if it heard of it, and what the client got, if it did."""
    done = worked is not None and worked.code < _ERROR
    return LoggedRequest(
        time=time,
        service=call.service,
        operation=call.operation,
        parameters=call.parameters,
        access_key=call.access_key,
        region=call.region,
        outcome="answered" if answer else "dropped",
        status=answer.code if answer else None,
        error=_error_code(answer) if answer and answer.code >= _ERROR else None,
        job_id=_job_id(worked.body) if worked and done and call.service == "drs" else None,
        fault=FaultThatHit(id=fault.id, effect=fault.spec.effect, work_done=done) if fault else None,
    )


def _error_code(answer: Answer) -> str | None:
    if code := answer.headers.get("X-Amzn-Errortype"):
        return code
    if match := _XML_CODE.search(answer.body):
        return match[1].decode()
    try:
        return str(json.loads(answer.body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return None


def _job_id(body: bytes) -> str | None:
    return json.loads(body)["job"]["jobID"] if body.startswith(b'{"job"') else None
