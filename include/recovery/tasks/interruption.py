"""Why `complete_execution` runs although waves have not ended: somebody, or something, ended the DAG run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.execution import EventType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from recovery.execution import Event, Execution

FORCED = frozenset({"skipped", "removed"})
"""States that no task of ours takes by itself: it is given them when a person forces the run's state."""


def interruption(
    execution: Execution, events: Sequence[Event], task_states: Mapping[str, str | None]
) -> str | None:
    """Return what ended the run before its waves, in words; None when the record itself says it.

    ``task_states`` are those of the other tasks of the run, by task id. They are evidence of what a person
    did to the run, never of what was recovered.
    """
    unfinished = [wave for wave in execution.waves if not wave.status.final]
    if not unfinished or execution.failure or execution.superseded_by:
        return None
    if any(wave.status.final and not wave.status.met for wave in execution.waves):
        return None
    if refusals := [event.detail for event in events if event.type is EventType.REFUSED and event.detail]:
        return refusals[-1]
    if not any(state == "failed" for state in task_states.values()):
        return "the DAG run, or a task of it, was marked by hand"
    if FORCED & set(task_states.values()):
        return "the DAG run was ended by hand"
    return None


def failed_tasks(task_states: Mapping[str, str | None]) -> str:
    """Return the tasks that failed, for an outcome that the record cannot explain."""
    return ", ".join(sorted(task for task, state in task_states.items() if state == "failed")) or "none"
