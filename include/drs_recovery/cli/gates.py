"""Answering gates: as the signed-in user, and never before the gate has waited long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import APPROVE
from drs_recovery.clock import now as utc_now
from drs_recovery.errors import AirflowRefused, TransitionRefused
from drs_recovery.record.enums import Decision
from drs_recovery.record.parts import Approval
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.airflow_models import Gate, User
    from drs_recovery.record.approvals import GateRules
    from drs_recovery.report.snapshot import Target

REPARKED = timedelta(seconds=5)
"""From the queueing of a gate that asks again to its parking, at most: Airflow does not give the moment."""

RUNNING = "running"


class GateClosed(AirflowRefused):
    """The gate takes no answer any more: it has one, or its run has ended."""


class GateNotReady(AirflowRefused):
    """The gate would lose an answer now, but takes one in ``seconds``, at ``at`` if that is known."""

    def __init__(self, message: str, *, seconds: float = 1, at: datetime | None = None) -> None:
        self.seconds = seconds
        self.at = at
        super().__init__(message)


def answer_gate(client: AirflowClient, target: Target, task_id: str, option: str, reason: str | None) -> Gate:
    """Answer a gate and return it as it was asked.

    Airflow accepts an answer for a run that has ended, where it changes nothing, and fails the task if the
    answer comes while its worker is still parking it: so run, task and age of the gate are checked right
    before. Raises GateNotReady, GateClosed, or AirflowRefused for what the gate does not take.
    """
    run = client.run(target.plan_id, target.run_id)
    if run is None or run.state != RUNNING:
        state = "gone" if run is None else run.state
        raise GateClosed(f"No answer is needed any more: the DAG run {target.run_id} is {state}.")
    gate = check_ready(client.gate(target.plan_id, target.run_id, task_id), task_id, client.now())
    if option == APPROVE:
        check_reason(gate, reason)
    client.answer(target.plan_id, target.run_id, task_id, option, reason)
    return gate


def check_counts(rules: GateRules, given: Sequence[Approval], user: User, reason: str | None) -> None:
    """Raise TransitionRefused for an approval that the gate would not count; Airflow would take it."""
    answer = Approval(
        decision=Decision.APPROVED, by=user.id, name=user.username, time=utc_now(), reason=reason
    )
    may = not rules.respondents or user.id in rules.respondents  # else Airflow refuses, in its own text
    if may and (refusal := rules.refusal(answer, given)):
        raise TransitionRefused(f"Not sent, it would not count: {refusal}.")


def check_ready(gate: Gate | None, task_id: str, now: datetime) -> Gate:
    """Return the gate if it waits for an answer and has done so for the hold; raise otherwise."""
    if gate is None:
        raise GateNotReady(f"{task_id} has not asked yet")
    if gate.response_received:
        raise GateClosed(f"{task_id} is answered already: {gate.answer} by {gate.answered_by}.")
    if not gate.waits:
        raise GateNotReady(f"{task_id} is {gate.task_instance.state or 'not scheduled'}")
    ready = parked_at(gate) + timedelta(seconds=settings().hold_seconds)
    if now < ready:
        left = (ready - now).total_seconds()
        raise GateNotReady(f"{task_id} has just begun to wait", seconds=left, at=ready)
    return gate


def parked_at(gate: Gate) -> datetime:
    """Return when the task was parked, at the latest; a gate that asks again keeps its first date."""
    queued = gate.task_instance.queued_when
    if queued is None or queued <= gate.created_at:
        return gate.created_at
    return queued + REPARKED


def check_reason(gate: Gate, reason: str | None) -> None:
    """Raise AirflowRefused for a reason that is too short: Airflow accepts it, and the gate asks again."""
    fewest = gate.fewest_letters
    if len(reason or "") < fewest:
        given = "it is missing" if not reason else f"not {reason!r}"
        raise AirflowRefused(
            f"This gate wants a reason of {fewest} characters or more, by --reason; {given}."
        )
