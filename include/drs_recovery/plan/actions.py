"""Actions: what a plan lets happen before and after its waves, and before and after all of them.

An action is a name, the keys that all have, and one key for its kind with what that kind needs. A new kind is
a model here, a field of ``Action``, and a file in ``drs_recovery/tasks/actions``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, WithJsonSchema

from drs_recovery.names import action_task
from drs_recovery.plan.document import UNREADABLE
from drs_recovery.plan.values import ConnectionId, DagId, Duration, Frozen, Line, Matching, Region

Moment = Literal["before", "after"]
"""Where an action stands: before or after its wave, or the plan as a whole."""

MOST_RETRIES = 10
USUAL_LIMIT = timedelta(hours=1)
MOST_DATA = 16_000
"""Characters of the data of one action."""

OPERATOR = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)+$"
ZONE = r"^[A-Z0-9]{1,32}$"
DOCUMENT = r"^[A-Za-z0-9_\-.:/]{3,200}$"
FUNCTION = r"^[A-Za-z0-9_\-.:$]{1,170}$"
HEADER = r"^[A-Za-z0-9-]{1,100}$"
INSTANCE = r"^i-[0-9a-f]{8,17}$"
PATH = r"^(/|\{\{).*$"


def _data(value: object) -> Any:
    """Return plain data as it is; what the parser could not read is reported by it."""
    if value is UNREADABLE:
        return ""
    if isinstance(value, dict):
        return {str(key): _data(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_data(inner) for inner in value]
    if isinstance(value, str | bool | int):
        return value
    raise ValueError("holds a number that is not whole; in quotes it is text")


def _bounded(value: Any) -> Any:
    if len(str(value)) > MOST_DATA:
        raise ValueError(f"is too long; at most {MOST_DATA} characters are allowed")
    return value


def _retries(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_RETRIES:
        return value
    raise ValueError(f"is no number from 0 to {MOST_RETRIES}")


def _ttl(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 86_400:  # noqa: PLR2004
        return value
    raise ValueError("is no number of seconds from 1 to 86400")


def _texts(value: object) -> Any:
    """Return a text, which is a template, or a list of them."""
    if isinstance(value, str) and value:
        return value
    if isinstance(value, list | tuple) and value and all(isinstance(one, str) and one for one in value):
        return list(value)
    raise ValueError("is neither a text nor a list of texts")


def _targets(value: Any) -> Any:
    """Return on which instances a command runs; a mapping has one of two keys."""
    match value:
        case "launched":
            return value
        case {"tags": dict(tags)} if len(value) == 1 and tags and _all_texts(tags.values()):
            return value
        case {"instances": list(ids)} if len(value) == 1 and ids and _all_texts(ids):
            return value
    raise ValueError("is neither launched, nor {tags: {key: value}}, nor {instances: [i-…]}")


def _all_texts(values: Any) -> bool:
    return all(isinstance(value, str) and value for value in values)


Data = Annotated[Any, BeforeValidator(_data), AfterValidator(_bounded), WithJsonSchema({})]
Mapped = Annotated[dict[str, Data], AfterValidator(_bounded)]
Retries = Annotated[
    int, BeforeValidator(_retries), WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_RETRIES})
]
Texts = Annotated[
    Any,
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
SsmTargets = Annotated[
    Any,
    BeforeValidator(_targets),
    WithJsonSchema(
        {
            "anyOf": [
                {"const": "launched"},
                {"type": "object", "properties": {"tags": {"type": "object"}}, "required": ["tags"]},
                {"type": "object", "properties": {"instances": {"type": "array"}}, "required": ["instances"]},
            ]
        }
    ),
]


class HttpRequest(Frozen):
    """A request to an address that an Airflow connection holds, with its secrets."""

    connection: ConnectionId = Field(description="Airflow connection of the kind HTTP: address and secrets.")
    path: Annotated[str, Matching(PATH, "is no path: it begins with /")] = Field(
        default="/", description="Path below the connection's address."
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="POST", description="Method of the request."
    )
    body: Data | None = Field(default=None, description="Sent as JSON; a text is sent as it is.")
    headers: dict[Annotated[str, Matching(HEADER, "is no header's name")], str] = Field(
        default={}, description="Headers of the request; secrets stand in the connection."
    )


class _Aws(Frozen):
    region: Region | None = Field(default=None, description="AWS Region; absent: that of the wave.")
    aws_conn_id: ConnectionId | None = Field(
        default=None, description="Airflow connection; absent: that of the wave."
    )


class Lambda(_Aws):
    """A function of AWS Lambda that is invoked, and waited for."""

    function: Annotated[str, Matching(FUNCTION, "is no function's name or ARN")] = Field(
        description="Name or ARN of the function."
    )
    payload: Data | None = Field(default=None, description="What the function is given, as JSON.")


class Ssm(_Aws):
    """A document of AWS Systems Manager that is run: a command on instances, or an automation."""

    document: Annotated[str, Matching(DOCUMENT, "is no document's name or ARN")] = Field(
        description="Name or ARN of the document; its type decides what is run."
    )
    parameters: dict[str, Texts] = Field(default={}, description="Parameters of the document.")
    targets: SsmTargets | None = Field(
        default=None,
        description="On which instances a command runs: launched (those of the wave), {tags: {key: value}} or"
        " {instances: [i-…]}. An automation has none.",
    )


class Route53(_Aws):
    """A record of a hosted zone that is set, and waited for until all of Route 53's servers have it."""

    zone: Annotated[str, Matching(ZONE, "is no hosted zone's id, such as Z0123456789")] = Field(
        description="Id of the hosted zone."
    )
    record: Line = Field(description="Name of the record, such as shop.example.com.")
    type: Literal["A", "AAAA", "CNAME", "TXT"] = Field(description="Type of the record.")
    ttl: Annotated[int, BeforeValidator(_ttl), WithJsonSchema({"type": "integer"})] = Field(
        default=60, description="Seconds for which others may remember it."
    )
    values: Texts = Field(description="Its values: a list, or a template that becomes one.")


class Dag(Frozen):
    """Another DAG that is run, and waited for."""

    id: DagId = Field(description="DAG id.")
    conf: Mapped = Field(default={}, description="What its run is given.")


Spec = TypeVar("Spec", bound=Frozen)


class Action(Frozen):
    """Something that happens before or after a wave, or the plan: exactly one of the kinds, by its key."""

    name: Line = Field(description="Name of the action; its task is named after it.")
    only: Literal["drill", "recovery"] | None = Field(
        default=None, description="In which executions it runs. Absent: in all."
    )
    on_failure: Literal["stop", "continue"] = Field(
        default="stop", description="What its failure means: the execution FAILED, or it is told and goes on."
    )
    timeout: Duration | None = Field(
        default=None, description="How long it may take, such as 5m. Absent: 1h."
    )
    retries: Retries = Field(default=0, description="How often it is tried again after it was seen to fail.")
    repeatable: StrictBool | None = Field(
        default=None,
        description="Whether it may run again where nobody saw how it ended. Absent: false, and true for"
        " route53, wait and dag.",
    )
    http: HttpRequest | None = Field(default=None, description="Sends a request.")
    lambda_: Lambda | None = Field(default=None, alias="lambda", description="Invokes a Lambda function.")
    ssm: Ssm | None = Field(default=None, description="Runs a document of Systems Manager.")
    route53: Route53 | None = Field(default=None, description="Sets a DNS record.")
    wait: Duration | None = Field(
        default=None, description="Waits so long, or until an approver releases it."
    )
    dag: Dag | None = Field(default=None, description="Runs another DAG.")
    operator: (
        Annotated[str, Matching(OPERATOR, "is no path of a class, such as package.module.Class")] | None
    ) = Field(default=None, description="Runs an Airflow operator that RECOVERY_ACTION_OPERATORS allows.")
    with_: Mapped | None = Field(default=None, alias="with", description="Arguments of the operator.")

    @property
    def kind(self) -> str:
        """The key of its kind; a plan that breaks no rule has one."""
        return next(kind for kind in KINDS if getattr(self, FIELDS.get(kind, kind)) is not None)

    @property
    def may_repeat(self) -> bool:
        """Whether it may run again where nobody saw how it ended."""
        return self.kind in REPEATABLE if self.repeatable is None else self.repeatable

    @property
    def limit(self) -> timedelta:
        """How long it may take."""
        return self.timeout or USUAL_LIMIT

    def spec(self, model: type[Spec]) -> Spec:
        """Return what its kind needs, where it is of that kind."""
        found = getattr(self, FIELDS.get(self.kind, self.kind))
        if not isinstance(found, model):
            raise TypeError(f"the action {self.name!r} is of the kind {self.kind}")
        return found

    def task_name(self, moment: Moment) -> str:
        """Return the name of its task, in the group of its wave or in none."""
        return action_task(moment, self.name)

    def runs_in(self, execution_type: str) -> bool:
        """Whether it runs in executions of a type: DRILL or RECOVERY."""
        return self.only is None or self.only.upper() == execution_type


FIELDS = {"lambda": "lambda_"}
"""Fields of kinds whose key is a word of Python."""

KINDS = ("http", "lambda", "ssm", "route53", "wait", "dag", "operator")
REPEATABLE = frozenset({"route53", "wait", "dag"})
"""Kinds that do no more harm the second time: a value that is set again, a run that is found again."""

Actions = Annotated[tuple[Action, ...], Field(min_length=1)]
