"""Whether the plan's Airflow connection can be trusted: where it comes from, and where it leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Connection, Finding, Unknown
from drs_recovery.store.queries import list_executions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan
    from drs_recovery.store.store import ExecutionStore

DATABASE = "Airflow's database, or its API server's own environment"
"""Where a connection comes from that people may edit in Airflow."""

FEW, MOST = 5, 50
"""Executions of the plan among which the last one with an account is looked for: it is nearly always among
the newest few, and a record may be large."""


def find_connection(
    plan: Plan, store: ExecutionStore, source_of: Callable[[str], str | None]
) -> Connection | Unknown:
    """Return what is known of the connection of a plan; ``source_of`` gives where one comes from."""
    try:
        source = source_of(plan.aws_conn_id)
        newest = (one for limit in (FEW, MOST) for one in store.run(list_executions(plan.id, limit)))
        ended = (one for one in newest if one.final and one.account_id)
        return Connection(plan.aws_conn_id, source, next(ended, None))
    except Exception as error:  # noqa: BLE001 - any: what is not known does not pass (A-3)
        return Unknown(f"where connection {plan.aws_conn_id} comes from", error)


def check(_: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield that people may edit it in Airflow, and that it leads to another account than before."""
    connection = facts.connection
    if isinstance(connection, Unknown):
        yield connection.finding
        return
    if connection is None:
        return
    if connection.source == DATABASE:
        yield Finding(
            f"{connection.conn_id} comes from {DATABASE}: whoever may edit connections there decides in "
            "which account this plan recovers"
        )
    here, last = facts.account_id, connection.last
    if here and last and last.account_id != here:
        yield Finding(
            f"{connection.conn_id} leads to account {here}, and the plan's last execution, "
            f"{last.execution_id} of {last.start_time:%Y-%m-%d}, was in account {last.account_id}"
        )
