"""What is particular to a kind of follow-up: a subclass of `FollowUp` in a file of its own.

What happens to every kind is in `follow_up`; see `clean_up` for a kind.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.errors import is_final, retry_after
from drs_recovery.engine.frozen_plan import drs_at
from drs_recovery.engine.parting import LOOK_AGAIN, TryLater
from drs_recovery.errors import TransitionRefused
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import timedelta

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Plan, Target
    from drs_recovery.record.enums import CleanupMode, CleanupStatus, EventType
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Approval
    from drs_recovery.store.requests import StoreProgram
    from drs_recovery.store.store import ExecutionStore


class StillThere(Exception):
    """What a follow-up was to remove, and AWS lists though the jobs have ended; it may be gone soon."""

    def __init__(self, text: str, left: Sequence[str]) -> None:
        self.left = tuple(left)
        super().__init__(text)


class Events(NamedTuple):
    """What the audit trail calls the steps of a kind."""

    asked: EventType
    waiting: EventType
    approved: EventType
    kept: EventType
    held: EventType
    done: EventType
    failed: EventType


class State(Protocol):
    """How far a follow-up is, as it is on record; ``attempt`` counts the DAG runs that it takes."""

    @property
    def status(self) -> CleanupStatus:
        """How far it is."""

    @property
    def attempt(self) -> int:
        """Which of its DAG runs is due."""

    @property
    def dag_run_id(self) -> str | None:
        """The DAG run that wrote it last."""

    @property
    def approval(self) -> Approval | None:
        """The answer of an approver."""

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The jobs that it started in DRS."""

    @property
    def count(self) -> int | None:
        """How many things it concerns."""

    def wave_of(self, job_id: str) -> int:
        """Return the number of a wave that was recovered where a job runs."""


class OnRecord(NamedTuple):
    """Where a kind stands on record: the programs that read and write it.

    ``known`` reads how far it is, ``change`` writes that, ``due`` reads the executions for which it is due.
    """

    known: Callable[[Execution], StoreProgram[State | None]]
    change: Callable[..., StoreProgram[object]]
    due: Callable[..., StoreProgram[list[Execution]]]


class TaskNames(NamedTuple):
    """The tasks of a kind's DAG, in order; a kind that asks nobody, or starts no job, lacks some."""

    approve: str | None
    start: str
    watch: str | None
    check: str


class Question(NamedTuple):
    """What approvers are asked, and for how long at most."""

    subject: str
    body: str
    timeout: timedelta


@dataclass
class Work:
    """What came of doing what can be done now: new jobs, what waits, and what AWS refuses for good.

    ``held_at`` are the places where something waits.
    """

    job_ids: list[str] = field(default_factory=list)
    waits: list[TryLater] = field(default_factory=list)
    refusals: list[Exception] = field(default_factory=list)
    held_at: set[Target] = field(default_factory=set)

    @contextmanager
    def at(self, target: Target) -> Iterator[None]:
        """Do something in one place: what is in the way there keeps nothing from being done elsewhere."""
        before = len(self.waits)
        try:
            yield
        except (TryLater, ClientError, BotoCoreError) as error:
            self.note(error)
        if len(self.waits) > before:
            self.held_at.add(target)

    def note(self, error: TryLater | ClientError | BotoCoreError) -> None:
        """Note an error: what may pass is waited for, any other is a refusal for good."""
        if isinstance(error, TryLater):
            self.waits.append(error)
        elif is_final(error):
            self.refusals.append(error)
        else:
            self.waits.append(TryLater(str(error), seconds=max(LOOK_AGAIN, retry_after(error))))


@dataclass(frozen=True)
class FollowUp(ABC):
    """A follow-up of one execution, as it was on record when a DAG run of it looked."""

    store: ExecutionStore
    journal: Journal
    run_id: str
    execution: Execution
    plan: Plan

    dag_id: ClassVar[str]
    tasks: ClassVar[TaskNames]
    description: ClassVar[str]
    doc: ClassVar[str]
    """What people read of it in Airflow, as Markdown."""
    noun: ClassVar[str]
    kept: ClassVar[str]
    """What a rejection, or a time-out, leads to, as the end of a sentence."""
    tries_again: ClassVar[bool] = False
    """Whether another DAG run follows one that failed; a person asks again for the other kinds."""
    events: ClassVar[Events]
    record: ClassVar[OnRecord]

    @staticmethod
    @abstractmethod
    def check_may(execution: Execution) -> None:
        """Raise TransitionRefused for an execution that has no such follow-up."""

    @property
    @abstractmethod
    def mode(self) -> CleanupMode:
        """Whether the frozen plan lets it happen; a person may ask for it where it says never."""

    @abstractmethod
    def question(self) -> Question:
        """Return what approvers are asked."""

    @abstractmethod
    def do(self, work: Work) -> None:
        """Do what can be done now, and add to ``work`` what came of it.

        TryLater, or an error of AWS that may pass, is waited for; any other error ends the follow-up.
        """

    @abstractmethod
    def check_done(self) -> str:
        """Return a sentence on what was done; StillThere while it is not."""

    def result(self) -> dict[str, object]:
        """Return the fields that say what was done, once it is."""
        return {}

    @cached_property
    def drs(self) -> Mapping[Target, DrsHook]:
        """The ways to DRS in the accounts and Regions of the frozen plan (R-50)."""
        return {target: drs_at(target) for target in self.plan.targets}

    @property
    def jobs(self) -> dict[Target, list[str]]:
        """The jobs on record, by where they are; without any, nothing."""
        found: dict[Target, list[str]] = {}
        if known := self.known:
            for job_id in known.job_ids:
                found.setdefault(self.plan.target(known.wave_of(job_id)), []).append(job_id)
        return found

    @cached_property
    def known(self) -> State | None:
        """How far it was when the task looked."""
        return self.store.run(self.record.known(self.execution))

    @property
    def place(self) -> str:
        """What it is, in a sentence."""
        return f"the {self.noun} of execution {self.execution.execution_id}"

    def read(self) -> Execution:
        """Return the execution as it is on record now."""
        return self.store.run(read_execution(self.execution.execution_id))

    def write(self, status: CleanupStatus, event: Event | None = None, **known: object) -> None:
        """Put on record how far it is."""
        known |= {"mode": self.mode, "dag_run_id": self.run_id}
        self.store.run(self.record.change(self.execution, status, event, **known))

    def append(self, type_: EventType, text: str, once: str, *, who: str | None = None) -> None:
        """Append an event to the audit trail, once."""
        event = self.journal.event(type_, text, who=who).replace(once=once)
        self.store.run(append_event(self.execution.execution_id, event))

    def check_ended(self) -> None:
        """Raise TransitionRefused unless this very end of the execution stands, as of now."""
        if (now := self.read()).end_time != self.execution.end_time:
            raise TransitionRefused(
                f"execution {now.execution_id} is {now.status}: it was opened again during its {self.noun}"
            )
