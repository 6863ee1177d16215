"""The common ground of everything on record: frozen models with camelCase attributes and UTC times."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeGuard, get_args

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.tier import FIRST_TIER, LAST_TIER

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def iso(time: datetime) -> str:
    """Return a time as records hold it: UTC, always with microseconds, so that text order is time order."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _utc(value: object) -> object:
    """Return a time in UTC; a number is none: an absent date would be 1970 (R-29)."""
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        time = None
    if not isinstance(time, datetime) or time.tzinfo is None:
        raise ValueError(f"{value!r} is no time with a time zone, like 2026-01-31T23:59:59.000000Z")
    return time.astimezone(UTC)


Time = Annotated[AwareDatetime, BeforeValidator(_utc), PlainSerializer(iso, when_used="json")]
"""A moment; in items an ISO 8601 string in UTC."""

MOST_CHARACTERS = 4000
"""Characters of one text on record: an item of DynamoDB holds 400 KB, and a longer one could never end."""


def legible(text: str) -> str:
    """Return a text without halves of characters, which JSON can hold and UTF-8 cannot."""
    return text.encode(errors="replace").decode()


def shorten(text: str) -> str:
    """Return the text, cut where a record has no room for more."""
    text = legible(text)
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 12]} (shortened)"


FreeText = Annotated[str, AfterValidator(shorten)]
"""A text of a person or of AWS, of any length."""


Label = Annotated[str, AfterValidator(lambda name: legible(name)[:256])]
"""A short text, such as a server's name in DRS: no longer than a tag, and so never cut to make room."""


@cache
def text_fields(record: type[BaseModel]) -> frozenset[str]:
    """Return the fields of a record that hold such a text, or none."""
    return frozenset(name for name, field in record.model_fields.items() if _holds_text(field))


def _holds_text(field: FieldInfo) -> bool:
    inner = (found for member in get_args(field.annotation) for found in getattr(member, "__metadata__", ()))
    return any(getattr(found, "func", None) is shorten for found in (*field.metadata, *inner))


Tier = Annotated[int, Field(ge=FIRST_TIER, le=LAST_TIER)]
"""Who goes first where DRS is short of room."""

_UUID = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"

ExecutionId = Annotated[str, StringConstraints(pattern=_UUID)]
"""A UUID. What is no id was never ours: it goes into a run id, into paths of Airflow's API, and to people."""


def is_execution_id(value: object) -> TypeGuard[str]:
    """Whether a value can be the id of an execution."""
    return isinstance(value, str) and re.fullmatch(_UUID, value) is not None


def _no_path(value: str) -> str:
    if ".." in value:
        raise ValueError("the id of a plan's DAG holds no '..'")
    return value


DagId = Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=250), AfterValidator(_no_path)]
"""The id of a plan's DAG: as Airflow takes it, but without `..`, also where its setting allows them."""

_RUN_ID = re.compile(r"(?!.*\.\.)[^\x00-\x1f\x7f-\x9f/\\?#%{}\ud800-\udfff]{1,250}")


def complaint_of_run_id(run_id: str) -> str | None:
    """Return why no execution has this run id, to follow the id in a sentence; None if one may."""
    if _RUN_ID.fullmatch(run_id):
        return None
    return (
        "is the run id of no execution: that has 1 to 250 characters, none of them hidden, and no "
        "/ \\ ? # % { } or '..', which mean something in an address, a path or a template"
    )


def _run_id(value: str) -> str:
    if complaint := complaint_of_run_id(value):
        raise ValueError(f"it {complaint}")
    return value


RunId = Annotated[str, AfterValidator(_run_id)]
"""A run id with which an execution is opened.

Airflow makes no other by default; where `allowed_run_id_pattern` or `allow_double_dot_in_ids` let it, a run
with another is refused with a message.
"""

AwsId = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f/\\?#%{}]+$", max_length=64)]
"""An id that DRS gave: of a job, a source server, a recovery instance; it goes into links and to people."""


class Record(BaseModel):
    """Something on record.

    Absent is absent: ``None`` and ``""`` are not written, and read back as ``None`` where a field allows it
    (R-26). Attributes that a newer release wrote are passed over.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_absent(cls, data: object) -> object:
        if isinstance(data, Mapping):
            return {key: value for key, value in data.items() if value is not None and value != ""}
        return data

    def replace(self, **changed: Any) -> Self:
        """Return a copy with some fields changed, validated like any other."""
        if unknown := changed.keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return self.model_validate({**dict(self), **changed})

    def to_item(self) -> dict[str, Any]:
        """Return the attributes as DynamoDB holds them, in plain Python values."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> Self:
        """Return the record of an item's attributes; RecordUnreadable names what in it cannot be read.

        Anybody who may write one item may have written this one, so types, ids and lengths are checked.
        """
        try:
            return cls.model_validate(item)
        except ValidationError as error:
            raise RecordUnreadable(
                f"{_place(item)} cannot be read: {_problems(error)}. A newer release may have written it"
            ) from error


_MOST_PROBLEMS = 5


def _place(item: Mapping[str, Any]) -> str:
    """Return the key of an item as text, as far as it is known, and no more of it than fits a line."""
    known = [repr(str(item[name])[:100]) for name in ("executionId", "item") if name in item]
    return f"the item {' '.join(known)}" if known else "an item"


def _problems(error: ValidationError) -> str:
    """Return the first problems, each with its place and value."""
    found = error.errors(include_url=False, include_context=False)
    text = [
        f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg']}, not {repr(one['input'])[:100]}"
        for one in found[:_MOST_PROBLEMS]
    ]
    if len(found) > _MOST_PROBLEMS:
        text.append(f"and {len(found) - _MOST_PROBLEMS} more")
    return "; ".join(text)
