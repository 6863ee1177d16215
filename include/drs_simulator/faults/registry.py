"""The faults that are set, and what they hit."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from drs_simulator.clock import clock
from drs_simulator.faults.descriptions import (
    INSTANCES,
    LASTING,
    REPLICATION,
    CallFault,
    DocumentFault,
    FaultSpec,
    FunctionFault,
    JobFault,
    ServerFault,
)
from drs_simulator.rng import rng

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from drs_simulator.calls import Call
    from drs_simulator.faults.descriptions import FaultDescriptions

Kind = TypeVar("Kind", bound=FaultSpec)
_KINDS: dict[str, type[FaultSpec]] = {
    "calls": CallFault,
    "servers": ServerFault,
    "jobs": JobFault,
    "documents": DocumentFault,
    "functions": FunctionFault,
}
_OUTCOMES = ("fail", "hang", "skip", "leave_pending", "no_previous_snapshot")
"""Effects that decide how a launch ends: it can have one."""


@dataclass(eq=False)
class SetFault(Generic[Kind]):
    """A fault from when it is set until it is cleared; ``seen`` counts what it could have hit."""

    id: str
    spec: Kind
    hits: int = 0
    seen: int = 0
    cleared: Event = field(default_factory=Event)
    cleared_at: float | None = None
    """Simulated second."""

    def hit(self) -> bool:
        """Count a hit, if the fault hits this time."""
        self.seen += 1
        spec = self.spec
        if spec.times is not None and self.hits >= spec.times:
            return False
        rate = spec.rate if isinstance(spec, CallFault) else None
        if rate is not None and rng.uniform(0, 1, "rate", self.id, self.seen) >= rate:
            return False
        self.hits += 1
        return True

    def clear(self) -> None:
        """Let go of all that the fault holds."""
        self.cleared_at = clock.now()
        self.cleared.set()

    def to_dict(self) -> dict[str, Any]:
        return {"id": self.id, **self.spec.to_dict(), "hits": self.hits}


class Faults:
    """The faults that are set, in the order in which they were set."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._set: dict[str, SetFault[Any]] = {}
        self._count = 0

    def add(self, specs: FaultDescriptions) -> list[SetFault[Any]]:
        """Set faults; a later one on the same topic of a server replaces the earlier."""
        with self._lock:
            kinds = (specs.calls, specs.servers, specs.jobs, specs.documents, specs.functions)
            return [self._add(one) for kind in kinds for one in kind]

    def remove(self, fault_id: str) -> SetFault[Any] | None:
        """Clear one fault; returns it, if it was set."""
        with self._lock:
            if removed := self._set.pop(fault_id, None):
                removed.clear()
            return removed

    def clear(self) -> list[SetFault[Any]]:
        """Clear all faults."""
        with self._lock:
            cleared, self._set = list(self._set.values()), {}
            for fault in cleared:
                fault.clear()
            return cleared

    def reset(self) -> None:
        """Clear all faults, and number the next ones from the start."""
        self.clear()
        self._count = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the faults that are set, with how often each hit."""
        with self._lock:
            return {name: [fault.to_dict() for fault in self._of(kind)] for name, kind in _KINDS.items()}

    def on_call(self, call: Call) -> SetFault[CallFault] | None:
        """Return the fault that hits a call, and count it: of several, the one that was set first."""
        with self._lock:
            return next((f for f in self._of(CallFault) if _matches(f.spec, call) and f.hit()), None)

    def on_document(self, document: str) -> SetFault[DocumentFault] | None:
        """Return the fault that hits a run of a document, and count it: of several, the first."""
        with self._lock:
            of_document = (f for f in self._of(DocumentFault) if f.spec.document == document)
            return next((f for f in of_document if f.hit()), None)

    def on_function(self, function: str) -> SetFault[FunctionFault] | None:
        """Return the fault that hits an invocation of a function, and count it: of several, the first."""
        with self._lock:
            of_function = (f for f in self._of(FunctionFault) if f.spec.function == function)
            return next((f for f in of_function if f.hit()), None)

    def on_launch(self, source_server_id: str, phases: Collection[str]) -> tuple[SetFault[Any], ...]:
        """Return the faults that hit a server's launch through these phases, and count them."""
        with self._lock:
            of_server = (
                f
                for f in self._of(ServerFault)
                if f.spec.source_server_id == source_server_id
                and f.spec.effect not in LASTING
                and (f.spec.effect not in ("fail", "hang") or f.spec.phase in phases)
            )
            return tuple(f for f in of_server if f.hit())

    def on_instances(self, source_server_id: str) -> frozenset[str]:
        """Return the effects that faults have on the instances of a server, and count the looks they hit."""
        with self._lock:
            of_server = (f for f in self._of(ServerFault) if f.spec.source_server_id == source_server_id)
            return frozenset(f.spec.effect for f in of_server if f.spec.effect in INSTANCES and f.hit())

    def on_job(self, effect: str, source_server_ids: Collection[str]) -> tuple[SetFault[JobFault], ...]:
        """Return the faults with an effect that hit a new job of these servers, and count them."""
        with self._lock:
            of_job = (
                f
                for f in self._of(JobFault)
                if f.spec.effect == effect and f.spec.source_server_id in (None, *source_server_ids)
            )
            return tuple(f for f in of_job if f.hit())

    def _add(self, spec: FaultSpec) -> SetFault[Any]:
        if isinstance(spec, ServerFault):
            for fault in list(self._of(ServerFault)):
                if _topic(fault.spec) == _topic(spec):
                    self._set.pop(fault.id).clear()
        self._count += 1
        added = SetFault(f"fault-{self._count}", spec)
        self._set[added.id] = added
        return added

    def _of(self, kind: type[Kind]) -> Iterator[SetFault[Kind]]:
        return (fault for fault in self._set.values() if isinstance(fault.spec, kind))


def _topic(fault: ServerFault) -> tuple[str, str]:
    if fault.effect in _OUTCOMES:
        return fault.source_server_id, "outcome"
    return fault.source_server_id, "replication" if fault.effect in REPLICATION else fault.effect


def _matches(fault: CallFault, call: Call) -> bool:
    return (
        fault.service in (None, call.service)
        and fault.operation in (None, call.operation)
        and fault.region in (None, call.region)
        and fault.access_key in (None, call.access_key)
        and (fault.resource is None or fault.resource in json.dumps(call.parameters, ensure_ascii=False))
    )


faults = Faults()
"""moto's state is one per process; so are its faults."""
