"""What an execution achieved, beside what its plan promises: RTO and RPO, as text."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.text.durations import compact

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Lag
    from drs_recovery.record.server_record import ServerRecord


class Achieved(NamedTuple):
    """What was measured, and whether it is within the target; None where there is none, or nobody knows."""

    measured: timedelta
    within: bool | None


def rto_achieved(execution: Execution) -> Achieved | None:
    """Return how long an execution took that has recovered what it should; None for any other."""
    if execution.end_time is None or not _recovered(execution):
        return None
    took, target = execution.end_time - execution.start_time, execution.rto_seconds
    return Achieved(took, None if target is None else took <= timedelta(seconds=target))


def rpo_achieved(execution: Execution) -> Achieved | None:
    """Return how old the data were at the start, of an execution that has recovered what it should.

    None where DRS reported no lag. Within the target only if it did so for every server.
    """
    lag, target = execution.lag, execution.rpo_seconds
    if execution.end_time is None or not _recovered(execution) or lag is None or lag.seconds is None:
        return None
    if target is None or (lag.unknown and lag.seconds <= target):
        return Achieved(timedelta(seconds=lag.seconds), None)
    return Achieved(timedelta(seconds=lag.seconds), lag.seconds <= target)


def rto_text(execution: Execution, at: datetime | None = None) -> str | None:
    """Return how long an execution took beside its RTO; None without an RTO.

    ``at`` is when it ends, or until when it is measured, for one that has no end time. One that ended without
    recovering what it should took no time that counts.
    """
    end = execution.end_time or at
    if execution.rto_seconds is None or end is None:
        return None
    target, took = timedelta(seconds=execution.rto_seconds), end - execution.start_time
    if execution.final and not _recovered(execution):
        return f"not achieved; the target is {compact(target)}"
    return f"{compact(took)}, {_verdict(took, target)} the target of {compact(target)}"


def rpo_text(execution: Execution) -> str | None:
    """Return how old the data were at the start, beside the RPO; None without one, or before it is known."""
    lag = execution.lag
    if execution.rpo_seconds is None or lag is None:
        return None
    target = timedelta(seconds=execution.rpo_seconds)
    if lag.seconds is None:
        return f"not known, DRS reported no lag; the target is {compact(target)}"
    worst = timedelta(seconds=lag.seconds)
    message = f"{compact(worst)} at the start, {_verdict(worst, target)} the target of {compact(target)}"
    return f"{message}; {_unreported(lag)}" if lag.unknown else message


def point_text(server: ServerRecord, start: datetime) -> str:
    """Return which data of a server are launched: how old they were when its execution started at ``start``.

    ``latest`` are those of the moment at which its launch begins.
    """
    if server.point_wanted is None:
        return "latest"
    if server.recovery_point is None:
        return f"none: there was no recovery snapshot {server.point_wanted}"
    age = compact(max(start - server.recovery_point, timedelta()))
    return f"{server.recovery_point:%Y-%m-%d %H:%M:%S} UTC, {age} old, {server.recovery_snapshot_id}"


def _recovered(execution: Execution) -> bool:
    return all(wave.status.policy_met for wave in execution.waves)


def _verdict(achieved: timedelta, target: timedelta) -> str:
    return "within" if achieved <= target else "above"


def _unreported(lag: Lag) -> str:
    servers = "one server" if lag.unknown == 1 else f"{lag.unknown} servers"
    return f"for {servers} DRS reported no lag"
