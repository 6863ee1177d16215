"""What a recovery plan is, and how it is read from a file. No Airflow, no AWS."""

from __future__ import annotations

from drs_recovery.plan.concurrency import heaviest_together
from drs_recovery.plan.groups import Group, group_ids, groups_beside
from drs_recovery.plan.models import Plan, PlanFile, same_plan
from drs_recovery.plan.policy import Policy, misfits, policies
from drs_recovery.plan.preflight import Preflight
from drs_recovery.plan.reader import (
    check_files,
    files_of_stem,
    plan_stems,
    read_group,
    read_groups,
    read_plan,
    read_plans,
)
from drs_recovery.plan.schema import json_schema
from drs_recovery.plan.selection import Selection, SourceServer, resolve, selected, servers_of
from drs_recovery.plan.servers import AnyOf, ServerTags
from drs_recovery.plan.target import Target
from drs_recovery.plan.wave import Wave

__all__ = [
    "AnyOf",
    "Group",
    "Plan",
    "PlanFile",
    "Policy",
    "Preflight",
    "Selection",
    "ServerTags",
    "SourceServer",
    "Target",
    "Wave",
    "check_files",
    "files_of_stem",
    "group_ids",
    "groups_beside",
    "heaviest_together",
    "json_schema",
    "misfits",
    "plan_stems",
    "policies",
    "read_group",
    "read_groups",
    "read_plan",
    "read_plans",
    "resolve",
    "same_plan",
    "selected",
    "servers_of",
]
