"""The checks of a wave: what must be true of a launched server before it counts as well.

A kind is one key of a check; how it is looked at is in ``drs_recovery.engine.checks``.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainValidator,
    StrictBool,
    WithJsonSchema,
)

from drs_recovery.plan.template_names import OF_A_SERVER, OF_A_WAVE, complaint_of
from drs_recovery.plan.values import LONGEST_LINE, ConnectionId, Duration, Frozen, Line, Text, read_duration
from drs_recovery.text.lists import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.plan.problems import Finding, Place

MOST_CHECKS = 20
"""Of a wave; each server has the result of all of them on record."""

DEFAULTS = {"every": timedelta(seconds=15), "within": timedelta(minutes=10)}


def _whole(least: int, most: int, noun: str) -> Callable[[object], int]:
    def check(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise ValueError(f"is no {noun} from {least} to {most}")

    return check


Port = Annotated[
    int,
    PlainValidator(_whole(1, 65535, "port")),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 65535}),
]
HttpStatus = Annotated[
    int,
    PlainValidator(_whole(100, 599, "HTTP status")),
    WithJsonSchema({"type": "integer", "minimum": 100, "maximum": 599}),
]
Times = Annotated[
    int,
    PlainValidator(_whole(1, 100, "number of times")),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": 100}),
]


def answer_text(value: object) -> object:
    """Return true, false and a whole number as the text that is compared, and anything else as it is."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


Answer = Annotated[
    Line,
    BeforeValidator(answer_text),
    WithJsonSchema({"type": ["string", "integer", "boolean"], "minLength": 1, "maxLength": LONGEST_LINE}),
]


class Http(Frozen):
    """What a web server answers to GET; it is not followed to where it redirects."""

    url: Line = Field(description="Address to ask, a template that may name the server.")
    status: HttpStatus = Field(default=200, description="Status that is due.")
    contains: Line | None = Field(default=None, description="Text that the first MB of the body contains.")
    verify: StrictBool = Field(default=True, description="Whether the certificate must be trusted.")


class Dns(Frozen):
    """What a name resolves to, where the triggerer runs."""

    name: Line = Field(description="Name to resolve, a template that may name the server.")
    expect: Line = Field(description="Address that it must resolve to, among others; a template too.")


class Sql(Frozen):
    """What a database answers to a query: the first column of the first row, as text."""

    connection: ConnectionId = Field(description="Airflow connection of a database, with its secrets.")
    query: Text = Field(description="Query, as it is: no template.")
    expect: Answer = Field(description="First column of the first row that is due, as text; true and false.")


class Check(Frozen):
    """One check, with one of the kinds ``tcp``, ``http``, ``ec2``, ``ssm``, ``dns`` and ``sql``."""

    name: Line = Field(description="Name of the check, as people say it.")
    tcp: Port | None = Field(default=None, description="Port that takes a connection.")
    http: Http | None = Field(default=None, description="What its web server answers.")
    ec2: Literal["ok"] | None = Field(default=None, description="Both status checks of EC2 are passed.")
    ssm: Literal["online"] | None = Field(default=None, description="Systems Manager reaches its agent.")
    dns: Dns | None = Field(default=None, description="What a name resolves to.")
    sql: Sql | None = Field(default=None, description="What a database answers, once for the wave.")
    every: Duration = Field(default=DEFAULTS["every"], description="How long between two looks, such as 15s.")
    within: Duration = Field(
        default=DEFAULTS["within"], description="How long after the launch it may take to pass, such as 10m."
    )
    in_a_row: Times = Field(default=1, description="How often it must be true one after the other.")
    optional: StrictBool = Field(default=False, description="Whether a server is well without it.")
    once: StrictBool = Field(
        default=False, description="Whether it is looked at once for the wave, when all jobs have ended."
    )

    @property
    def kind(self) -> str:
        """The key that says what is looked at."""
        return next(kind for kind in KINDS if getattr(self, kind) is not None)

    @property
    def of_wave(self) -> bool:
        """Whether it is looked at once for the wave."""
        return self.once or self.sql is not None


KINDS = ("tcp", "http", "ec2", "ssm", "dns", "sql")
_OF_A_SERVER = frozenset({"tcp", "ec2", "ssm"})
"""Kinds that look at a server itself: there is no such look for a wave."""

_TEMPLATES = (("http", "url"), ("dns", "name"), ("dns", "expect"))


def check_findings(place: Place, wave: dict[str, Any]) -> Iterator[Finding]:
    """Yield the broken rules of a wave's checks, from plain data that may be wrong."""
    checks = wave.get("checks")
    if not isinstance(checks, list):
        return
    if len(checks) > MOST_CHECKS:
        yield (*place, "checks"), f"a wave has at most {MOST_CHECKS} checks; these are {len(checks)}"
    seen: set[str] = set()
    for index, check in enumerate(checks[: MOST_CHECKS + 1]):
        if isinstance(check, dict):
            yield from _of_one((*place, "checks", index), check, wave.get("timeout", "4h"))
            name = check.get("name")
            if isinstance(name, str) and name in seen:
                yield (
                    (*place, "checks", index, "name"),
                    f"two checks of the wave have the name {quoted(name)}",
                )
            elif isinstance(name, str):
                seen.add(name)


def _of_one(place: Place, check: dict[str, Any], timeout: object) -> Iterator[Finding]:
    kinds = [kind for kind in KINDS if kind in check]
    if len(kinds) != 1:
        found = f"these are {' and '.join(kinds)}" if kinds else "it has none"
        yield place, f"a check has one of the keys {', '.join(KINDS)}; {found}"
    every, within, longest = (
        _seconds(value) for value in (check.get("every", "15s"), check.get("within", "10m"), timeout)
    )
    if every and within and every > within:
        yield (
            (*place, "every" if "every" in check else "within"),
            "every: the second look would come after within",
        )
    if within and longest and within > longest:
        yield (
            (*place, "within" if "within" in check else "name"),
            "within: it is longer than the wave's timeout",
        )
    if check.get("once") is True and (own := [kind for kind in kinds if kind in _OF_A_SERVER]):
        yield (*place, "once"), f"once: {own[0]} looks at a server; allowed with {listed(_of_waves())}"
    yield from _templates(place, check)


def _of_waves() -> list[str]:
    return [kind for kind in KINDS if kind not in _OF_A_SERVER]


def _templates(place: Place, check: dict[str, Any]) -> Iterator[Finding]:
    context = OF_A_WAVE if check.get("once") is True else OF_A_SERVER
    for kind, key in _TEMPLATES:
        own = check.get(kind)
        text = own.get(key) if isinstance(own, dict) else None
        if isinstance(text, str) and (complaint := complaint_of(text, context)):
            yield (*place, kind, key), f"{key}: {complaint}"


def _seconds(value: object) -> float | None:
    with suppress(ValueError):
        return read_duration(value).total_seconds()
    return None
