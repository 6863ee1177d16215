"""`tier`: lets an execution that runs go before others, or after them, when DRS is short of room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import find_running, open_store
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.record.reasons import check_reason
from drs_recovery.report.documents import execution_document
from drs_recovery.store.programs.tier import change_tier

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen


def set_tier(screen: Screen, named: str, tier: int, *, reason: str, user: str | None) -> Exit:
    """Put the tier, who changed it, and why on record; waves that wait already move at once."""
    reason = check_reason(reason)
    store = open_store()
    execution = find_running(store, named)
    with sign_in(user) as client:
        me = client.me().id
        # Airflow accepts the note only of a user who may edit the run: only then it goes on record
        client.note(execution.plan_id, execution.dag_run_id, f"tier {tier}, by {me}: {reason}")
        changed = store.run(change_tier(execution.execution_id, tier, me, reason))
    message = (
        f"{changed.execution_id} of {changed.plan_id} is in tier {tier}. `recovery queue` shows who waits."
    )
    screen.result(execution_document(read_snapshot(store, changed)), Text(message))
    return Exit.OK
