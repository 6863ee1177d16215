"""`sql`: a database answers a query with what is due, asked by a worker."""

from __future__ import annotations

import time
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING

from drs_recovery.engine.checks.kind import Found
from drs_recovery.plan.checks import answer_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drs_recovery.plan.checks import Check, Sql

    Ask = Callable[[str, str], Sequence[object] | None]
    """Asks the database of an Airflow connection a query, and returns its first row, None without any.

    It raises any error, in words that hold no secret of the connection."""

LOOK_SECONDS = 30.0
"""A look takes no longer: what has not answered by then did not."""


def look(checks: Sequence[Check], ask: Ask) -> dict[str, Found]:
    """Ask all at once, and return what was found by the names of the checks.

    A driver can block for good, and nothing ends it: its thread is left behind, and ends with the worker.
    """
    found: dict[str, Found] = {}

    def one(check: Check) -> None:
        assert check.sql is not None  # noqa: S101 - the kind is this one
        try:
            found[check.name] = _found(check.sql, ask)
        except Exception as error:  # noqa: BLE001 - any: it is what was found
            text = " ".join(str(error).split()) or type(error).__name__
            found[check.name] = Found(passed=False, text=f"{check.sql.connection}: {text}")

    threads = [Thread(target=copy_context().run, args=(one, check), daemon=True) for check in checks]
    for thread in threads:
        thread.start()
    until = time.monotonic() + LOOK_SECONDS
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    late = Found(passed=False, text=f"no answer within {LOOK_SECONDS:.0f} seconds")
    return {check.name: found.get(check.name, late) for check in checks}


def _found(wanted: Sql, ask: Ask) -> Found:
    row = ask(wanted.connection, wanted.query)
    if not row:
        return Found(
            passed=False, text=f"{wanted.connection} answers without a row, {wanted.expect!r} is due"
        )
    answer = None if row[0] is None else str(answer_text(row[0]))
    text = f"{wanted.connection} answers {'NULL' if answer is None else repr(answer)}"
    if answer == wanted.expect:
        return Found(passed=True, text=text)
    return Found(passed=False, text=f"{text}, {wanted.expect!r} is due")
