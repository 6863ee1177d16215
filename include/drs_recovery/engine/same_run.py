"""What a DAG run asks for, and whether it is the one that opened its execution.

All that permits anything is frozen in the record, and an execution's id is made of dag id and run id. Whoever
deletes a DAG run may use its run id again, with other params, and another Airflow on the same table may have
the same plans and run ids. Such a run is refused by every task, and changes nothing of what the first one did
(the hierarchy of trust in ``docs/security.md``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from drs_recovery.errors import AddressMissing, RunDiffers
from drs_recovery.record.base import iso, shorten
from drs_recovery.record.enums import ExecutionType
from drs_recovery.record.reasons import given_reason
from drs_recovery.record.run_request import RunRequest
from drs_recovery.record.texts import same_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.record.models import Execution

AIRFLOW = "its Airflow"
NO_ADDRESS = (
    "this Airflow has no address, [api] base_url, and cannot tell its executions from those of another on "
    "the table: it ends none whose DAG run is gone, and starts no clean-up. Set AIRFLOW__API__BASE_URL in "
    "all of its components, to the address that people use"
)
REASON = "reason"


@dataclass(frozen=True)
class Run:
    """A DAG run as Airflow has it: its kind, its params as they were given, and the user who triggered it.

    ``run_type`` is Airflow's: ``manual``, ``scheduled``, ``backfill`` … ``airflow_url`` is the address by
    which its Airflow calls itself; it is absent where none is configured.
    """

    dag_id: str
    run_id: str
    run_type: str
    run_after: datetime | None = None
    conf: Mapping[str, Any] = field(default_factory=dict)
    user: str | None = None
    airflow_url: str | None = None

    @property
    def execution_type(self) -> ExecutionType:
        """The type asked for; a run whose params are refused is on record as what it tried to be."""
        asked = self.conf.get("execution_type") == ExecutionType.RECOVERY.value
        return ExecutionType.RECOVERY if asked else ExecutionType.DRILL

    @property
    def requested_by(self) -> str:
        """The user who triggered the run, as Airflow knows them, or what did."""
        return self.user or f"airflow ({self.run_type})"

    @property
    def request(self) -> RunRequest:
        """What the run asks for, as the record keeps it."""
        return RunRequest.of(self.conf, run_type=self.run_type, run_after=self.run_after)

    @property
    def reason(self) -> str | None:
        """The reason that was given, as the record has room for it."""
        given = given_reason(self.text("reason"))
        return shorten(given) if given else None

    def text(self, param: str) -> str | None:
        """Return a param as it was given; absent if it is empty, or no text."""
        value = self.conf.get(param)
        return value if isinstance(value, str) and value else None


def check_address(execution: Execution) -> None:
    """Raise AddressMissing for a drill that nobody would clean up; a RECOVERY orders nothing for later."""
    if execution.airflow_url is None and execution.is_drill:
        raise AddressMissing(NO_ADDRESS)


def check_same_run(record: Execution, run: Run) -> None:
    """Raise RunDiffers, naming what differs, unless this very DAG run opened the execution."""
    here, held = _of_run(run, record), _on_record(record)
    other = [name for name, value in held.items() if not _is_same_value(name, value, here[name])]
    if not other:
        return
    named = [f"{name}: {_value_text(here[name])}, on record {_value_text(held[name])}" for name in other]
    if AIRFLOW in other:
        advice = (
            "Two Airflows share this table, with equal plan and run id: give each a table of its own, or "
            "start a new run under another run id. An Airflow that got a new address takes its old one back "
            "until the execution has ended"
        )
    else:
        advice = "Its run id was used before: start a new run, under a run id that never was"
    raise RunDiffers(
        f"this DAG run, triggered by {run.requested_by}, is not the one that opened execution "
        f"{record.execution_id}, and changes nothing of it ({'; '.join(named)}). {advice}"
    )


def _of_run(run: Run, record: Execution) -> dict[str, Any]:
    return {
        AIRFLOW: run.airflow_url,
        "DAG": run.dag_id,
        "run id": run.run_id,
        "triggered by": run.requested_by,
        "execution_type": run.execution_type.value,
        REASON: _reason(run, record),
        **_asked(run.request),
    }


def _reason(run: Run, record: Execution) -> str | None:
    """Return the reason of a run as its record holds it: 0.1 kept what is blank around it."""
    return record.reason if same_text(record.reason, run.text(REASON)) else run.reason


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


def _is_same_value(name: str, held: Any, here: Any) -> bool:
    """Whether both are equal; the reason, and nothing else, may stand shortened on record."""
    return same_text(held, here) if name == REASON else bool(held == here)


def _value_text(value: Any) -> str:
    if isinstance(value, datetime):
        return iso(value)
    return "none" if value is None else repr(value)
