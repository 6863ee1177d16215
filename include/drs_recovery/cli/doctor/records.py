"""Whether this release can read what is on record, and may go on with what runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError

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
    from collections.abc import Iterable, Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.record.models import Execution
    from drs_recovery.store.passed_over import PassedOver


def check(it: Installation) -> Iterator[Found]:
    """Yield what cannot be read, and executions in flight that are not for this release."""
    newest, unreadable = it.executions, [*it.unreadable]
    running = it.store.run(open_executions(passed_over=unreadable.append))
    heads = list(_heads(it, running, unreadable.append))
    unreadable = list(dict.fromkeys(unreadable))
    for text in unreadable:
        yield fault(text, MEND)
    complaints = [(execution, head.complaint) for execution, head in heads if head.complaint]
    for execution, complaint in complaints:
        yield fault(
            f"{execution.plan_id}, {execution.execution_id}: {complaint}",
            "Bring the workers to that release before they go on with it.",
        )
    if not unreadable and not complaints:
        yield ok(_read(newest, running, {head.release for _, head in heads}))


def _heads(
    it: Installation, running: Iterable[Execution], passed_over: PassedOver
) -> Iterator[tuple[Execution, FrozenPlan]]:
    """Yield executions whose plan is frozen, with who froze it, and how; others have none yet."""
    for execution in running:
        try:
            head = FrozenPlan.model_validate_json(it.store.run(read_plan(execution.execution_id)))
        except ExecutionNotFound:
            continue
        except RecordUnreadable as error:
            passed_over(str(error))
        except ValidationError as error:
            why = error.errors()[0]["msg"]
            passed_over(f"the frozen plan of execution {execution.execution_id!r} cannot be read: {why}")
        else:
            yield execution, head


def _read(newest: list[Execution], running: list[Execution], releases: set[str]) -> str:
    if not newest:
        return "no execution is on record yet"
    text = f"the newest can be read: {plural(len(newest), 'execution')}, {len(running)} in flight"
    return text + (f", opened by release {listed(sorted(releases))}" if releases - {__version__} else "")
