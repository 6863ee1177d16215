"""How any command ends: a line that says why, an exit code, and JSON where that is wanted."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

import typer

from drs_recovery.cli.surroundings import silence

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.errors import RecoveryError

LOST = frozenset({errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.ENXIO})
"""What a stream says that takes nothing more: a full disk, a closed descriptor, a terminal that is gone."""

STDOUT, STDERR = 1, 2


def run_guarded(command: Callable[[], object], *, as_json: bool) -> int:
    """Run a command; return its exit code. What it raises is a line, never a traceback."""
    try:
        code = command()
        sys.stdout.flush()
    except SystemExit as left:
        # Rich and typer take a reader that has gone for a failure of ours
        return _on_output(BrokenPipeError(), as_json=as_json) if _is_unread(left) else _number(left.code)
    except OSError as error:
        return _on_output(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - the last one who could make a sentence of it
        return _message(error, as_json=as_json)
    return _number(code)


def _number(code: object) -> int:
    return int(code) if isinstance(code, int) else 0


def _is_unread(left: SystemExit) -> bool:
    return isinstance(left.__context__, BrokenPipeError)


def _on_output(error: OSError, *, as_json: bool) -> int:
    """Return the exit code of a command whose output cannot be written; others are shown as what they are."""
    from drs_recovery.cli.exits import Exit  # noqa: PLC0415 - see cli/app.py

    if isinstance(error, BrokenPipeError):
        silence(STDOUT)
        return Exit.UNREAD
    if error.errno not in LOST:
        return _message(error, as_json=as_json)
    silence(STDOUT)
    _say(
        f"The output cannot be written: {error.strerror}. What was asked for may have been done all the same."
    )
    return Exit.BROKEN


def _message(error: Exception, *, as_json: bool) -> int:
    from drs_recovery.cli.exits import exit_code, kind_of  # noqa: PLC0415
    from drs_recovery.cli.screen import Screen  # noqa: PLC0415

    known = _as_ours(error)
    code = exit_code(known)
    try:
        if isinstance(error, typer.TyperException) and not as_json:
            _show_usage(error)
        else:
            Screen(as_json=as_json).error(kind_of(known), str(known), code)
        sys.stdout.flush()
    except OSError as lost:
        silence(STDOUT)
        _say(f"{known}\nThe output cannot be written: {lost.strerror}.")
    with suppress(OSError):
        sys.stderr.flush()
        return code
    silence(STDERR)
    return code


def _as_ours(error: Exception) -> RecoveryError:
    """Return any error as one that has an exit code."""
    from drs_recovery.cli.exits import Broken, UsageError, settings_problem  # noqa: PLC0415
    from drs_recovery.errors import RecoveryError  # noqa: PLC0415

    if isinstance(error, RecoveryError):
        return error
    if isinstance(error, typer.TyperException):
        return UsageError(error.format_message())
    if isinstance(error, typer.Abort):
        return UsageError("A question was not answered: standard input has ended. Nothing was done.")
    if isinstance(error, ValueError) and (problem := settings_problem(error)):
        return problem
    if os.environ.get("RECOVERY_DEBUG", "").strip():
        _say("".join(traceback.format_exception(error)))
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Broken(f"{message}. This is a mistake of ours; RECOVERY_DEBUG=1 shows where.")


def _show_usage(error: typer.TyperException) -> None:
    """Show a misused command line as typer does, with the usage of the command."""
    from typer import rich_utils  # noqa: PLC0415

    rich_utils.rich_format_error(error)  # type: ignore[arg-type] # its usage errors are a class of its own


def _say(text: str) -> None:
    """Write to standard error, if that takes anything."""
    from drs_recovery.cli.secrets import hide  # noqa: PLC0415
    from drs_recovery.text.visible import visible_lines  # noqa: PLC0415

    try:
        sys.stderr.write(f"{visible_lines(hide(text))}\n")
        sys.stderr.flush()
    except OSError:
        silence(STDERR)
