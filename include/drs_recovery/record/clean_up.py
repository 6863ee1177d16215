"""The DAG runs that clean an execution up: one for each end that it has, and others where one was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from drs_recovery.record.base import iso

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution

EXECUTION_ID = "execution_id"
"""Its one run param."""


class Counted(Protocol):
    """What counts the DAG runs that it takes."""

    @property
    def attempt(self) -> int:
        """Which of them is due."""


def clean_up_run_id(execution: Execution) -> str:
    """Return the id of the DAG run that cleans up after this end: started twice it is started once.

    If it ended with its work not done, no matter who stopped it, another one follows.
    """
    return follow_up_run_id(execution, execution.cleanup)


def follow_up_run_id(execution: Execution, known: Counted | None) -> str:
    """Return the id of the DAG run of a follow-up that is this far: each kind has a DAG of its own."""
    ended = iso(execution.end_time) if execution.end_time else "not-ended"
    attempt = known.attempt if known else 1
    return f"{execution.execution_id}__{ended}" + (f"__{attempt}" if attempt > 1 else "")


def asked_once(run_id: str) -> str:
    """Return what names the event that somebody asked for a DAG run, whoever writes it."""
    return f"asked|{run_id}"


def current_run_id(execution: Execution) -> str:
    """Return the id of the DAG run that wrote of the clean-up last; one by hand may have another id."""
    known = execution.cleanup.dag_run_id if execution.cleanup else None
    return known or clean_up_run_id(execution)
