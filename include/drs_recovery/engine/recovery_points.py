"""Which recovery snapshot each server is launched from: chosen when its execution opens, and frozen.

A server for which another point than the latest is wanted is launched from its frozen snapshot or not at all,
in every attempt: never silently from other data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.jobs import SKEW
from drs_recovery.record.params import RunParams
from drs_recovery.record.recovery_point import Moment, Snapshot, newest
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_drs.type_defs import RecoverySnapshotTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.same_run import Run
    from drs_recovery.plan import Plan, Selection, SourceServer, Target
    from drs_recovery.record.models import Execution
    from drs_recovery.record.recovery_point import RecoveryPoint


@dataclass(frozen=True)
class PointsAsked:
    """What an execution that opened at a moment asks for, beside its plan: the run's wins.

    ``point`` is for all servers; ``snapshots`` are recovery snapshots of single servers, by server.
    """

    at: datetime
    point: RecoveryPoint | None = None
    snapshots: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def by(cls, run: Run, execution: Execution) -> PointsAsked:
        """Return what a DAG run asks for; ParamsError if that cannot be read."""
        params = RunParams.read(run.conf)
        return cls(execution.start_time, params.recovery_point, params.recovery_points or {})

    def of(self, plan: Plan, wave_number: int) -> RecoveryPoint:
        """Return the point of a wave's servers."""
        return self.point or plan.waves[wave_number].recovery_point or plan.recovery_point or Moment.LATEST


class Chosen(NamedTuple):
    """The snapshot of a server whose latest data are not wanted; ``age`` is that of its data at the start.

    Without a snapshot, ``problem`` is why there is none, and ``error`` why DRS could not be asked.
    """

    wanted: str
    snapshot: Snapshot | None = None
    age: timedelta | None = None
    problem: str | None = None
    error: Exception | None = None


def choose(
    plan: Plan, selection: Selection, asked: PointsAsked, drs: Callable[[Target], DrsHook]
) -> dict[str, Chosen]:
    """Return what is launched of each server whose latest data are not wanted; DRS is asked for each.

    Once DRS cannot be asked for one of them, it is not asked for the others of that place.
    """
    chosen: dict[str, Chosen] = {}
    errors: dict[Target, Exception] = {}
    for number, servers in enumerate(selection):
        target = plan.target(number)
        for server in servers:
            wanted = asked.snapshots.get(server.source_server_id) or asked.of(plan, number)
            if wanted is Moment.LATEST:
                continue
            if target in errors:
                one = _unknown(_text(wanted, asked.at), errors[target])
            else:
                one = _choose(drs(target), server, wanted, asked.at)
            chosen[server.source_server_id] = one
            if one.error is not None:
                errors[target] = one.error
    return chosen


def taken(items: Iterable[RecoverySnapshotTypeDef]) -> list[Snapshot]:
    """Return the snapshots that were taken, with the moments of their data.

    One that is only due has neither a ``timestamp`` nor EBS snapshots.
    """
    return [
        Snapshot(item["snapshotID"], datetime.fromisoformat(item.get("timestamp", item["expectedTimestamp"])))
        for item in items
        if "timestamp" in item or item.get("ebsSnapshots")
    ]


def _choose(hook: DrsHook, server: SourceServer, wanted: RecoveryPoint | str, at: datetime) -> Chosen:
    text = _text(wanted, at)
    if not server.known:
        return Chosen(text, problem="DRS does not know it")
    try:
        there = taken(hook.list_recovery_snapshots(server.source_server_id))
    except Exception as error:  # noqa: BLE001 - any: what is not known does not pass (A-3)
        return _unknown(text, error)
    if isinstance(wanted, str):
        found = next((one for one in there if one.snapshot_id == wanted), None)
    elif isinstance(wanted, datetime) and wanted > at + SKEW:
        return Chosen(text, problem="that is after the start of the execution")
    else:
        found = newest(there, wanted if isinstance(wanted, datetime) else at)
    if found is None:
        return Chosen(text, problem=_none(there, wanted))
    return Chosen(text, found, max(at - found.time, timedelta()))


def _none(there: list[Snapshot], wanted: RecoveryPoint | str) -> str:
    if not there:
        return "DRS has no recovery snapshot of it"
    if isinstance(wanted, str):
        recent = sorted(there, key=lambda one: one.time, reverse=True)
        texts = (f"{one.snapshot_id} of {moment_text(one.time)}" for one in recent)
        return f"its snapshots are {listed(texts)}"
    oldest = min(there, key=lambda one: one.time)
    return f"its oldest is {oldest.snapshot_id} of {moment_text(oldest.time)}"


def _unknown(text: str, error: Exception) -> Chosen:
    return Chosen(text, problem=f"its recovery snapshots cannot be asked for: {said(error)}", error=error)


def _text(wanted: RecoveryPoint | str, at: datetime) -> str:
    """Return which snapshot is wanted, as a sentence goes on after the noun."""
    if isinstance(wanted, str):
        return wanted
    time = moment_text(wanted) if isinstance(wanted, datetime) else f"the start, {moment_text(at)}"
    return f"not after {time}"


def moment_text(time: datetime) -> str:
    """Return a moment as people read it."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC"
