"""The single values of a plan: source server ids, Regions, durations, schedules, names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)
from pydantic_core.core_schema import no_info_after_validator_function

from drs_recovery import names
from drs_recovery.record.tier import FIRST_TIER, LAST_TIER

if TYPE_CHECKING:
    from pydantic_core import CoreSchema

SOURCE_SERVER_ID = r"^s-[0-9a-zA-Z]{17}$"
REGION = r"^[a-z]{2,4}(-[a-z]+){1,2}-[0-9]{1,2}$"
CONNECTION_ID = r"^[A-Za-z0-9_#!().:/\\-]{1,250}$"
DURATION = r"^(?=.)([0-9]{1,5}d)?([0-9]{1,5}h)?([0-9]{1,5}m)?([0-9]{1,5}s)?$"
PERCENTAGE = r"^([1-9][0-9]?|100)%$"

LONGEST_DURATION = timedelta(days=365)
LONGEST_LINE = 200
LONGEST_TEXT = 4000
LONGEST_CRON = 100
CRON_FIELDS = 5
RANDOM_CRON = re.compile(r"(?<![a-z])r(?![a-z])", re.IGNORECASE)
SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - any day will do for asking a schedule for its next one


class Frozen(BaseModel):
    """What a file says; an unknown key in it is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Matching:
    """A text's pattern, also for the JSON schema; ``otherwise`` ends the sentence of its error."""

    pattern: str
    otherwise: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return handler(schema) | {"pattern": self.pattern}

    def _checked(self, value: str) -> str:
        if not re.fullmatch(self.pattern, value):
            raise ValueError(self.otherwise)
        return value


def _line(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    if value != value.strip():
        raise ValueError("starts or ends with a space")
    if not value.isprintable():
        raise ValueError("holds a line break or another character that cannot be printed")
    if len(value) > LONGEST_LINE:
        raise ValueError(f"is too long; at most {LONGEST_LINE} characters are allowed")
    return value


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("is blank")
    if not value.replace("\n", "").replace("\t", "").isprintable():
        raise ValueError("holds a character that cannot be printed")
    if len(value) > LONGEST_TEXT:
        raise ValueError(f"is too long; at most {LONGEST_TEXT} characters are allowed")
    return value.strip()


def read_duration(value: object) -> timedelta:
    """Return a duration as plan files write it; ValueError for what is none."""
    if isinstance(value, timedelta):
        return value
    match = re.fullmatch(DURATION, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("is no duration, such as 30m, 24h, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part[:-1]) if part else 0 for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _bounded_duration(value: timedelta) -> timedelta:
    if not timedelta(0) < value <= LONGEST_DURATION or value.microseconds:
        raise ValueError("is not allowed; a duration is of whole seconds, more than 0 and at most 365d")
    return value


def write_duration(value: timedelta) -> str:
    """Return a duration as plan files write it."""
    minutes, seconds = divmod(value.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = {"d": value.days, "h": hours, "m": minutes, "s": seconds}
    return "".join(f"{count}{unit}" for unit, count in parts.items() if count)


def _minimum(value: object) -> int | str:
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if is_count or (isinstance(value, str) and re.fullmatch(PERCENTAGE, value)):
        return value  # type: ignore[return-value] # one of the two
    raise ValueError("is neither a number of servers, 1 or more, nor a percentage from 1% to 100%")


def _tier(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and FIRST_TIER <= value <= LAST_TIER:
        return value
    raise ValueError(f"is no tier from {FIRST_TIER}, who goes first, to {LAST_TIER}")


def _cron(value: str) -> str:
    """Check a schedule as Airflow does, by croniter, and that it has a next time at all."""
    from croniter import croniter  # noqa: PLC0415 - only plans with a schedule pay for the import

    expression = " ".join(value.split())
    is_plain = len(expression.split()) == CRON_FIELDS and len(expression) <= LONGEST_CRON
    if not is_plain or RANDOM_CRON.search(expression):
        raise ValueError("is no cron expression of five fields, such as '0 6 1 * *'")
    try:
        croniter(expression, SOME_DAY).get_next()
    except ValueError as error:
        raise ValueError(f"is no cron expression, such as '0 6 1 * *': {error}") from error
    return expression


SourceServerId = Annotated[
    str, Matching(SOURCE_SERVER_ID, "is no source server id: s- and 17 letters or digits")
]
Region = Annotated[str, Matching(REGION, "is no AWS Region, such as eu-west-1")]
ConnectionId = Annotated[
    str, Matching(CONNECTION_ID, r"is no Airflow connection id: letters, digits and _#!().:/\-")
]
DagId = Annotated[
    str,
    Matching(f"^{names.DAG_ID}$", "is no DAG id: 1 to 250 letters, digits, dashes, dots and underscores"),
]
Duration = Annotated[
    timedelta,
    BeforeValidator(read_duration),
    AfterValidator(_bounded_duration),
    PlainSerializer(write_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": DURATION}),
]
MinimumLaunched = Annotated[
    int | str,
    PlainValidator(_minimum),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "pattern": PERCENTAGE}]},
    ),
]
PlanTier = Annotated[
    int,
    PlainValidator(_tier),
    WithJsonSchema({"type": "integer", "minimum": FIRST_TIER, "maximum": LAST_TIER}),
]
Cron = Annotated[str, AfterValidator(_cron)]
Line = Annotated[
    str, AfterValidator(_line), Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_LINE})
]
Text = Annotated[
    str, AfterValidator(_text), Field(json_schema_extra={"minLength": 1, "maxLength": LONGEST_TEXT})
]
TagKey = Annotated[str, Field(min_length=1, max_length=128)]
TagValue = Annotated[str, Field(max_length=256)]
