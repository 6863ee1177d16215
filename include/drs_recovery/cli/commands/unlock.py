"""`unlock`: frees a plan by hand, when the execution that holds it cannot be ended in any other way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import open_store
from drs_recovery.errors import AirflowRefused
from drs_recovery.record.reasons import check_reason
from drs_recovery.store import lock

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen
    from drs_recovery.store.lock import Freed


def unlock(screen: Screen, plan_id: str, reason: str, user: str | None) -> Exit:
    """Delete the plan's lock; the reason and who gave it go into the trail of the execution that held it."""
    reason = check_reason(reason)
    store = open_store()
    with sign_in(user) as client:
        dag = client.dag(plan_id)
        if dag is None:
            raise AirflowRefused(
                f"Airflow has no plan {plan_id!r}; it has: {', '.join(client.plans()) or 'none'}"
            )
        client.check_may_edit(plan_id, is_paused=dag.is_paused)
        freed = store.run(lock.unlock(plan_id, client.me().id, reason))
    if freed is None:
        screen.result({"plan": plan_id, "unlocked": False}, Text(f"{plan_id} is not held by any execution."))
        return Exit.OK
    shown = Text.assemble((f"{plan_id} is free. ", "bold"), _held(freed))
    holder = freed.lock.holder if freed.lock else None
    screen.result({"plan": plan_id, "unlocked": True, "holder": holder}, shown)
    return Exit.OK


def _held(freed: Freed) -> str:
    held = freed.lock
    if held is None:
        return (
            f"The execution that held it is unknown: {freed.trouble}. Its work continues: "
            "`recovery list` shows what runs."
        )
    return (
        f"It was held by execution {held.holder} ({held.execution_type}, DAG run {held.dag_run_id}). "
        f"Its work continues: `recovery show {held.holder}`."
    )
