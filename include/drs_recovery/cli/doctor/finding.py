"""What a check finds: how it is, in one sentence, and what cures it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class State(StrEnum):
    """How something is; ``UNKNOWN`` is never as good as ``OK``: it could not be looked at."""

    OK = "ok"
    WARNING = "warning"
    FAULT = "fault"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Found:
    """What was found.

    ``ends`` says that nothing else of its subject can be looked at then, ``unreachable`` that Airflow or
    DynamoDB does not answer.
    """

    state: State
    message: str
    cure: str | None = None
    ends: bool = False
    unreachable: bool = False


@dataclass(frozen=True)
class Finding:
    """What a check found, with its name."""

    check: str
    found: Found

    def document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        found = self.found
        item = vars(self) | {"state": str(found.state), "found": found.message, "cure": found.cure}
        return {name: value for name, value in item.items() if value is not None}


def words_of(error: Exception) -> tuple[str, str | None]:
    """Return what an error says, and its cure: the last line, where it has more than one."""
    message, _, last = str(error).rpartition("\n")
    return (message, last) if message else (last, None)


def ok(message: str) -> Found:
    """Return that something is as it should be."""
    return Found(State.OK, message)


def warning(message: str, cure: str) -> Found:
    """Return that something works, but not as well as it should, or not for long."""
    return Found(State.WARNING, message, cure)


def fault(message: str, cure: str) -> Found:
    """Return that something does not work, or will fail when it is needed."""
    return Found(State.FAULT, message, cure)


def unknown(message: str, cure: str) -> Found:
    """Return that something could not be looked at."""
    return Found(State.UNKNOWN, message, cure)
