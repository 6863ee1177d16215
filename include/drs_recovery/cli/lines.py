"""Progress where there is no terminal: one line for each thing that changed, and nothing in between."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.progress import command_for
from drs_recovery.report.servers import server_name
from drs_recovery.text.people import who_answered
from drs_recovery.text.values import ABSENT, time_of_day
from drs_recovery.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.report.snapshot import Snapshot


def changes(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    """Yield what is new in a snapshot, each line with its time in UTC."""
    at = time_of_day(after.at)
    for line in _changes(before, after):
        yield f"{at}  {one_line(line)}"


def _changes(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    earlier = before.execution if before else None
    if after.execution is None:
        if before is None or before.queued != after.queued:
            yield f"{after.target.plan_id}  not on record yet: {after.queued or 'execution not opened'}"
    else:
        yield from _execution(earlier, after.execution)
        yield from _waves(earlier, after.execution)
        yield from _servers(before, after)
        yield from _actions(before, after)
    yield from _gates(before, after)
    known = before.notes if before else ()
    yield from (f"⚠ {note}" for note in after.notes if note not in known)
    if before and before.notes and not after.notes:
        yield "everything answers again"


def _execution(before: Execution | None, after: Execution) -> Iterator[str]:
    if before is None:
        why = f": {after.reason}" if after.reason else ""
        asked = f"asked for by {after.requested_by or ABSENT}{why}"
        yield f"{after.plan_name}  {after.execution_type} {after.execution_id}, {asked}"
    if before is None or _standing(before) != _standing(after):
        yield f"{after.plan_name}  {_standing(after)}"
    known = before.warnings if before else ()
    yield from (f"⚠ {new.check}: {new.message}" for new in after.warnings if new not in known)


def _standing(execution: Execution) -> str:
    return f"{execution.status}, {execution.completed_waves} of {execution.total_waves} waves"


def _waves(before: Execution | None, after: Execution) -> Iterator[str]:
    known = {wave.wave_number: wave for wave in before.waves} if before else {}
    for wave in after.waves:
        earlier = known.get(wave.wave_number)
        if earlier is None or _wave(earlier) != _wave(wave):
            yield _wave(wave)


def _wave(wave: WaveRecord) -> str:
    parts = [f"{wave.wave_name}  {wave.status}"]
    if wave.attempt > 1:
        parts.append(f"attempt {wave.attempt}")
    if wave.approval and (wave.approved or not wave.failure):
        why = f": {wave.approval.reason}" if wave.approval.reason else ""
        alone = ", BREAK-GLASS" if wave.approval.break_glass else ""
        parts.append(f"{wave.approval.decision} by {who_answered(wave.approval.by)}{alone}{why}")
    elif wave.approvals_given:
        parts.append(f"{wave.approvals_given} of {wave.approvals_needed} approvals")
    parts += wave.attempt_job_ids
    if wave.failure:
        parts.append(wave.failure)
    return ", ".join(parts)


def _servers(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    waves = {wave.wave_number: wave.wave_name for wave in after.execution.waves} if after.execution else {}
    known = {_key(server): _server(server) for server in before.servers} if before else {}
    for server in after.servers:
        line = _server(server)
        if line != known.get(_key(server)) and server.job_id:
            yield f"{waves.get(server.wave_number, ABSENT)}  {line}"


def _actions(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    known = before.actions if before else ()
    for action in after.actions:
        if action not in known:
            text = action.message or action.result
            yield f"{action.task_id}  {action.state}{f', {text}' if text else ''}"


def _key(server: ServerRecord) -> tuple[int, str]:
    return server.wave_number, server.source_server_id


def _server(server: ServerRecord) -> str:
    parts = [f"{server_name(server)}  {server.launch_status or ABSENT}"]
    told = (server.error, server.recovery_instance_id, server.private_ip, server.check_text)
    parts += [part for part in told if part]
    if server.phase and len(parts) == 1:
        parts.append(server.phase)
    return ", ".join(parts)


def _gates(before: Snapshot | None, after: Snapshot) -> Iterator[str]:
    known = {gate.task_id: gate for gate in before.gates} if before else {}
    for gate in after.gates:
        earlier = known.get(gate.task_id)
        if earlier is None:
            how = command_for("approve", gate, after)
            yield f"{gate.wave_name}  waits for an answer of {gate.who}: {how}, or {gate.url}"
        if gate.note and (earlier is None or earlier.note != gate.note):
            yield f"{gate.wave_name}  {gate.note}"
