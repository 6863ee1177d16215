"""What is known of all runs, and nothing that the product says about itself beside its raw items."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Item = dict[str, Any]


LEAST_FAULTS, LEAST_KINDS = 3, 2
"""What must hit a run while a wave of it is in flight for it to prove anything."""


def utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def moment(text: str) -> datetime:
    """Return the time that a record, DRS or the log of requests tells."""
    return datetime.fromisoformat(text)


@dataclass(frozen=True)
class Hit:
    """A fault that hit a run while a wave of it was in flight."""

    kind: str
    time: datetime
    words: str


@dataclass
class Run:
    """A DAG run that was asked for, and what was seen of it from outside.

    ``waves`` are those of the plan's file when it was asked for: name, servers, whether a gate is due, and
    the names of those it depends on. ``approved`` tells when the approver said yes, by wave name.
    ``seen`` are the EXECUTION items as they changed, each with the time at which it was read.
    """

    number: int
    dag_id: str
    run_id: str
    asked: datetime
    waves: list[Item]
    approved: dict[str, datetime] = field(default_factory=dict)
    rejected: str | None = None
    deed: str | None = None
    """What a person did to it."""
    edited: str | None = None
    """What a person did to its plan's file."""
    hits: list[Hit] = field(default_factory=list)
    seen: list[tuple[datetime, Item]] = field(default_factory=list)
    state: str | None = None
    """The last state of the DAG run that Airflow told; None if it never was one."""
    ended: datetime | None = None
    """When it was seen that the DAG run had ended and its record was final."""

    @property
    def last(self) -> Item | None:
        """The EXECUTION item as it was seen last."""
        return self.seen[-1][1] if self.seen else None

    @property
    def in_flight(self) -> bool:
        """Whether a wave of it has jobs in DRS, or is about to, as far as the record tells."""
        waves = self.last["waves"] if self.last else []
        return any(wave["status"] in {"STARTED", "POLLING"} for wave in waves)

    @property
    def counts(self) -> bool:
        """Whether enough hit it for it to prove anything."""
        return len(self.hits) >= LEAST_FAULTS and len({hit.kind for hit in self.hits}) >= LEAST_KINDS

    @property
    def hindered(self) -> bool:
        """Whether anybody did something to it; otherwise it should be COMPLETED, also with an edited plan."""
        return self.deed is not None or self.rejected is not None


@dataclass
class Evidence:
    """All that the checker judges by.

    ``items`` is the whole table, ``starts`` the simulator's log of StartRecovery, ``jobs`` and ``instances``
    what DRS itself describes.
    """

    runs: list[Run]
    items: list[Item]
    starts: list[Item]
    jobs: list[Item]
    instances: list[Item]

    def execution(self, run: Run) -> Item | None:
        """Return the EXECUTION item of a run."""
        for item in self.items:
            if item["item"] == "EXECUTION" and (item["planId"], item["dagRunId"]) == (run.dag_id, run.run_id):
                return item
        return None

    def of(self, execution: Item, prefix: str) -> list[Item]:
        """Return the other items of an execution whose range key begins so."""
        return [
            item
            for item in self.items
            if item["executionId"] == execution["executionId"] and item["item"].startswith(prefix)
        ]
