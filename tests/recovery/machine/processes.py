"""Processes that stop before each request they send, so that a test decides what happens between any two.

Each runs the product's own code in a greenlet of its own, on real clients: a request that goes on is really
answered by the local AWS.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError
from greenlet import GreenletExit, getcurrent, greenlet

from drs_recovery.engine.batch import JobOffRecord
from drs_recovery.engine.parting import TryLater
from drs_recovery.errors import RecoveryError

if TYPE_CHECKING:
    from collections.abc import Callable

WRITES = frozenset({"PutItem", "UpdateItem", "DeleteItem", "StartRecovery"})


class Fate(Enum):
    """What becomes of a request, and of who sent it."""

    HEARD = "it arrives, and its answer too"
    TWICE = "it arrives, the answer is lost, and the client sends it again and hears that answer"
    LOST = "it arrives, the answer is lost, and the client gives up"
    LAST = "it arrives, and its process is killed before it hears the answer"
    KILLED = "its process is killed before it is sent"


@dataclass(frozen=True)
class Sent:
    """A request that its process is about to send."""

    operation: str
    body: dict[str, Any]

    @property
    def writes(self) -> bool:
        """Whether it may change anything."""
        return self.operation in WRITES


@dataclass(frozen=True)
class Heard:
    """What AWS answered to a request that arrived, whether or not its process heard of it."""

    sent: Sent
    status: int
    body: dict[str, Any]


class Process:
    """A process, which ends with its work, with an error of ours or of AWS, or when it is killed."""

    def __init__(self, name: str, execution_id: str, work: Callable[[], object]) -> None:
        self.name = name
        self.execution_id = execution_id
        self.heard: list[Heard] = []
        self._greenlet = Working(self, work)
        self.next: Sent | None = None
        self._switch()

    @property
    def over(self) -> bool:
        """Whether it sends nothing any more."""
        return self.next is None

    def go(self, fate: Fate) -> list[Heard]:
        """Let its next request have its fate, and return what AWS answered."""
        self.heard = []
        self._switch(fate)
        return self.heard

    def _switch(self, *fate: Fate) -> None:
        sent = self._greenlet.switch(*fate)
        self.next = None if self._greenlet.dead else sent


class Working(greenlet):
    """The work of a process; what it is refused, or gives up, is its end and nothing else's."""

    def __init__(self, process: Process, work: Callable[[], object]) -> None:
        super().__init__()
        self.process = process
        self._work = work

    def run(self) -> None:
        try:
            self._work()
        except (RecoveryError, TryLater, JobOffRecord, ClientError, BotoCoreError):
            return


class Wire:
    """What lies between clients and AWS; a request of no process passes."""

    def attach(self, client: Any) -> None:
        """Let everything that a client sends pass through here."""
        http = client._endpoint.http_session
        client.meta.events.register(
            "before-send", lambda request, event_name, **_: self._send(http, request, event_name)
        )

    def _send(self, http: Any, request: Any, event_name: str) -> Any:
        working = getcurrent()
        if not isinstance(working, Working):
            return None
        sent = Sent(event_name.rpartition(".")[2], json.loads(request.body or b"{}"))
        fate = working.parent.switch(sent)
        if fate is Fate.KILLED:
            raise GreenletExit
        for _ in range(2 if fate is Fate.TWICE else 1):
            answer = http.send(request)
            body = json.loads(answer.content or b"{}")
            working.process.heard.append(Heard(sent, answer.status_code, body))
        if fate is Fate.LAST:
            raise GreenletExit
        if fate is Fate.LOST:
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer
