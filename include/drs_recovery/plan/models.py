"""What a recovery plan is: the models that a plan file is read into."""

from __future__ import annotations

from datetime import timedelta
from itertools import islice
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StrictBool,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from drs_recovery.errors import PlanError
from drs_recovery.names import MOST_WAVES
from drs_recovery.plan import graph
from drs_recovery.plan.actions import Action, Actions, Moment
from drs_recovery.plan.frozen import FrozenPlan, frozen_text, identity, identity_in_0_1
from drs_recovery.plan.gates import ApprovalsNeeded
from drs_recovery.plan.preflight import Preflight
from drs_recovery.plan.problems import MOST_PROBLEMS
from drs_recovery.plan.rules import findings, sketch
from drs_recovery.plan.target import OWN_CONNECTION, Target
from drs_recovery.plan.values import (
    ConnectionId,
    Cron,
    DagId,
    Duration,
    Frozen,
    Line,
    PlanTier,
    Region,
    Text,
)
from drs_recovery.plan.wave import Wave
from drs_recovery.record.recovery_point import PlanPoint
from drs_recovery.record.tier import USUAL_TIER

BROKEN_RULES = "broken_rules"
"""Type of the validation error that tells of rules between values; all others are about one value."""


class PlanFile(Frozen):
    """What a plan file says."""

    name: Line = Field(description="Name of the plan, as people say it.")
    description: Text = Field(description="What is recovered, and what to know when it is.")
    owner: Line = Field(description="The team that answers for the plan.")
    region: Region = Field(
        description="AWS Region that DRS recovers to, such as eu-west-1; of waves that do not say another."
    )
    aws_conn_id: ConnectionId = Field(
        default=OWN_CONNECTION,
        description="Airflow connection with the account and role to use; of waves that do not say another.",
    )
    tier: PlanTier = Field(
        default=USUAL_TIER,
        description="Who goes first when DRS is short of room: a number from 1, first, to 5.",
    )
    rto: Duration | None = Field(
        default=None, description="Recovery time objective: how long an execution may take, such as 4h."
    )
    rpo: Duration | None = Field(
        default=None,
        description="Recovery point objective: how old the data may be at the start, such as 15m.",
    )
    preflight: Preflight = Field(
        default=Preflight(),
        description="Checks before anything is launched, and whether a problem blocks or warns.",
    )
    approvers: tuple[Line, ...] = Field(
        default=(),
        description="User ids, as Airflow's auth manager gives them, of those who may answer gates."
        " Empty: anyone who may answer gates in Airflow.",
    )
    approvals_needed: ApprovalsNeeded = Field(
        default=1,
        description="How many different people must approve at a gate: a number, or {drill: 1, recovery: 2}.",
    )
    requester_may_approve: StrictBool = Field(
        default=True, description="Whether who asked for the run may approve at its gates."
    )
    break_glass: tuple[Line, ...] = Field(
        default=(),
        description="User ids of those who are no approvers, and whose approval passes a gate alone, with a"
        " reason; loudly on record.",
    )
    gate_timeout: Duration = Field(
        default=timedelta(hours=24),
        description="How long a gate waits, such as 30m, 24h or 2d. No answer: the execution is CANCELLED.",
    )
    drill_schedule: Cron | None = Field(
        default=None, description="When to drill by itself: a cron expression of five fields, in UTC."
    )
    drill_approvals: Literal["none", "as_planned"] = Field(
        default="none", description="Whether scheduled drills wait at the gates of the plan."
    )
    cleanup: Literal["after_approval", "always", "never"] = Field(
        default="never",
        description="Whether the recovery instances of a drill are terminated when it has ended, however it"
        " ended: once an approver says so, always, or never.",
    )
    cleanup_after: Duration | None = Field(
        default=None,
        description="How long after the end of the drill, such as 30m, 8h or 2d. Absent: at once.",
    )
    recovery_point: PlanPoint | None = Field(
        default=None,
        description="From which data servers are launched: latest; a time such as 2026-11-27T02:10:00Z, or"
        " {before: start}: of each server the newest snapshot that is not after it. Absent: latest.",
    )
    before: Actions | None = Field(default=None, description="Actions before the first wave, in order.")
    after: Actions | None = Field(default=None, description="Actions after the last wave, in order.")
    waves: Annotated[tuple[Wave, ...], Field(min_length=1)] = Field(
        description="The waves, in order.", json_schema_extra={"maxItems": MOST_WAVES}
    )

    @model_validator(mode="after")
    def _keeps_the_rules(self) -> Self:
        if broken := [message for _, message in islice(findings(sketch(self.content())), MOST_PROBLEMS)]:
            raise PydanticCustomError(BROKEN_RULES, "{rules}", {"rules": "; ".join(broken)})
        return self

    def content(self) -> dict[str, Any]:
        """Return all that the plan says as plain data, defaults written out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Plan(PlanFile):
    """A recovery plan: one YAML file, one DAG."""

    id: DagId = Field(description="DAG id of the plan: the stem of its file.")

    @property
    def dependencies(self) -> graph.Dependencies:
        """For each wave number, the numbers of the waves that it waits for, ascending."""
        return graph.dependencies(
            [wave.name for wave in self.waves], [wave.depends_on for wave in self.waves]
        )

    @property
    def last_waves(self) -> tuple[int, ...]:
        """The numbers of the waves that no wave waits for."""
        return graph.last_waves(self.dependencies)

    @property
    def targets(self) -> dict[Target, tuple[int, ...]]:
        """Where its waves are recovered to, in their order, each with the numbers of its waves."""
        numbers: dict[Target, list[int]] = {}
        for number in range(len(self.waves)):
            numbers.setdefault(self.target(number), []).append(number)
        return {target: tuple(there) for target, there in numbers.items()}

    def target(self, number: int) -> Target:
        """Return where a wave is recovered to: what it says itself, and for the rest what the plan says."""
        wave = self.waves[number]
        return Target(wave.aws_conn_id or self.aws_conn_id, wave.region or self.region)

    def actions(self, moment: Moment, number: int | None = None) -> Actions:
        """Return the actions before or after a wave; of no wave: before or after the plan."""
        of = self if number is None else self.waves[number]
        return (of.before if moment == "before" else of.after) or ()

    @property
    def all_actions(self) -> tuple[tuple[int | None, Moment, Action], ...]:
        """Its actions in the order of the plan, each with the number of its wave, if it has one."""
        moments: tuple[Moment, Moment] = ("before", "after")
        of_waves = [(number, moment) for number in range(len(self.waves)) for moment in moments]
        places: list[tuple[int | None, Moment]] = [(None, "before"), *of_waves, (None, "after")]
        return tuple(
            (number, moment, action) for number, moment in places for action in self.actions(moment, number)
        )

    @property
    def hash(self) -> str:
        """The identity of the plan, in every release: of what it says, however its file is laid out."""
        return identity(self._without_defaults())

    @property
    def hashes(self) -> frozenset[str]:
        """What an execution of this very plan may have as its plan's hash, opened by any release."""
        return frozenset({self.hash, identity_in_0_1(self._without_defaults())})

    def dump(self, *, run_says_more: bool = False) -> str:
        """Return the plan as the text that it is frozen as, which ``load`` reads.

        ``run_says_more``: the run asks for what the oldest format does not know either.
        """
        return frozen_text(self.content(), self._without_defaults(), newest=run_says_more)

    @classmethod
    def load(cls, text: str) -> Self:
        """Return a plan that some release froze; raises PlanError for a newer format, and for other text."""
        try:
            if complaint := FrozenPlan.model_validate_json(text).complaint:
                raise PlanError([complaint])
            return cls.model_validate_json(text, extra="ignore")
        except ValidationError as error:
            raise PlanError([_line(details) for details in error.errors(include_url=False)]) from error

    def _without_defaults(self) -> dict[str, Any]:
        """Return what the plan says beside defaults; a wave that repeats the plan's place says nothing."""
        said = self.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        own = {"region": self.region, "aws_conn_id": self.aws_conn_id}
        return said | {"waves": [_without(wave, own) for wave in said["waves"]]}


def same_plan(one: str, other: str) -> bool:
    """Whether two frozen texts say the same, whichever releases wrote them."""
    return one == other or Plan.load(one).hash == Plan.load(other).hash


def _without(wave: dict[str, Any], repeated: dict[str, str]) -> dict[str, Any]:
    return {key: value for key, value in wave.items() if value != repeated.get(key)}


def _line(details: ErrorDetails) -> str:
    place = ".".join(str(part) for part in details["loc"])
    return f"the dumped plan: {place}: {details['msg']}"
