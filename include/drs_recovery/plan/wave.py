"""A wave of a plan, as a plan file says it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import (
    Field,
    StrictBool,
)

from drs_recovery.names import group_id
from drs_recovery.plan.actions import Actions
from drs_recovery.plan.checks import Check
from drs_recovery.plan.gates import ApprovalsNeeded
from drs_recovery.plan.launch import Launch
from drs_recovery.plan.servers import Servers
from drs_recovery.plan.values import (
    ConnectionId,
    Duration,
    Frozen,
    Line,
    MinimumLaunched,
    Region,
)
from drs_recovery.record.recovery_point import PlanPoint


class Wave(Frozen):
    """Source servers that are launched together."""

    name: Line = Field(description="Name of the wave; its task group is named after it.")
    pause_before_wave: StrictBool = Field(
        default=False, description="Whether the wave waits for an approval."
    )
    servers: Servers = Field(
        description="Source servers to launch: a list of source server ids, or {tags: {key: value}}."
    )
    approvers: tuple[Line, ...] | None = Field(
        default=None, description="Approvers of this wave's gate. Absent: those of the plan."
    )
    approvals_needed: ApprovalsNeeded | None = Field(
        default=None, description="How many of them must approve. Absent: as many as the plan says."
    )
    requester_may_approve: StrictBool | None = Field(
        default=None, description="Whether who asked for the run may approve. Absent: as the plan says."
    )
    break_glass: tuple[Line, ...] | None = Field(
        default=None, description="Who passes this wave's gate alone. Absent: those of the plan."
    )
    region: Region | None = Field(
        default=None, description="AWS Region that DRS recovers its servers to. Absent: the plan's."
    )
    aws_conn_id: ConnectionId | None = Field(
        default=None,
        description="Airflow connection with the account and role to use for it. Absent: the plan's.",
    )
    depends_on: tuple[Line, ...] | None = Field(
        default=None,
        description="Names of the waves to wait for. Absent: the wave before. []: none, it starts at once.",
    )

    optional: Servers | None = Field(
        default=None,
        description="Those of its servers that may fail to launch: a list of source server ids, or"
        " {tags: {key: value}}. Absent: none.",
    )
    minimum_launched: MinimumLaunched | None = Field(
        default=None,
        description="How many of its servers that are not optional must be launched: a number, or a"
        " percentage such as 80%, rounded up. Absent: all of them.",
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop",
        description="What a wave that failed or timed out means for those that depend on it: stop them, or"
        " continue with them.",
    )
    checks: tuple[Check, ...] = Field(
        default=(), description="What must be true of each launched server, before it counts as well."
    )
    timeout: Duration = Field(
        default=timedelta(hours=4),
        description="How long after its start the wave may take, such as 90m or 4h. Then it is TIMED_OUT.",
    )
    recovery_point: PlanPoint | None = Field(
        default=None, description="From which data its servers are launched. Absent: as the plan says."
    )
    launch: Launch | None = Field(
        default=None,
        description="As what, and where, its servers are launched. What is absent stays as it is in DRS.",
    )
    launch_in_drills: Launch | None = Field(
        default=None, description="What is different in drills: it goes over launch, key by key."
    )
    before: Actions | None = Field(
        default=None, description="Actions after its approval and before its servers are launched, in order."
    )
    after: Actions | None = Field(default=None, description="Actions once its policy is met, in order.")

    @property
    def slug(self) -> str:
        """The id of the wave's task group."""
        return group_id(self.name)
