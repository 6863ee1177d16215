"""What is known before anything is launched, and what could not be looked up; how a finding names it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.launchable import replicates_back
from drs_recovery.engine.readiness.networks import Networks
from drs_recovery.plan import Policy
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mypy_boto3_drs.type_defs import JobTypeDef, RecoveryInstanceTypeDef, SourceServerTypeDef

    from drs_recovery.engine.recovery_points import Chosen
    from drs_recovery.plan import SourceServer
    from drs_recovery.plan.launch import ServerLaunch
    from drs_recovery.record.models import Execution

_DURATION = TypeAdapter(timedelta)

WITHOUT_DATA = frozenset({"STOPPED", "INITIATING", "INITIAL_SYNC"})
"""States in which DRS has no recovery point: none yet, or deleted when the replication was stopped."""

OLD_DATA = frozenset({"CREATING_SNAPSHOT", "PAUSED", "STALLED", "DISCONNECTED"})
"""States before the first recovery point or long after it: only a lag shows that there are data."""


class Finding(NamedTuple):
    """A problem that a check found; ``error`` is why it could not look.

    One that ``warns`` keeps nothing from starting, however strict the plan is.
    """

    message: str
    error: Exception | None = None
    warns: bool = False


@dataclass(frozen=True)
class Unknown:
    """What could not be looked up; ``what`` names it in the middle of a sentence."""

    what: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.what} cannot be asked for: {said(self.error)}"

    @property
    def finding(self) -> Finding:
        """The problem of a check that needs it."""
        return Finding(str(self), self.error)


@dataclass(frozen=True)
class ServerFacts:
    """The replication of a selected source server, as DRS describes it; what it leaves out is absent.

    ``point`` is what was chosen of one whose latest data are not wanted. ``launch`` is as what it is
    launched, absent where the plan says nothing of that, and ``recovery_subnet`` where in a recovery.
    """

    server: SourceServer
    state: str | None = None
    lag: timedelta | None = None
    direction: str | None = None
    trouble: str | None = None
    point: Chosen | None = None
    launch: ServerLaunch | None = None
    recovery_subnet: str | None = None

    @property
    def known(self) -> bool:
        """Whether DRS knows it."""
        return self.server.known

    @property
    def has_data(self) -> bool:
        """Whether there is a recovery point to launch it from."""
        if self.point is not None:
            return True  # or the check of recovery points tells why not
        return self.state not in WITHOUT_DATA and (self.state not in OLD_DATA or self.lag is not None)

    @property
    def launchable(self) -> bool:
        """Whether it can be launched now."""
        lacks_point = self.point is not None and self.point.snapshot is None
        return self.known and self.has_data and not lacks_point and not replicates_back(self.direction)


class Right(NamedTuple):
    """An action of AWS, and what goes missing without it."""

    action: str
    without: str


@dataclass(frozen=True)
class Connection:
    """An Airflow connection of a plan, and where it comes from.

    ``last`` is the newest execution of the plan that has ended, and whose accounts are on record.
    """

    conn_id: str
    source: str | None = None
    last: Execution | None = None


class Claimed(NamedTuple):
    """The ids of the servers that another plan, or a group, has now; ``who`` names it in a sentence."""

    who: str
    servers: frozenset[str]
    of_group: bool


@dataclass(frozen=True)
class Facts:
    """All that the checks look at, of one place: an account and a Region.

    ``servers`` are those of each wave number, and ``policies`` what must be launched of them, absent: all.
    Waves that are recovered ``elsewhere`` have none here. ``misfits`` is what of the policies fits no
    servers; ``fleet`` how many servers DRS knows. ``region`` and ``account_id`` are the place; the account is
    absent if STS does not answer. ``jobs`` are those that run in the account and Region, whoever started
    them, ``instances`` the recovery instances of the servers, ``quotas`` the values by quota code,
    ``denied`` why rights that are needed later cannot be used, ``connections`` what those are that lead here.
    ``networks`` are what the launch settings name, and ``drill`` says whether they are those of a drill.
    ``claimed`` is which servers other plans and groups have.
    ``points_of_others`` are servers of no wave of which the run names a recovery snapshot.
    """

    servers: tuple[tuple[ServerFacts, ...], ...]
    policies: tuple[Policy, ...] = ()
    elsewhere: frozenset[int] = frozenset()
    misfits: tuple[str, ...] = ()
    fleet: int | Unknown = 0
    region: str = ""
    account_id: str | None = None
    jobs: tuple[JobTypeDef, ...] | Unknown = ()
    instances: tuple[RecoveryInstanceTypeDef, ...] | Unknown = ()
    quotas: Mapping[str, float] | Unknown = field(default_factory=dict)
    denied: Mapping[Right, Exception] = field(default_factory=dict)
    connections: tuple[Connection | Unknown, ...] = ()
    points_of_others: tuple[str, ...] = ()
    claimed: tuple[Claimed, ...] | Unknown = ()
    networks: Networks | Unknown = field(default_factory=Networks)
    drill: bool = False

    def __str__(self) -> str:
        """Return the place, as people know it."""
        if self.account_id:
            return f"account {self.account_id}, {self.region}"
        known = [each.conn_id for each in self.connections if isinstance(each, Connection)]
        return f"{', '.join(known) or 'an unknown account'}, {self.region}"

    def instances_of(self, server: ServerFacts) -> set[str | None]:
        """Return the EC2 instances that a launch of a server replaces."""
        known = () if isinstance(self.instances, Unknown) else self.instances
        own = server.server.source_server_id
        return {one.get("ec2InstanceID") for one in known if one.get("sourceServerID") == own}

    @property
    def here(self) -> tuple[int, ...]:
        """The numbers of the waves that are recovered here."""
        return tuple(number for number in range(len(self.servers)) if number not in self.elsewhere)

    @property
    def all_servers(self) -> Iterator[ServerFacts]:
        """The servers of all waves, in order."""
        return (server for servers in self.servers for server in servers)

    @property
    def known_servers(self) -> Iterator[ServerFacts]:
        """Those of them that DRS knows."""
        return (server for server in self.all_servers if server.known)

    @property
    def waves(self) -> Iterator[tuple[tuple[ServerFacts, ...], Policy]]:
        """The servers of each wave, with its policy."""
        every = Policy(frozenset(), None)
        return zip(self.servers, self.policies or [every] * len(self.servers), strict=True)

    def of_wave(self, number: int) -> tuple[tuple[ServerFacts, ...], Policy]:
        """Return the servers of a wave, with its policy."""
        return list(self.waves)[number]

    def by_need(self, servers: Iterable[ServerFacts]) -> Iterator[tuple[list[ServerFacts], bool]]:
        """Yield servers that are needed, then those whose waves meet their policies without them (True)."""
        found, spared = list(servers), self._spared
        for spares in (False, True):
            if part := [one for one in found if (one.server.source_server_id in spared) is spares]:
                yield part, spares

    @property
    def _spared(self) -> set[str]:
        """The servers of waves that meet their policies with those that can be launched."""
        spared: set[str] = set()
        for servers, policy in self.waves:
            ids = {one.server.source_server_id for one in servers}
            if policy.met_by(ids, {one.server.source_server_id for one in servers if one.launchable}):
                spared |= ids
        return spared


def named(servers: Iterable[ServerFacts], remarks: Iterable[str] | None = None) -> str:
    """Return servers as a sentence lists them, each with its remark, or with its trouble as DRS names it."""
    known = list(servers)
    texts = [server.trouble for server in known] if remarks is None else list(remarks)
    return listed(
        f"{server.server}: {text}" if text else str(server.server)
        for server, text in zip(known, texts, strict=True)
    )


def by_state(servers: Iterable[ServerFacts]) -> list[tuple[str | None, list[ServerFacts]]]:
    """Return servers by the state of their replication."""
    states: dict[str | None, list[ServerFacts]] = defaultdict(list)
    for server in servers:
        states[server.state].append(server)
    return list(states.items())


def server_facts(
    server: SourceServer, item: SourceServerTypeDef | None, point: Chosen | None = None
) -> ServerFacts:
    """Return the replication of a server, as DescribeSourceServers has it; of one unknown there, nothing."""
    if item is None:
        return ServerFacts(server=server, point=point)
    info = item.get("dataReplicationInfo", {})
    return ServerFacts(
        server=server,
        state=info.get("dataReplicationState"),
        lag=_duration(info.get("lagDuration")),
        direction=item.get("replicationDirection"),
        trouble=_trouble(item),
        point=point,
    )


def _duration(written: str | None) -> timedelta | None:
    """Return an ISO 8601 duration; None for one that cannot be read."""
    try:
        return None if written is None else _DURATION.validate_strings(written)
    except ValidationError:
        return None


def _trouble(item: SourceServerTypeDef) -> str | None:
    """Return what is wrong with the replication of a server, as DRS names it."""
    error = item.get("dataReplicationInfo", {}).get("dataReplicationError", {})
    staging = item.get("stagingArea", {})
    extension = staging.get("errorMessage") if staging.get("status") == "EXTENSION_ERROR" else None
    messages = (error.get("error"), error.get("rawError"), extension)
    return ": ".join(text for text in messages if text) or None
