"""Whether the plan's Airflow connections can be trusted: where they come from, and where they lead."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from drs_recovery.engine.readiness.facts import Connection, Finding, Unknown
from drs_recovery.plan.target import OWN_CONNECTION
from drs_recovery.store.queries import list_executions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.engine.readiness.facts import Facts
    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

DATABASE = "Airflow's database, or its API server's own environment"
"""Where a connection comes from that people may edit in Airflow."""

FEW, MOST = 5, 50
"""Executions of the plan among which the last one with an account is looked for: it is nearly always among
the newest few, and a record may be large."""


def find_connections(
    plan: Plan, store: ExecutionStore, source_of: Callable[[str], str | None]
) -> dict[str, Connection | Unknown]:
    """Return what is known of each connection of a plan; ``source_of`` gives where one comes from."""
    last = cache(lambda: _last_execution(plan, store))
    found: dict[str, Connection | Unknown] = {}
    for conn_id in dict.fromkeys(target.aws_conn_id for target in plan.targets):
        try:
            found[conn_id] = Connection(conn_id, source_of(conn_id), last())
        except Exception as error:  # noqa: BLE001 - any: what is not known does not pass (A-3)
            found[conn_id] = Unknown(f"where connection {conn_id} comes from", error)
    return found


def _last_execution(plan: Plan, store: ExecutionStore) -> Execution | None:
    newest = (one for limit in (FEW, MOST) for one in store.run(list_executions(plan.id, limit)))
    return next((one for one in newest if one.final and one.account_ids), None)


def check(plan: Plan, facts: Facts) -> Iterator[Finding]:
    """Yield connections that people may edit in Airflow, or that lead to another account than before."""
    for connection in facts.connections:
        if isinstance(connection, Unknown):
            yield connection.finding
        else:
            yield from _findings(connection, plan, facts)


def _findings(connection: Connection, plan: Plan, facts: Facts) -> Iterator[Finding]:
    if connection.source == DATABASE:
        yield Finding(
            f"{connection.conn_id} comes from {DATABASE}: whoever may edit connections there decides in "
            "which account this plan recovers"
        )
    if connection.source is None and connection.conn_id != OWN_CONNECTION:
        leads = f", which lead to account {facts.account_id}" if facts.account_id else ""
        yield Finding(
            f"there is no Airflow connection {connection.conn_id}: boto3's own credentials are taken{leads}"
        )
    here, last = facts.account_id, connection.last
    if here and last and (others := _accounts_then(last, connection, plan, facts) - {here}):
        yield Finding(
            f"{connection.conn_id} leads to account {here}, and the plan's last execution, "
            f"{last.execution_id} of {last.start_time:%Y-%m-%d}, was in account {', '.join(sorted(others))}"
        )


def _accounts_then(last: Execution, connection: Connection, plan: Plan, facts: Facts) -> set[str]:
    """Return the accounts in which an execution had the waves that a connection leads here, by their names.

    A wave that it did not have was where the others of the plan were.
    """
    numbers = [n for n in facts.here if plan.target(n).aws_conn_id == connection.conn_id]
    names = {plan.waves[number].name for number in numbers}
    then = {wave.wave_name: last.account_of(wave) for wave in last.waves}
    accounts = {then.get(name, last.account_id) for name in names}
    return {account for account in accounts if account}
