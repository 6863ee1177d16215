"""What a person may say when a run is started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from drs_recovery.errors import ParamsError
from drs_recovery.record.enums import Approvals, ExecutionType
from drs_recovery.record.reasons import given_reason
from drs_recovery.record.recovery_point import RunPoint, ServerId, SnapshotId

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

MANUAL = "manual"
"""Airflow's run type of a run that a person, or a program for one, asked for."""


class RunParams(BaseModel):
    """The params of a run; the JSON schema of the trigger form is this model's."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    execution_type: ExecutionType = Field(
        default=ExecutionType.DRILL,
        description="DRILL rehearses beside the source servers; RECOVERY is real.",
    )
    confirm: str | None = Field(default=None, description="For a RECOVERY: the id of this DAG, typed again.")
    replace_recovered: str | None = Field(
        default=None,
        description="The id of this DAG, typed again: this RECOVERY may replace an earlier one's instances.",
    )
    approvals: Approvals = Field(
        default=Approvals.AS_PLANNED,
        description="Gates that wait: those of the plan, every_wave, or none (drills only).",
    )
    reason: str | None = Field(default=None, description="Why; kept in the execution record.")

    recovery_point: RunPoint | None = Field(
        default=None,
        description="Instead of the plan's: latest, a time such as 2026-11-27T02:10:00Z, or `before start`.",
    )
    recovery_points: dict[ServerId, SnapshotId] | None = Field(
        default=None, description="Recovery snapshots of single servers: {s-…: pit-…}."
    )

    @field_validator("recovery_point", mode="before")
    @classmethod
    def _empty_is_absent(cls, value: object) -> object:
        return given_reason(value) if isinstance(value, str) else value

    @field_validator("confirm", "replace_recovered", "reason")
    @classmethod
    def _absent_is_absent(cls, value: str | None) -> str | None:
        return given_reason(value)

    @classmethod
    def read(cls, params: object) -> Self:
        """Return the params of a run; ParamsError lists each problem with its place and value."""
        try:
            return cls.model_validate(params)
        except ValidationError as error:
            raise ParamsError("; ".join(map(_problem_text, error.errors()))) from error

    def check(self, plan_id: str, run_type: str) -> None:
        """Raise ParamsError, naming every rule across params that is broken.

        ``run_type`` is Airflow's: ``manual``, ``scheduled``, ``backfill`` …
        """
        real = self.execution_type is ExecutionType.RECOVERY
        broken = (*self._recovery_rules(plan_id, run_type),) if real else (*self._drill_rules(),)
        if real and self.replace_recovered not in {None, plan_id}:
            broken += (f"replace_recovered: must be {plan_id!r}, not {self.replace_recovered!r}",)
        if broken:
            raise ParamsError("; ".join(broken))

    def _recovery_rules(self, plan_id: str, run_type: str) -> list[str]:
        broken = []
        if run_type != MANUAL:
            broken.append(
                f"execution_type: a RECOVERY starts only in a manual run, not in one that is {run_type}: no "
                "schedule and no other DAG decides on it"
            )
        if self.confirm != plan_id:
            given = "and it is missing" if self.confirm is None else f"not {self.confirm!r}"
            broken.append(f"confirm: a RECOVERY repeats the id of its DAG, {plan_id!r}, {given}")
        if self.approvals is Approvals.NONE:
            broken.append(
                "approvals: 'none' is for drills only, a RECOVERY takes 'as_planned' or 'every_wave'"
            )
        return broken

    def _drill_rules(self) -> list[str]:
        broken = []
        if self.confirm is not None:
            broken.append(
                f"confirm: is {self.confirm!r} but execution_type is DRILL: "
                "say execution_type RECOVERY, or leave confirm out"
            )
        if self.replace_recovered is not None:
            broken.append("replace_recovered: a DRILL never replaces real recovery instances, leave it out")
        return broken


def _problem_text(problem: ErrorDetails) -> str:
    place = ".".join(map(str, problem["loc"])) or "params"
    if problem["type"] == "extra_forbidden":
        return f"{place}: no such param; there are {', '.join(RunParams.model_fields)}"
    return f"{place}: {problem['msg']}, not {problem['input']!r}"
