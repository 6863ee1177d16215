"""Members of requests and responses."""

from __future__ import annotations

from typing import Any

_NESTED = (dict, list)


class Complete(dict[str, Any]):
    """Members none of which is absent, at any depth, so that nobody needs to look through them again."""


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
