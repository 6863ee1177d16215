"""The check of the plan's Airflow connection: where it comes from, and whose account it leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.store.queries import list_executions
from drs_recovery.tasks.connections import DATABASE, connection_source
from drs_recovery.tasks.preflight.facts import Connection, Problem, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.store.store import ExecutionStore

FEW, MOST = 5, 50
"""Executions of the plan among which the last one with an account is looked for: it is nearly always among
the newest few, and a record may be large."""


def look_at_connection(
    store: ExecutionStore, hook: DrsHook, plan_id: str, account_id: str | None
) -> Connection | Unknown:
    """Return what is known of the connection through which a hook works."""
    conn_id = hook.aws_conn_id
    try:
        source = connection_source(conn_id) if conn_id else None
        newest = (one for limit in (FEW, MOST) for one in store.run(list_executions(plan_id, limit)))
        ended = (one for one in newest if one.final and one.account_id)
        return Connection(conn_id, source, account_id, next(ended, None))
    except Exception as error:  # noqa: BLE001 - whatever it is: what is not known does not pass (A-3)
        return Unknown(f"where connection {conn_id} comes from", error)


def check_connection(connection: Connection | Unknown | None) -> Iterator[Problem]:
    """Yield that people may edit it in Airflow, and that it leads to another account than before."""
    if isinstance(connection, Unknown):
        yield Problem("connection", str(connection), connection.error)
        return
    if connection is None:
        return
    if connection.source == DATABASE:
        yield Problem(
            "connection",
            f"{connection.conn_id} comes from {DATABASE}: whoever may edit connections there decides in "
            "which account this plan recovers",
        )
    here, last = connection.account_id, connection.last
    if here and last and last.account_id != here:
        yield Problem(
            "connection",
            f"{connection.conn_id} leads to account {here}, and the plan's last execution, "
            f"{last.execution_id} of {last.start_time:%Y-%m-%d}, was in account {last.account_id}",
        )
