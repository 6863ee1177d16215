"""What a recovery plan is, and how it is read from a file. No Airflow, no AWS."""

from __future__ import annotations

from recovery.plan.models import Plan, PlanFile, ServerTags, Wave
from recovery.plan.policy import Policy, misfits, policies
from recovery.plan.preflight import Check, Preflight
from recovery.plan.reader import check_files, files_of_stem, plan_stems, read_plan, read_plans
from recovery.plan.schema import json_schema
from recovery.plan.selection import Selection, SourceServer, resolve
from recovery.plan.together import heaviest_together

__all__ = [
    "Check",
    "Plan",
    "PlanFile",
    "Policy",
    "Preflight",
    "Selection",
    "ServerTags",
    "SourceServer",
    "Wave",
    "check_files",
    "files_of_stem",
    "heaviest_together",
    "json_schema",
    "misfits",
    "plan_stems",
    "policies",
    "read_plan",
    "read_plans",
    "resolve",
]
