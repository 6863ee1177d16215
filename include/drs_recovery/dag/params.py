"""The run params of a plan's DAG: the form in Airflow's UI, and what its REST API checks by itself.

The rules across params are in `drs_recovery.record.params`; `open_execution` holds every run to them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import Param

from drs_recovery.record.params import RunParams

if TYPE_CHECKING:
    from drs_recovery.plan import Plan

CHOICES = {
    "DRILL": "DRILL: launches drill instances beside what runs",
    "RECOVERY": "RECOVERY: the real thing; needs `confirm`",
    "as_planned": "as planned",
    "every_wave": "before every wave",
    "none": "none (drills only)",
}

POINT = (
    "Instead of the plan's: `latest`, a time such as `2026-11-27T02:10:00Z`, or `before start`: of each "
    "server the newest recovery snapshot that is not after it."
)


def run_params(plan: Plan) -> dict[str, Param]:
    """Return the params of the plan's DAG; names, order and defaults are those of `RunParams`."""
    choice: dict[str, Any] = {"type": "string", "values_display": CHOICES, "source": "dag"}
    text: dict[str, Any] = {"type": ["null", "string"], "maxLength": 1000, "source": "dag"}
    params = {
        "execution_type": Param("DRILL", title="Execution type", enum=["DRILL", "RECOVERY"], **choice),
        "confirm": Param(None, title="Confirm", description=_confirm(plan), **text),
        "replace_recovered": Param(
            None, title="Replace recovered servers", description=_replace(plan), **text
        ),
        "approvals": Param(
            "as_planned", title="Approvals", enum=["as_planned", "every_wave", "none"], **choice
        ),
        "reason": Param(None, title="Reason", description="Why; kept in the audit trail.", **text),
        "recovery_point": Param(None, title="Recovery point", description=POINT, **text),
        "recovery_points": Param(
            None,
            title="Recovery snapshots",
            description='Of single servers: `{"s-…": "pit-…"}`.',
            type=["null", "object"],
            source="dag",
        ),
    }
    if params.keys() != RunParams.model_fields.keys():
        raise TypeError(f"the form has {sorted(params)}, RunParams has {sorted(RunParams.model_fields)}")
    return params


def _confirm(plan: Plan) -> str:
    return f"For a RECOVERY: repeat the plan's id, `{plan.id}`."


def _replace(plan: Plan) -> str:
    return (
        f"Only to recover again servers that were recovered before: the plan's id, `{plan.id}`. "
        "DRS terminates their present recovery instances, with all data written there since."
    )
