"""A run of a document: fixed when it begins, so that all that is shown of it is a function of time."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from drs_simulator.drs.world import world

from .documents import USUAL_SECONDS, Result, documents, name_of

if TYPE_CHECKING:
    from datetime import datetime

IN_PROGRESS = "InProgress"


@dataclass(frozen=True)
class Run:
    """What is run, from when until when in simulated seconds, and how it ends."""

    run_id: str
    document: str
    version: str
    parameters: dict[str, list[str]]
    begin: float
    end: float
    result: Result = field(default_factory=Result)

    def has_begun(self, now: float) -> bool:
        return self.begin <= now

    def status(self, now: float) -> str:
        return self.result.status if self.end <= now else IN_PROGRESS

    def message(self, now: float) -> str | None:
        """Return why it did not succeed, once it has ended."""
        return self.result.message if self.end <= now else None

    @property
    def began(self) -> datetime:
        return world.clock.date(self.begin)

    def ended(self, now: float) -> datetime | None:
        return world.clock.date(self.end) if self.end <= now else None

    def stopped(self, now: float, status: str) -> Run:
        """Return the run as it is when it ends now."""
        return replace(self, end=now, result=Result(status))


def begin(run_id: str, named: str, version: str, parameters: dict[str, list[str]]) -> Run:
    """Return a run that begins now."""
    document, now = name_of(named), world.clock.begin()
    result = documents.results.of_run(document)
    seconds = USUAL_SECONDS if result.seconds is None else result.seconds
    return Run(run_id, document, version, parameters, now, now + seconds, result)


def look(*runs: Run) -> float:
    """Return the second that it is; at once, what was begun has ended, where the clock says so."""
    if world.clock.immediate and runs:
        world.clock.skip_to(max(run.end for run in runs))
    return world.clock.now()
