"""Members of requests and responses, and the JSON of the latter."""

from __future__ import annotations

import json
from typing import Any

_NESTED = (dict, list)
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode
"""Answers are trees: to look for circles takes a third of the time."""


class Complete(dict[str, Any]):
    """Members that are all there, at any depth, so that nobody needs to look through them again."""


class Written(str):
    """The JSON of members that many answers have alike, written once for all of them."""

    __slots__ = ()


class Parts(dict[str, Any]):
    """Members that may be Written, or Parts themselves."""


class Kept:
    """JSON that is written again only when what it is written of is not equal to what it was."""

    def __init__(self) -> None:
        self._of: Any = None
        self._written = Written()

    def of(self, value: Any) -> Written:
        """Return the JSON of a value."""
        if value != self._of:
            self._of, self._written = value, Written(written(value))
        return self._written


def without_absent(value: Any) -> Any:
    """Leave out members that are None, at every depth: to AWS, null and absent are the same."""
    if isinstance(value, Complete):
        return value
    if isinstance(value, dict):
        return {
            name: without_absent(member) if isinstance(member, _NESTED) else member
            for name, member in value.items()
            if member is not None
        }
    if isinstance(value, list):
        return [without_absent(item) if isinstance(item, _NESTED) else item for item in value]
    return value


def written(value: Any) -> str:
    """Return the JSON of a value without absent members.

    Parts stand by themselves, in Parts, and in lists of nothing else.
    """
    if isinstance(value, str):
        return value if isinstance(value, Written) else _encode(value)
    if isinstance(value, Parts):
        members = [f'"{name}":{written(member)}' for name, member in value.items() if member is not None]
        return "{" + ",".join(members) + "}"
    if isinstance(value, list) and value and isinstance(value[0], Parts):
        return f"[{','.join(map(written, value))}]"
    return _encode(without_absent(value))
