"""Faults on demand: which servers fail, in which phase, with which words."""

from __future__ import annotations

from threading import Lock
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class _Described(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)


class ServerFault(_Described):
    """A source server whose launch fails in a phase, at every launch until the fault is cleared."""

    source_server_id: str = Field(alias="sourceServerID", pattern=r"^s-[0-9a-zA-Z]{17}$")
    phase: Literal["SNAPSHOT", "CONVERSION", "LAUNCH"] = "LAUNCH"
    raw_error: str = "An error occurred (InternalError) when calling the RunInstances operation"
    hits: int = Field(default=0, ge=0, le=0)


class FaultDescriptions(_Described):
    """What is posted to ``/simulator/faults``."""

    servers: tuple[ServerFault, ...] = ()


class Faults:
    """The faults that are set, by what they hit."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._servers: dict[str, ServerFault] = {}

    def add(self, described: FaultDescriptions) -> None:
        """Set faults; a later one for the same server replaces the earlier."""
        with self._lock:
            self._servers |= {fault.source_server_id: fault for fault in described.servers}

    def clear(self) -> None:
        """Set no faults any more."""
        with self._lock:
            self._servers = {}

    def described(self) -> FaultDescriptions:
        """Return the faults that are set, with how often each was hit."""
        with self._lock:
            return FaultDescriptions.model_construct(servers=tuple(self._servers.values()))

    def hit(self, source_server_id: str) -> ServerFault | None:
        """Return the fault of a server that is being launched, and count it."""
        with self._lock:
            if fault := self._servers.get(source_server_id):
                fault.hits += 1
            return fault


faults = Faults()
"""moto's state is one per process; so are its faults."""
