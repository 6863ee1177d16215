"""How any command ends: with a line that gives the reason, an exit code, and JSON where it is asked for."""

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
    from typing import TypeGuard

    from drs_recovery.errors import RecoveryError

LOST = frozenset({errno.ENOSPC, errno.EBADF, errno.EIO, errno.EFBIG, errno.EDQUOT, errno.ENXIO})
"""Errors of a stream that takes no more output: full disk, closed descriptor, lost terminal."""

STDOUT, STDERR = 1, 2


def run_guarded(command: Callable[[], object], *, as_json: bool) -> int:
    """Run a command; return its exit code. What it raises is a line, never a traceback."""
    try:
        code = command()
        sys.stdout.flush()
    except SystemExit as left:
        # Rich and typer exit with 1 when the reader has closed the pipe
        return _on_output(BrokenPipeError(), as_json=as_json) if _is_unread(left) else _number(left.code)
    except OSError as error:
        return _on_output(error, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - nothing above could turn it into a message
        return _end_with_message(error, as_json=as_json)
    return _number(code)


def _number(code: object) -> int:
    return int(code) if isinstance(code, int) else 0


def _is_unread(left: SystemExit) -> bool:
    return isinstance(left.__context__, BrokenPipeError)


def _on_output(error: OSError, *, as_json: bool) -> int:
    """Return the exit code for an OSError: for output that cannot be written, or as any other error."""
    from drs_recovery.cli.exits import Exit  # noqa: PLC0415 - see cli/app.py

    if isinstance(error, BrokenPipeError):
        silence(STDOUT)
        return Exit.UNREAD
    if error.errno not in LOST:
        return _end_with_message(error, as_json=as_json)
    silence(STDOUT)
    _write_error(
        f"The output cannot be written: {error.strerror}. What was asked for may have been done all the same."
    )
    return Exit.BROKEN


def _end_with_message(error: Exception, *, as_json: bool) -> int:
    from drs_recovery.cli.exits import exit_code, kind_of  # noqa: PLC0415
    from drs_recovery.cli.screen import Screen  # noqa: PLC0415

    known = _as_ours(error)
    code = exit_code(known)
    try:
        if _is_misuse(error) and not as_json:
            _show_usage(error)
        else:
            Screen(as_json=as_json).error(kind_of(known), str(known), code)
        sys.stdout.flush()
    except OSError as lost:
        silence(STDOUT)
        _write_error(f"{known}\nThe output cannot be written: {lost.strerror}.")
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
    if _is_misuse(error):
        return UsageError(error.format_message())
    if isinstance(error, typer.Abort):
        return UsageError("A question was not answered: standard input has ended. Nothing was done.")
    if isinstance(error, ValueError) and (problem := settings_problem(error)):
        return problem
    show_where(error)
    message = " ".join(f"{type(error).__name__}: {error}".split())
    return Broken(f"{message}. This is a bug; RECOVERY_DEBUG=1 shows where.")


def show_where(error: Exception) -> None:
    """Write the traceback of a bug to standard error, where RECOVERY_DEBUG asks for it."""
    if os.environ.get("RECOVERY_DEBUG", "").strip():
        _write_error("".join(traceback.format_exception(error)))


def _is_misuse(error: Exception) -> TypeGuard[typer.TyperException]:
    """Whether typer could not read the command line; 0.25, of Airflow 3.3.0, raises what click does then."""
    return hasattr(error, "format_message")


def _show_usage(error: typer.TyperException) -> None:
    """Show a misused command line as typer does, with the usage of the command."""
    from typer import rich_utils  # noqa: PLC0415

    rich_utils.rich_format_error(error)  # type: ignore[arg-type] # its usage errors are a class of its own


def _write_error(text: str) -> None:
    """Write to standard error, if that takes anything."""
    from drs_recovery.cli.secrets import hide  # noqa: PLC0415
    from drs_recovery.text.visible import visible_lines  # noqa: PLC0415

    try:
        sys.stderr.write(f"{visible_lines(hide(text))}\n")
        sys.stderr.flush()
    except OSError:
        silence(STDERR)
