"""`approve` and `reject`: answers a gate as the signed-in user."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import APPROVE
from drs_recovery.cli.connect import sign_in
from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.frozen_plan import frozen_plan
from drs_recovery.cli.gates import GateNotReady, answer_gate, check_counts
from drs_recovery.cli.paper import Text
from drs_recovery.cli.record import find, open_store
from drs_recovery.engine.permission import approvals_before, rules_of_gate
from drs_recovery.errors import AirflowRefused
from drs_recovery.names import CLEAN_UP, CleanUpTask, Role, task_id
from drs_recovery.record.clean_up import current_run_id
from drs_recovery.report.cleanups import waits_for_an_approver
from drs_recovery.report.snapshot import Target, paused_waves
from drs_recovery.store.queries import read_execution

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.cli.screen import Screen
    from drs_recovery.plan import Plan
    from drs_recovery.record.approvals import GateRules
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.parts import Approval
    from drs_recovery.store.store import ExecutionStore

LONGEST_WAIT = 60
"""Seconds for a gate to accept an answer; parking and the hold take about 15."""

TAKEN_UP = 30
"""Seconds for the gate's task to write the answer into the record."""


def answer(
    screen: Screen, option: str, named: str, *, wave_name: str | None, reason: str | None, user: str | None
) -> Exit:
    """Answer the gate that waits, and wait until the answer is on record."""
    store = open_store()
    execution = find(store, named, live=True)
    if wave_name is None and waits_for_an_approver(execution):
        return _answer_clean_up(screen, store, execution, option, reason=reason, user=user)
    wave = waiting_wave(execution, wave_name)
    plan = plan_of(store, execution)
    rules = rules_of_gate(plan, execution, wave.wave_number)
    with sign_in(user) as client:
        me = client.me()
        if option == APPROVE:
            given = approvals_before(store, execution, wave, rules)
            check_counts(rules, given, me, reason)
        target, gate = Target(execution.plan_id, execution.dag_run_id), gate_task(plan, wave)
        _when_ready(screen, lambda: answer_gate(client, target, gate, option, reason))
    approval, missing = _answer_on_record(store, execution, wave, rules, me.id)
    document = {
        "executionId": execution.execution_id,
        "planId": execution.plan_id,
        "waveName": wave.wave_name,
        "answer": option,
        "by": me.id,
        "approval": approval.to_item() if approval else None,
        "missing": missing,
    }
    follow = f"Follow it: recovery watch {execution.execution_id}"
    message = Text(_told(wave, option, me.id, approval, missing))
    screen.result(document, message.append("\n").append(follow))
    return Exit.OK


def _told(wave: WaveRecord, option: str, me: str, approval: Approval | None, missing: int) -> str:
    """Return what came of an answer, in a sentence."""
    done = "approved" if option == APPROVE else "rejected"
    if approval is None:
        late = "Airflow has the answer, and the record does not show it yet"
        return f"{wave.wave_name} is {done} by {me}; {late}."
    if missing:
        return f"{wave.wave_name} is {done} by {me}; it waits for {missing} more."
    alone = ", by break-glass" if approval.break_glass else ""
    return f"{wave.wave_name} is {done} by {me}{alone}."


def _answer_clean_up(
    screen: Screen,
    store: ExecutionStore,
    execution: Execution,
    option: str,
    *,
    reason: str | None,
    user: str | None,
) -> Exit:
    """Answer whether the instances of a drill that has ended are terminated."""
    target = Target(CLEAN_UP, current_run_id(execution))
    with sign_in(user) as client:
        me = client.me().id
        _when_ready(screen, lambda: answer_gate(client, target, CleanUpTask.APPROVE, option, reason))
    deadline = time.monotonic() + TAKEN_UP
    while waits_for_an_approver(execution) and time.monotonic() < deadline:
        time.sleep(0.5)
        execution = store.run(read_execution(execution.execution_id))
    document = {
        "executionId": execution.execution_id,
        "planId": execution.plan_id,
        "answer": option,
        "by": me,
        "cleanup": execution.cleanup.to_item() if execution.cleanup else None,
    }
    done = "approved" if option == APPROVE else "rejected"
    look = f"Look: recovery show {execution.execution_id}"
    screen.result(document, Text(f"The clean-up is {done} by {me}.").append("\n").append(look))
    return Exit.OK


def waiting_wave(execution: Execution, wave_name: str | None) -> WaveRecord:
    """Return the wave whose gate is meant; AirflowRefused if none waits, UsageError if several do."""
    paused = paused_waves(execution)
    if wave_name is not None:
        named = [wave for wave in execution.waves if wave.wave_name == wave_name]
        if not named:
            names = ", ".join(wave.wave_name for wave in execution.waves)
            raise UsageError(f"{execution.plan_id} has no wave {wave_name!r}; its waves are {names}.")
        if named[0] not in paused:
            raise AirflowRefused(f"No gate waits before {wave_name}: the wave is {named[0].status}.")
        return named[0]
    if not paused:
        raise AirflowRefused(
            f"No gate of {execution.execution_id} ({execution.plan_id}) waits: it is {execution.status}."
        )
    if len(paused) > 1:
        raise UsageError(
            f"Several gates wait, name one by --wave: {', '.join(wave.wave_name for wave in paused)}."
        )
    return paused[0]


def plan_of(store: ExecutionStore, execution: Execution) -> Plan:
    """Return the plan that was frozen."""
    plan = frozen_plan(store, execution.execution_id)
    if plan is None:
        raise AirflowRefused(f"{execution.execution_id} holds no frozen plan, so none of its gates can wait.")
    return plan


def gate_task(plan: Plan, wave: WaveRecord) -> str:
    """Return the task id of a wave's gate, by the plan that was frozen."""
    return task_id(Role.GATE, plan.waves[wave.wave_number].name)


def _when_ready(screen: Screen, answer: Callable[[], object]) -> None:
    """Answer as soon as the gate accepts it: an earlier answer would make Airflow fail the task."""
    deadline = time.monotonic() + LONGEST_WAIT
    announced = False
    while True:
        try:
            answer()
        except GateNotReady as early:
            if time.monotonic() > deadline:
                raise
            if not announced:
                screen.message(
                    f"{early}; Airflow loses answers that come too soon: waiting {early.seconds:.0f}s …"
                )
                announced = True
            time.sleep(max(0.2, min(early.seconds, 1)))
        else:
            return


def _answer_on_record(
    store: ExecutionStore, execution: Execution, wave: WaveRecord, rules: GateRules, me: str
) -> tuple[Approval | None, int]:
    """Return the answer from the record, as soon as it is there, and how many more must approve then."""
    deadline = time.monotonic() + TAKEN_UP
    while time.monotonic() < deadline:
        approval = store.run(read_execution(execution.execution_id)).wave(wave.wave_number).approval
        if approval is not None and approval.attempt == wave.attempt:
            return approval, 0
        given = approvals_before(store, execution, wave, rules)
        if mine := [answer for answer in given if answer.by == me]:
            return mine[0], rules.missing(given)
        time.sleep(0.5)
    return None, rules.needed
