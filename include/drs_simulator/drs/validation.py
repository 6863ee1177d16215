"""Checks a request against the service model, as DRS does before anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import Shape

Problem = tuple[str, str]
"""A place in the request, and what is wrong there."""

MOST_TAGS = 50
"""Tags that a resource has at most."""

_TYPES: dict[str, type | tuple[type, ...]] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "integer": int,
    "long": int,
    "boolean": bool,
    "float": (int, float),
    "double": (int, float),
}


def problems(shape: Shape, value: Any, place: str = "") -> Iterator[Problem]:
    """Yield every place where a value is not what its shape allows; members the shape lacks are ignored."""
    kind = shape.type_name
    if not _is(kind, value):
        yield place, f"{value!r} is no {kind}"
        return
    yield from _range(shape, value, place)
    if kind == "structure":
        yield from _structure(shape, value, place)
    elif kind == "list":
        for index, item in enumerate(value):
            yield from problems(shape.member, item, f"{place}[{index}]")  # type: ignore[attr-defined]
    elif kind == "map":
        yield from _tags(value, place) if shape.name == "TagsMap" else ()
        for key, item in value.items():
            yield from problems(shape.key, key, f"{place}.{key}")  # type: ignore[attr-defined]
            yield from problems(shape.value, item, f"{place}.{key}")  # type: ignore[attr-defined]
    elif kind == "string":
        yield from _string(shape, value, place)


def _is(kind: str, value: Any) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


def _structure(shape: Any, value: dict[str, Any], place: str) -> Iterator[Problem]:
    for name, member in shape.members.items():
        inner = f"{place}.{name}" if place else name
        if value.get(name) is not None:
            yield from problems(member, value[name], inner)
        elif name in shape.required_members:
            yield inner, "is required"


def _range(shape: Shape, value: Any, place: str) -> Iterator[Problem]:
    measured, what = (len(value), "length") if hasattr(value, "__len__") else (value, "value")
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None and measured < low:
        yield place, f"{what} {measured}: allowed is {low} at least"
    if high is not None and measured > high:
        yield place, f"{what} {measured}: allowed is {high} at most"


def _tags(value: dict[str, Any], place: str) -> Iterator[Problem]:
    """Yield what no service of AWS takes as tags, though the model allows it ("Tagging AWS resources")."""
    if len(value) > MOST_TAGS:
        yield place, f"{len(value)} tags: allowed are {MOST_TAGS} at most"
    for key in value:
        if not key or key.lower().startswith("aws:"):
            yield f"{place}.{key}", "allowed are keys that do not begin with aws:, of 1 character at least"


def _string(shape: Any, value: str, place: str) -> Iterator[Problem]:
    if shape.enum and value not in shape.enum:
        yield place, f"{value!r}: allowed are {', '.join(shape.enum)}"
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(pattern, value):
        yield place, f"{value!r}: allowed is {pattern}"
