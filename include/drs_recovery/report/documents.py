"""What ``--json`` prints: the names and values of the record, as DynamoDB holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.plan import Plan
    from drs_recovery.record.events import Event
    from drs_recovery.report.snapshot import Snapshot, WaitingGate


def execution_document(snapshot: Snapshot) -> dict[str, Any]:
    """Return an execution with its servers and the gates that wait."""
    execution = snapshot.execution
    document: dict[str, Any] = {
        "executionId": snapshot.target.execution_id,
        "planId": snapshot.target.plan_id,
        "dagRunId": snapshot.target.run_id,
        "execution": execution.to_item() if execution else None,
        "servers": [server.to_item() for server in snapshot.servers],
        "actions": [action.to_item() for action in snapshot.actions],
        "gates": [_gate(gate) for gate in snapshot.gates],
        "approvals": [approval.to_item() for approval in snapshot.approvals],
    }
    if snapshot.standings:
        document["queue"] = {str(number): text for number, text in snapshot.standings.items()}
    if snapshot.queued:
        document["queued"] = snapshot.queued
    if snapshot.stranded:
        document["stranded"] = snapshot.stranded
    return document


def record_document(snapshot: Snapshot, events: Sequence[Event], plan: Plan | None) -> dict[str, Any]:
    """Return everything on record about an execution."""
    return execution_document(snapshot) | {
        "plan": plan.content() if plan else None,
        "events": [event.to_item() for event in events],
        "launchSettings": [settings.to_item() for settings in snapshot.settings],
        "putBack": snapshot.put_back and snapshot.put_back.to_item(),
    }


def _gate(gate: WaitingGate) -> dict[str, Any]:
    document = {"waveName": gate.wave_name, "taskId": gate.task_id, "url": gate.url}
    rules = gate.rules
    known = {
        "approvers": None if rules is None else list(rules.approvers),
        "breakGlass": list(rules.break_glass) if rules and rules.break_glass else None,
        "approvalsNeeded": rules and rules.needed,
        "approvedBy": list(gate.approved_by) or None,
        "since": gate.since and gate.since.isoformat(),
        "until": gate.until and gate.until.isoformat(),
    }
    return document | {key: value for key, value in known.items() if value is not None}
