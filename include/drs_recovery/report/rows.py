"""The lines of a picture: every wave, and the servers that matter most where not all of them fit."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drs_recovery.record.enums import ActionsStatus, ChecksStatus, LaunchStatus, TaskState, WaveStatus
from drs_recovery.record.judge import well
from drs_recovery.report.servers import activity, server_name
from drs_recovery.text.lists import listed
from drs_recovery.text.people import who_answered
from drs_recovery.text.values import ABSENT, elapsed, plural, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.record.task_record import TaskRecord
    from drs_recovery.report.snapshot import Snapshot

CALM = frozenset({WaveStatus.PENDING, WaveStatus.COMPLETED, WaveStatus.SKIPPED})
_NOT_DONE = frozenset({TaskState.FAILED, TaskState.REFUSED, TaskState.UNSEEN})
NEIGHBOURS = 3
"""Waves shown on each side of those that run, where there are too many for the screen."""


@dataclass(frozen=True)
class Row:
    """A line of the table: a wave, a server under it, or how many are left out."""

    label: str
    status: str | None
    detail: str
    wave: bool = False
    server: ServerRecord | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of a server, the best known first: hostname, Name tag and id."""
        server = self.server
        known = (server.hostname, server.name, server.source_server_id) if server else ()
        return tuple(name for name in known if name)


def rows(snapshot: Snapshot, room: int | None = None) -> list[Row]:
    """Return the lines of the table; with ``room``, as many as that, the ones that matter most."""
    execution = snapshot.execution
    if execution is None:
        return []
    shown = _in_sight(execution.waves, room)
    left = None if room is None else max(0, room - len(shown) - 2)
    opened = _opened(snapshot, shown, left)
    lines: list[Row] = []
    lines += [_action_row(one) for one in snapshot.actions_of(None) if not _is_after(one)]
    for wave in execution.waves:
        if wave.wave_number in shown:
            lines.append(_wave_row(wave, snapshot))
            actions = snapshot.actions_of(wave.wave_number)
            lines += [_action_row(one) for one in actions if not _is_after(one)]
            lines += opened.get(wave.wave_number, [])
            lines += [_action_row(one) for one in actions if _is_after(one)]
    lines += [_action_row(one) for one in snapshot.actions_of(None) if _is_after(one)]
    if hidden := [wave for wave in execution.waves if wave.wave_number not in shown]:
        lines.append(Row(f"… and {len(hidden)} more waves", None, _counted(wave.status for wave in hidden)))
    return lines


def _in_sight(waves: Sequence[WaveRecord], room: int | None) -> frozenset[int]:
    """Return the numbers of the waves that get a line: those that run or went wrong, and their neighbours."""
    if room is None or len(waves) <= room:
        return frozenset(wave.wave_number for wave in waves)
    moving = [wave.wave_number for wave in waves if wave.status not in CALM]
    centre = moving or [sum(wave.status is WaveStatus.COMPLETED for wave in waves)]
    near = range(-NEIGHBOURS, NEIGHBOURS + 1)
    numbers = {number + step for number in centre for step in near if 0 <= number + step < len(waves)}
    return frozenset(sorted(numbers)[: room - 1])


def _opened(snapshot: Snapshot, shown: frozenset[int], left: int | None) -> dict[int, list[Row]]:
    """Return the server lines of the waves that have begun: where room is short, first of those that run."""
    waves = snapshot.execution.waves if snapshot.execution else ()
    begun = [wave for wave in waves if wave.wave_number in shown and _begun(wave)]
    opened: dict[int, list[Row]] = {}
    for wave in sorted(begun, key=lambda wave: (not wave.status.running, -wave.wave_number)):
        opened[wave.wave_number] = _server_rows(snapshot.servers_of(wave), snapshot, left)
        left = None if left is None else left - len(opened[wave.wave_number])
    return opened


def _begun(wave: WaveRecord) -> bool:
    """Whether any part of the wave was started, in this attempt or an earlier one."""
    return wave.start_time is not None or wave.attempt > 1


def _server_rows(servers: Sequence[ServerRecord], snapshot: Snapshot, left: int | None) -> list[Row]:
    """Return a line per server; where they do not fit, those that run first, then those that failed."""
    if left is not None and len(servers) > left:
        if left < 2:  # noqa: PLR2004 - a server and the line on the others
            return []
        first = sorted(servers, key=_interest)
        rest = first[left - 1 :]
        others = Row(f"… and {len(rest)} more", None, _counted(server.launch_status for server in rest))
        return [*_server_rows(first[: left - 1], snapshot, None), others]
    return [_server_row(server, snapshot) for server in servers]


def _is_after(action: TaskRecord) -> bool:
    return action.name.startswith("after_")


def _action_row(action: TaskRecord) -> Row:
    moment = "after" if _is_after(action) else "before"
    by = f"by {action.by}: {action.reason}" if action.reason else None
    known = (by, action.message if action.state in _NOT_DONE else action.result)
    return Row(f"{moment}: {action.action}", action.state, ", ".join(filter(None, known)) or ABSENT)


def _server_row(server: ServerRecord, snapshot: Snapshot) -> Row:
    return Row(server_name(server), server.launch_status, _detail(server, snapshot), server=server)


def _interest(server: ServerRecord) -> int:
    if server.actions_status is ActionsStatus.FAILED or server.checks_status is ChecksStatus.FAILED:
        return 0
    order = (LaunchStatus.FAILED, LaunchStatus.IN_PROGRESS, LaunchStatus.PENDING, LaunchStatus.LAUNCHED)
    return order.index(server.launch_status) if server.launch_status in order else 0


def _detail(server: ServerRecord, snapshot: Snapshot) -> str:
    now = "  ".join(filter(None, [activity(server, snapshot.at), server.check_text]))
    if server.error is None:
        return now
    if server.launch_status is LaunchStatus.LAUNCHED:
        return f"{now}  {server.error}"
    return f"optional: {server.error}" if server.optional else server.error


def _wave_row(wave: WaveRecord, snapshot: Snapshot) -> Row:
    return Row(wave.wave_name, wave.status, ", ".join(_wave_text(wave, snapshot)) or ABSENT, wave=True)


def _wave_text(wave: WaveRecord, snapshot: Snapshot) -> Iterator[str]:
    servers = snapshot.servers_of(wave)
    yield from _launched_text(wave, servers)
    if where := snapshot.standings.get(wave.wave_number):
        yield f"waits for room in DRS: {where}"
    if points := [server.recovery_point for server in servers if server.recovery_point]:
        yield f"data of {timestamp(min(points))}"
    if wave.start_time:
        yield elapsed(wave.start_time, wave.end_time or snapshot.at)
    elif wave.status is WaveStatus.PENDING and wave.pause_before_wave:
        yield "asks for approval first"
    if wave.attempt > 1:
        yield f"attempt {wave.attempt}"
    if answer := _answer_text(wave):
        yield answer
    if wave.status is WaveStatus.PARTIAL:
        missing = [each for each in servers if not well(wave, each)]
        yield f"without {listed(map(server_name, missing))}"
    elif wave.failure and not (_begun(wave) and any(server.error for server in servers)):
        yield wave.failure


def _launched_text(wave: WaveRecord, servers: Sequence[ServerRecord]) -> Iterator[str]:
    count = len(servers) or wave.server_count
    if _begun(wave):
        launched = sum(server.launch_status is LaunchStatus.LAUNCHED for server in servers)
        checked = f", {sum(well(wave, server) for server in servers)} well" if wave.checks else ""
        yield f"{launched} of {count if count is not None else ABSENT} launched{checked}"
    elif count:
        yield plural(count, "server")


def _answer_text(wave: WaveRecord) -> str | None:
    """Return what the gate of a wave was answered, or how many have approved it so far."""
    answer = wave.approval
    if answer and (wave.approved or not wave.failure):
        alone = ", BREAK-GLASS" if answer.break_glass else ""
        return f"{answer.decision.lower().replace('_', ' ')} by {who_answered(answer.by)}{alone}"
    if wave.status is WaveStatus.PAUSED and wave.approvals_needed:
        return f"{wave.approvals_given or 0} of {wave.approvals_needed} approvals"
    return None


def _counted(values: Iterable[str | None]) -> str:
    return ", ".join(f"{count} {value or ABSENT}" for value, count in Counter(values).items())
