"""How a command ends: an exit code for each thing its caller can do next."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from drs_recovery import errors
from drs_recovery.cli.secrets import hide
from drs_recovery.errors import (
    AirflowUnreachable,
    ExecutionNotFound,
    PlanError,
    RecordUnavailable,
    RecoveryError,
)
from drs_recovery.settings import SECRETS
from drs_recovery.text.address import who_signs_in

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution


class Exit(IntEnum):
    """Exit codes of every command."""

    OK = 0
    """The execution is COMPLETED or PARTIAL, or the command succeeded."""

    NOT_RECOVERED = 1
    """The execution ended otherwise, or `check` found problems."""

    USAGE = 2
    """The command line is wrong, or names something that does not exist."""

    REFUSED = 3
    """Airflow, the record or the plan does not allow it now."""

    UNREACHABLE = 4
    """Airflow or DynamoDB does not answer."""

    BROKEN = 5
    """The command itself failed: its output cannot be written, or by a bug."""

    INTERRUPTED = 130
    """Ctrl-C was pressed; what runs in Airflow continues."""

    UNREAD = 141
    """The reader of the output closed it, as `head` does."""


class UsageError(RecoveryError):
    """A command line that is wrong or ambiguous."""


class Interrupted(RecoveryError):
    """A command that was stopped by Ctrl-C."""


class Broken(RecoveryError):
    """A command that failed by a bug."""


_CODES: tuple[tuple[type[RecoveryError], Exit], ...] = (
    (PlanError, Exit.NOT_RECOVERED),
    (UsageError, Exit.USAGE),
    (Interrupted, Exit.INTERRUPTED),
    (Broken, Exit.BROKEN),
    (ExecutionNotFound, Exit.USAGE),
    (AirflowUnreachable, Exit.UNREACHABLE),
    (RecordUnavailable, Exit.UNREACHABLE),
    (RecoveryError, Exit.REFUSED),
)


def exit_code(error: RecoveryError) -> Exit:
    """Return the exit code for an error."""
    return next(code for kind, code in _CODES if isinstance(error, kind))


def settings_problem(error: ValueError) -> UsageError | None:
    """Return the error of a setting that cannot be read, with its variable and value."""
    if not isinstance(error, ValidationError) or error.title != "Settings":
        return None
    return UsageError("; ".join(_setting(it["loc"], it["input"], it["msg"]) for it in error.errors()))


def _setting(place: tuple[int | str, ...], value: object, complaint: str) -> str:
    complaint = complaint.removeprefix("Value error, ")
    if not place:
        return complaint
    name = str(place[0])
    secret = name in SECRETS or who_signs_in(str(value))
    shown = " (not shown)" if secret else f"={hide(str(value))}"
    return f"RECOVERY_{name.upper()}{shown}: {complaint}"


def kind_of(error: RecoveryError) -> str:
    """Return the name of the documented class of an error, whose own class may be internal."""
    return next(
        kind.__name__
        for kind in type(error).__mro__
        if kind in {UsageError, Interrupted, Broken} or kind.__name__ in errors.__all__
    )


def exit_of(execution: Execution) -> Exit:
    """Return the exit code for the end of an execution."""
    return Exit.OK if execution.status in {"COMPLETED", "PARTIAL"} else Exit.NOT_RECOVERED
