"""Settings that clients read and change, in the names of the service model."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any, TypeVar

_Settings = TypeVar("_Settings", bound="Settings")


@dataclass(frozen=True)
class Settings:
    """A group of settings that is replaced as a whole, so that a refused change leaves nothing behind.

    A field whose name in the service model is not its own in camel case has that one as ``name`` of its
    metadata.
    """

    @classmethod
    def of(cls: type[_Settings], members: dict[str, Any]) -> _Settings:
        """Return the settings among the members of a request; others are left out."""
        return cls(**_read(cls, members))

    def changed(self: _Settings, members: dict[str, Any]) -> _Settings:
        """Return these settings with the members of a request; what it leaves out stays."""
        return replace(self, **_read(type(self), members))

    def to_dict(self) -> dict[str, Any]:
        kind: Any = type(self)
        return {name: getattr(self, attribute) for name, attribute in _attributes(kind).items()}


def _read(kind: Any, members: dict[str, Any]) -> dict[str, Any]:
    attributes = _attributes(kind)
    return {attributes[name]: value for name, value in members.items() if name in attributes}


@lru_cache
def _attributes(kind: Any) -> dict[str, str]:
    """Return the attributes of settings by their names in the service model."""
    return {f.metadata.get("name", _camel(f.name)): f.name for f in fields(kind)}


def _camel(text: str) -> str:
    first, *others = text.split("_")
    return first + "".join(other.capitalize() for other in others)
