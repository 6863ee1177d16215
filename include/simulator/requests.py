"""The log of requests: every call of an AWS client, in the order of arrival."""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from werkzeug.datastructures import Headers

    from simulator.calls import Call

KEPT = 20_000
"""Requests that are remembered; earlier ones are forgotten."""

_XML_CODE = re.compile(rb"<Code>([^<]+)</Code>")
_ERROR = 400


class LoggedRequest(BaseModel):
    """One call and what came of it; ``time`` is that of its arrival."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    time: datetime
    service: str
    operation: str
    parameters: dict[str, Any]
    access_key: str | None
    region: str | None
    status: int
    error: str | None = None
    job_id: str | None = Field(default=None, alias="jobID")


class RequestLog:
    """The last requests."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._requests: deque[LoggedRequest] = deque(maxlen=KEPT)

    def add(self, request: LoggedRequest) -> None:
        """Remember a request."""
        with self._lock:
            self._requests.append(request)

    def clear(self) -> None:
        """Forget all requests."""
        with self._lock:
            self._requests.clear()

    def select(self, **wanted: str) -> list[LoggedRequest]:
        """Return the requests with these attributes, in the order of their arrival."""
        with self._lock:
            requests = list(self._requests)
        matching = (r for r in requests if all(getattr(r, name) == value for name, value in wanted.items()))
        return sorted(matching, key=lambda request: request.time)


def logged(call: Call, time: datetime, status: int, headers: Headers, body: bytes) -> LoggedRequest:
    """Describe a call that was answered."""
    return LoggedRequest(
        time=time,
        service=call.service,
        operation=call.operation,
        parameters=call.parameters,
        access_key=call.access_key,
        region=call.region,
        status=status,
        error=_error_code(headers, body) if status >= _ERROR else None,
        job_id=_job_id(body) if call.service == "drs" and status < _ERROR else None,
    )


def _error_code(headers: Headers, body: bytes) -> str | None:
    if code := headers.get("X-Amzn-Errortype"):
        return code
    if match := _XML_CODE.search(body):
        return match[1].decode()
    try:
        return str(json.loads(body)["__type"]).rpartition("#")[2]
    except (ValueError, KeyError, TypeError):
        return None


def _job_id(body: bytes) -> str | None:
    return json.loads(body)["job"]["jobID"] if body.startswith(b'{"job"') else None
