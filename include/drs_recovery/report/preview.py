"""What an execution would recover if it opened now, beside what the last one of the plan recovered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.plan import misfits, policies
from drs_recovery.record.base import iso
from drs_recovery.report.actions import actions_by_type
from drs_recovery.text.values import or_absent, plural, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from drs_recovery.plan import Plan, Selection, SourceServer, Target
    from drs_recovery.record.models import Execution
    from drs_recovery.record.recovery_point import Snapshot
    from drs_recovery.record.server_record import ServerRecord


class Place(NamedTuple):
    """Where waves are recovered to: the account, and where the connection that leads there was found.

    ``trouble`` is why DRS shows no source servers.
    """

    account_id: str | None
    source: str | None = None
    trouble: str | None = None

    def servers_text(self, servers: Sequence[object]) -> str:
        """Return how many servers there are, as far as that is known."""
        return "servers not known" if self.trouble and not servers else plural(len(servers), "server")

    def text(self, target: Target) -> str:
        """Return the place as people know it; without a connection boto3 looks for credentials itself."""
        by = target.aws_conn_id
        if self.source is None:
            by += " (not found here: boto3's own credentials)"
        return f"{target.region}, account {or_absent(self.account_id)} by {by}"


class Change(StrEnum):
    """What differs of a server from the last execution."""

    NEW = "NEW"
    MOVED = "MOVED"
    GONE = "GONE"


@dataclass(frozen=True)
class Last:
    """The last execution of a plan, with its servers."""

    execution: Execution
    servers: Sequence[ServerRecord]

    @cached_property
    def waves(self) -> dict[str, str]:
        """The name of the wave of each server."""
        names = {wave.wave_number: wave.wave_name for wave in self.execution.waves}
        return {one.source_server_id: names.get(one.wave_number, "") for one in self.servers}


class Point(NamedTuple):
    """The recovery snapshot from which a server would be launched, or why there is none that is wanted."""

    snapshot: Snapshot | None
    problem: str | None

    def __str__(self) -> str:
        if self.snapshot is None:
            return f"no recovery snapshot: {self.problem}"
        return f"data of {timestamp(self.snapshot.time)}, {self.snapshot.snapshot_id}"


@dataclass(frozen=True)
class PreviewedServer:
    """A server that a wave would launch, or one that is ``GONE`` from it; ``moved_from`` names a wave.

    ``point`` is absent where the latest data would be launched.
    """

    source_server_id: str
    hostname: str | None
    name: str | None
    known: bool = True
    optional: bool = False
    change: Change | None = None
    moved_from: str | None = None
    point: Point | None = None

    def to_item(self) -> dict[str, Any]:
        """Return the server in the names of the record."""
        item = {
            "sourceServerID": self.source_server_id,
            "hostname": self.hostname,
            "name": self.name,
            "known": self.known,
            "optional": self.optional,
            "change": self.change,
            "movedFrom": self.moved_from,
        }
        if self.point is not None:
            snapshot_id, time = self.point.snapshot or (None, None)
            item |= {"recoverySnapshotID": snapshot_id, "recoveryPoint": iso(time) if time else None}
            item["recoveryPointProblem"] = self.point.problem
        return {key: value for key, value in item.items() if value is not None}


@dataclass(frozen=True)
class PreviewedWave:
    """A wave: where it is recovered to, its servers now, and those of the last execution that it lacks."""

    number: int
    name: str
    target: Target
    place: Place
    pauses: bool
    after: Sequence[str]
    servers: Sequence[PreviewedServer]
    gone: Sequence[PreviewedServer]

    def to_item(self) -> dict[str, Any]:
        """Return the wave in the names of the record."""
        item = {
            "waveNumber": self.number,
            "waveName": self.name,
            "region": self.target.region,
            "awsConnId": self.target.aws_conn_id,
            "accountId": self.place.account_id,
            "trouble": self.place.trouble,
            "pauseBeforeWave": self.pauses,
            "dependsOn": list(self.after),
            "servers": [server.to_item() for server in self.servers],
            "gone": [server.to_item() for server in self.gone],
        }
        return {key: value for key, value in item.items() if value is not None}


@dataclass(frozen=True)
class Preview:
    """A plan as it would run now; ``gone`` are servers of waves that the plan does not have any more."""

    plan: Plan
    waves: Sequence[PreviewedWave]
    problems: Sequence[str]
    last: Last | None
    gone: Sequence[PreviewedServer]

    def document(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        last = self.last.execution if self.last else None
        return {
            "planId": self.plan.id,
            "planName": self.plan.name,
            "planHash": self.plan.hash,
            "lastExecution": last and {"executionId": last.execution_id, "planHash": last.plan_hash},
            "waves": [wave.to_item() for wave in self.waves],
            "actions": actions_by_type(self.plan),
            "gone": [server.to_item() for server in self.gone],
            "problems": list(self.problems),
        }


def preview(
    plan: Plan,
    selection: Selection,
    problems: Sequence[str],
    places: Mapping[Target, Place],
    last: Last | None,
    *,
    points: Mapping[str, Point],
) -> Preview:
    """Return a plan as it would run now; ``problems`` are those of the selection.

    ``points`` are by server, of those whose latest data would not be launched.
    """
    needs = policies(plan, selection)
    now = {one.source_server_id for servers in selection for one in servers}
    gone = list(_gone(last, now))
    waves = [
        PreviewedWave(
            number=number,
            name=wave.name,
            target=plan.target(number),
            place=places[plan.target(number)],
            pauses=wave.pause_before_wave,
            after=[plan.waves[other].name for other in plan.dependencies[number]],
            servers=[
                replace(
                    _server(one, needs[number].optional, wave.name, last),
                    point=points.get(one.source_server_id),
                )
                for one in selection[number]
            ],
            gone=[one for name, one in gone if name == wave.name],
        )
        for number, wave in enumerate(plan.waves)
    ]
    names = {wave.name for wave in plan.waves}
    others = [one for name, one in gone if name not in names]
    return Preview(plan, waves, [*problems, *misfits(plan, selection)], last, others)


def _server(server: SourceServer, optional: frozenset[str], wave: str, last: Last | None) -> PreviewedServer:
    was = last.waves.get(server.source_server_id) if last else None
    change = Change.NEW if last and was is None else Change.MOVED if was not in {None, wave} else None
    return PreviewedServer(
        server.source_server_id,
        server.hostname,
        server.name,
        server.known,
        server.source_server_id in optional,
        change,
        was if change is Change.MOVED else None,
    )


def _gone(last: Last | None, now: set[str]) -> Iterator[tuple[str, PreviewedServer]]:
    """Yield the servers of the last execution that no wave has now, each with the name of its wave."""
    for one in last.servers if last else ():
        if one.source_server_id not in now:
            gone = PreviewedServer(one.source_server_id, one.hostname, one.name, change=Change.GONE)
            yield (last.waves if last else {})[one.source_server_id], gone
