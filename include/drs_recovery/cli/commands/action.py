"""`run-again` and `skip`: what becomes of an action that did not do its work, as the signed-in user says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.frozen_plan import frozen_plan
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import find, open_store
from drs_recovery.cli.watcher import read_snapshot
from drs_recovery.clock import now
from drs_recovery.engine.action_answers import Answer, answer_action, find_action, take_back
from drs_recovery.errors import AirflowApiError, TransitionRefused
from drs_recovery.record.enums import TaskState
from drs_recovery.record.reasons import check_reason
from drs_recovery.report.documents import execution_document

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen


def answer(
    screen: Screen, state: TaskState, named: str, action: str, *, reason: str, user: str | None
) -> Exit:
    """Put the answer on record, then clear the action's task and what follows it.

    Airflow accepts the note only of a user who may edit the run: only then it goes on record.
    """
    reason = check_reason(reason)
    store = open_store()
    execution = find(store, named)
    plan = frozen_plan(store, execution.execution_id)
    if plan is None:
        raise TransitionRefused(f"{execution.execution_id} holds no frozen plan, so no action of it ran.")
    found = find_action(store, execution, plan, action)
    with sign_in(user) as client:
        me = client.me().id
        does = "runs again" if state is TaskState.AGAIN else "is let be"
        dag_id, run_id = execution.plan_id, execution.dag_run_id
        client.note(dag_id, run_id, f"{found.due.action.name} {does}, says {me}: {reason}")
        written = answer_action(store, execution, found, Answer(state, me, now(), reason))
        try:
            if found.to_clear:
                client.clear_tasks(dag_id, run_id, found.to_clear)
        except AirflowApiError:
            take_back(store, execution, found.known, written)
            raise
    follows = "Its tasks are cleared" if found.to_clear else "It is passed when its turn comes"
    shown = Text.assemble((f"{found.due.action.name} {does}", "bold"), f", says {me}. {follows}.")
    if len(found.to_clear) > 1:
        shown.append(" Where its wave has a gate, it asks again.")
    shown.append("\n").append(f"Follow it: recovery watch {execution.execution_id}")
    screen.result(execution_document(read_snapshot(store, execution)), shown)
    return Exit.OK
