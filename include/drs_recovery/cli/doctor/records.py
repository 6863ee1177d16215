"""Whether this release can read what is on record, and may go on with what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery import __version__
from drs_recovery.cli.doctor.examine import MEND
from drs_recovery.cli.doctor.finding import Found, fault, ok
from drs_recovery.errors import ExecutionNotFound, RecordUnreadable
from drs_recovery.plan.frozen import FrozenPlan
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.queries import open_executions
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.record.models import Execution


def check(it: Installation) -> Iterator[Found]:
    """Yield what cannot be read, and executions in flight that are not for this release."""
    newest, unreadable = it.executions, [*it.unreadable]
    running = it.store.run(open_executions(passed_over=unreadable.append))
    unreadable = list(dict.fromkeys(unreadable))
    for text in unreadable:
        yield fault(text, MEND)
    heads = {execution.execution_id: _head(it, execution) for execution in running}
    complaints = [
        (execution, head.complaint)
        for execution in running
        if (head := heads[execution.execution_id]) and head.complaint
    ]
    for execution, complaint in complaints:
        yield fault(
            f"{execution.plan_id}, {execution.execution_id}: {complaint}",
            "Bring the workers to that release before they go on with it.",
        )
    if not unreadable and not complaints:
        yield ok(_read(newest, running, {head.release for head in heads.values() if head}))


def _head(it: Installation, execution: Execution) -> FrozenPlan | None:
    """Return who froze the plan of an execution, and how; None before that."""
    try:
        return FrozenPlan.model_validate_json(it.store.run(read_plan(execution.execution_id)))
    except (ExecutionNotFound, RecordUnreadable):
        return None


def _read(newest: list[Execution], running: list[Execution], releases: set[str]) -> str:
    if not newest:
        return "no execution is on record yet"
    text = f"the newest can be read: {plural(len(newest), 'execution')}, {len(running)} in flight"
    return text + (f", opened by release {listed(sorted(releases))}" if releases - {__version__} else "")
