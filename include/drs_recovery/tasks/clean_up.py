"""What the tasks of a clean-up share: the drill it is for, what permits it, and how trouble ends it.

A clean-up has fields of its own on record. How the drill ended, and the state of the plan's DAG run, never
depend on it.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
)

from drs_recovery.aws.utils.errors import is_final
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.errors import RecordError, TransitionRefused
from drs_recovery.record.clean_up import EXECUTION_ID, asked_once, clean_up_run_id
from drs_recovery.record.enums import CleanupMode, CleanupStatus, Decision, EventType
from drs_recovery.store.programs import clean_up as clean_up_program
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.base import execution_store, is_last_try, new_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from airflow.sdk import Context

    from drs_recovery.plan import Plan
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Cleanup, Execution
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(hours=4)
"""For jobs in the way, quotas and the terminate jobs themselves, which take minutes."""


class InstancesLeft(AirflowException):
    """Recovery instances of a drill that DRS still lists though their terminate jobs have ended."""

    def __init__(self, left: Sequence[str]) -> None:
        self.left = tuple(left)
        super().__init__(f"the terminate jobs have ended, and DRS still lists {', '.join(left)}")


class NotBegun(TransitionRefused):
    """A task of the clean-up that comes to its turn though what goes before it was not done, only marked.

    It does nothing, and the clean-up stays due: the maintenance starts another DAG run for it.
    """


@dataclass(frozen=True)
class CleanUp:
    """A drill that is cleaned up, as it was on record when the task looked."""

    store: ExecutionStore
    context: Context
    execution: Execution
    plan: Plan

    @property
    def cleanup(self) -> Cleanup | None:
        """How far its clean-up is; absent where nobody ordered one before."""
        return self.execution.cleanup

    @property
    def mode(self) -> CleanupMode:
        """Whether the frozen plan lets it be cleaned up; a person may ask for it where it says never."""
        return CleanupMode(self.plan.cleanup)

    def write(self, status: CleanupStatus, event: Event | None = None, **known: object) -> Execution:
        """Write how the clean-up stands."""
        known |= {"mode": self.mode, "dag_run_id": self.context["dag_run"].run_id}
        return self.store.run(clean_up_program.clean_up(self.execution, status, event, **known))

    def new_event(self, type_: EventType, detail: str, *, who: str | None = None) -> Event:
        """Return an event of the audit trail, told by this task unless a person acts."""
        return new_event(self.context, type_, detail, who=who)

    def check_ended(self) -> None:
        """Raise TransitionRefused unless this very end of the drill stands, as of now."""
        if (
            now := self.store.run(read_execution(self.execution.execution_id))
        ).end_time != self.execution.end_time:
            raise TransitionRefused(
                f"execution {now.execution_id} is {now.status}: it was opened again while it was cleaned up"
            )

    def check_permitted(self) -> None:
        """Raise NotBegun unless the record holds the approval that the frozen plan wants.

        Whatever Airflow's task states say.
        """
        if lacking := self.lacking():
            raise NotBegun(lacking)

    def lacking(self) -> str | None:
        """Return in words that the approval which the frozen plan wants is not on record."""
        if self.mode is not CleanupMode.AFTER_APPROVAL:
            return None
        answer = self.cleanup.approval if self.cleanup else None
        place = f"the clean-up of execution {self.execution.execution_id}"
        if answer is None or answer.decision is not Decision.APPROVED:
            return f"{place} needs an approval, and none is on record"
        if self.plan.approvers and not answer.given_by_one_of(self.plan.approvers):
            return (
                f"{place} was approved by {answer.by!r}, who is none of the plan's approvers, "
                f"{', '.join(self.plan.approvers)}"
            )
        return None

    def check_begun(self) -> None:
        """Raise NotBegun unless `terminate` has begun its work: its state in Airflow proves nothing."""
        if self.cleanup and self.cleanup.status in {CleanupStatus.PENDING, CleanupStatus.WAITING}:
            raise NotBegun(
                f"the clean-up of execution {self.execution.execution_id} is {self.cleanup.status}: no "
                "instance was terminated, whatever became of the task that does it"
            )

    def append_asked(self) -> None:
        """Tell who asked for this DAG run, where Airflow knows one, and that it was cleared; each once."""
        run, key = self.context["dag_run"], self.execution.execution_id
        if by := run.triggering_user_name:
            asked = self.new_event(EventType.CLEANUP_ASKED, f"DAG run {run.run_id}", who=by)
            self.store.run(append_event(key, asked.replace(once=asked_once(run.run_id))))
        if run.clear_number:
            message = f"DAG run {run.run_id} was cleared; Airflow does not tell a task by whom"
            cleared = self.new_event(EventType.CLEANUP_ASKED, message)
            self.store.run(
                append_event(key, cleared.replace(once=f"cleared|{run.run_id}|{run.clear_number}"))
            )


def opened(context: Context) -> CleanUp:
    """Return the drill that a DAG run is to clean up.

    A run that was made for an earlier end of it, or was followed by another, is skipped.
    TransitionRefused for what is never cleaned up.
    """
    run, store = context["dag_run"], execution_store()
    execution = store.run(read_execution(str((run.conf or {}).get(EXECUTION_ID))))
    place = f"execution {execution.execution_id}"
    of_an_end = run.run_id.startswith(f"{execution.execution_id}__")
    if of_an_end and run.run_id != clean_up_run_id(execution):
        raise AirflowSkipException(
            f"{place} was opened again, or is cleaned up by another DAG run: each end has its own"
        )
    if not execution.final:
        raise TransitionRefused(f"{place} is {execution.status}: only what has ended is cleaned up")
    if not execution.is_drill:
        raise TransitionRefused(f"{place} is a {execution.execution_type}: only a drill is ever cleaned up")
    return CleanUp(store, context, execution, frozen_plan(store, execution.execution_id))


@contextmanager
def verdicts_on(context: Context) -> Iterator[CleanUp]:
    """Give the drill to clean up; what no retry can mend ends the task, and the clean-up FAILED on record.

    An error that may pass goes on to Airflow, which retries the task, and is written too when no retry is
    left. What cannot be written, the maintenance finds by the DAG run that has ended.
    """
    clean_up: CleanUp | None = None
    try:
        clean_up = opened(context)
        yield clean_up
    except AirflowSkipException:
        raise
    except NotBegun as error:
        raise AirflowFailException(_held(clean_up, error)) from error
    except Exception as error:
        final = isinstance(error, AirflowFailException | AirflowSensorTimeout) or is_final(error)
        text = str(error) or type(error).__name__
        if clean_up and (final or is_last_try(context)):
            with suppress(RecordError):
                event = clean_up.new_event(EventType.CLEANUP_FAILED, text)
                left = error.left if isinstance(error, InstancesLeft) else ()
                clean_up.write(CleanupStatus.FAILED, event, failure=text, left=left)
        if final:
            raise AirflowFailException(text) from error
        raise


def _held(clean_up: CleanUp | None, error: NotBegun) -> str:
    """Tell that a clean-up did nothing; what is due stays so, and is no failure of AWS's or ours."""
    text = str(error)
    if clean_up is None:
        return text
    if clean_up.execution.cleanup_due is not None:
        text += ". A task before it was marked, and Airflow does not tell by whom: another DAG run follows"
    run_id = clean_up.context["dag_run"].run_id
    event = clean_up.new_event(EventType.CLEANUP_HELD, text)
    clean_up.store.run(
        append_event(clean_up.execution.execution_id, event.replace(once=f"held|{run_id}|{text}"))
    )
    return text
