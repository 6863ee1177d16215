"""Whether a DAG run is the one that opened its execution: all that permits anything is frozen in the record.

An execution's id is made of dag id and run id. Whoever deletes a DAG run may use its run id again, with other
params, and another Airflow on the same table may have the same plans and run ids. Such a run is refused by
every task, and changes nothing of what the first one did (the hierarchy of trust in ``docs/security.md``).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from drs_recovery.errors import RunDiffers
from drs_recovery.record.base import iso
from drs_recovery.record.texts import same_text
from drs_recovery.store.queries import read_execution
from drs_recovery.tasks.airflow_runs import this_airflow
from drs_recovery.tasks.base import id_of
from drs_recovery.tasks.request import (
    execution_type,
    raw_reason,
    reason_of,
    requested_by,
    run_request,
)

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import DagRunProtocol

    from drs_recovery.record.models import Execution
    from drs_recovery.record.run_request import RunRequest
    from drs_recovery.store.store import ExecutionStore

AIRFLOW = "its Airflow"
REASON = "reason"


def own_record(store: ExecutionStore, context: Context) -> Execution:
    """Return the execution that this DAG run opened, as it is on record; RunDiffers if another run did."""
    record = store.run(read_execution(id_of(context)))
    check_same_run(record, context["dag_run"])
    return record


def check_same_run(record: Execution, run: DagRunProtocol) -> None:
    """Raise RunDiffers, naming what differs, unless this very DAG run opened the execution."""
    here, held = _of_run(run, record), _on_record(record)
    other = [name for name, value in held.items() if not _same(name, value, here[name])]
    if not other:
        return
    named = [f"{name}: {_text(here[name])}, on record {_text(held[name])}" for name in other]
    if AIRFLOW in other:
        advice = (
            "Two Airflows share this table, with equal plan and run id: give each a table of its own, or "
            "start a new run under another run id. An Airflow that got a new address takes its old one back "
            "until the execution has ended"
        )
    else:
        advice = "Its run id was used before: start a new run, under a run id that never was"
    raise RunDiffers(
        f"this DAG run, triggered by {requested_by(run)}, is not the one that opened execution "
        f"{record.execution_id}, and changes nothing of it ({'; '.join(named)}). {advice}"
    )


def _of_run(run: DagRunProtocol, record: Execution) -> dict[str, Any]:
    return {
        AIRFLOW: this_airflow(),
        "DAG": run.dag_id,
        "run id": run.run_id,
        "triggered by": requested_by(run),
        "execution_type": execution_type(run).value,
        REASON: _reason(run, record),
        **_asked(run_request(run)),
    }


def _reason(run: DagRunProtocol, record: Execution) -> str | None:
    """Return the reason of a run as its record holds it: the release before kept what is blank around it."""
    return record.reason if same_text(record.reason, raw_reason(run)) else reason_of(run)


def _on_record(record: Execution) -> dict[str, Any]:
    """Return what is on record of the run that opened the execution; earlier releases wrote less."""
    known = {
        AIRFLOW: record.airflow_url,
        "triggered by": record.requested_by,
    }
    return {
        **{name: value for name, value in known.items() if value is not None},
        "DAG": record.plan_id,
        "run id": record.dag_run_id,
        "execution_type": record.execution_type.value,
        REASON: record.reason,
        **(_asked(record.request) if record.request else {}),
    }


def _asked(request: RunRequest) -> dict[str, Any]:
    return {
        "kind of run": request.run_type,
        "run after": request.run_after,
        "confirm": request.confirm,
        "replace_recovered": request.replace_recovered,
        "approvals": request.approvals,
        "params": request.conf_hash,
    }


def _same(name: str, held: Any, here: Any) -> bool:
    """Whether both are equal; the reason, and nothing else, may stand shortened on record."""
    return same_text(held, here) if name == REASON else bool(held == here)


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return "none" if value is None else repr(value)
