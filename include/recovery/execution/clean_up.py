"""The DAG run that cleans an execution up: one for each end that the execution has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.execution.record import iso

if TYPE_CHECKING:
    from recovery.execution.models import Execution

CLEAN_UP = "recovery_clean_up"
"""The DAG that cleans up."""

EXECUTION_ID = "execution_id"
"""Its one run param."""


def clean_up_run_id(execution: Execution) -> str:
    """Return the id of the DAG run that cleans up after this end: started twice it is started once."""
    ended = iso(execution.end_time) if execution.end_time else "not-ended"
    return f"{execution.execution_id}__{ended}"


def current_run_id(execution: Execution) -> str:
    """Return the id of the DAG run that wrote of the clean-up last; one by hand may have another id."""
    known = execution.cleanup.dag_run_id if execution.cleanup else None
    return known or clean_up_run_id(execution)
