"""The files of plans and groups as commands find them: below the folder that they are called in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from drs_recovery.cli.exits import UsageError
from drs_recovery.plan import files_of_stem, plan_stems, read_plan, read_plans
from drs_recovery.text.lists import did_you_mean, listed, quoted

if TYPE_CHECKING:
    from drs_recovery.plan import Plan

PLANS = Path("dags/plans")


def plan_named(named: str) -> Plan:
    """Return the plan of an id, or of a file; raises PlanError for one that is broken, or UsageError."""
    path = Path(named)
    if path.suffix and path.is_file():
        return read_plan(path)
    if not files_of_stem(PLANS, named):
        raise UsageError(f"no plan {quoted(named)} is in {PLANS}{_there(named)}")
    plan = read_plans(PLANS, only=named)[named]
    if isinstance(plan, Exception):
        raise plan
    return plan


def _there(named: str) -> str:
    try:
        stems = sorted(plan_stems(PLANS))
    except OSError as error:
        return f": {error.strerror or error}. It is looked for below the folder that you are in"
    return f"{did_you_mean(named, stems) or ';'} those there are {listed(map(quoted, stems))}"
