"""What is known of AWS before anything is launched, and what could not be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from pydantic import TypeAdapter, ValidationError

from drs_recovery.plan import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_drs.type_defs import JobTypeDef, RecoveryInstanceTypeDef, SourceServerTypeDef

    from drs_recovery.plan import Check, SourceServer
    from drs_recovery.record.models import Execution

_DURATION = TypeAdapter(timedelta)


class Right(NamedTuple):
    """An action of AWS, and what goes missing without it."""

    action: str
    without: str


class Problem(NamedTuple):
    """What a check found; ``error`` says why it could not look: such a check does not pass either (A-3).

    ``warns`` is of what keeps nothing from starting, whatever the plan says of the check.
    """

    check: Check
    message: str
    error: Exception | None = None
    warns: bool = False

    def __str__(self) -> str:
        return f"{self.check}: {self.message}"


@dataclass(frozen=True)
class Unknown:
    """What could not be asked; ``what`` names it in the middle of a sentence."""

    what: str
    error: Exception

    def __str__(self) -> str:
        return f"{self.what} cannot be asked for: {self.error}"


@dataclass(frozen=True)
class ServerFacts:
    """What DRS says of the replication of a selected source server; what it leaves out is absent."""

    server: SourceServer
    state: str | None = None
    lag: timedelta | None = None
    direction: str | None = None
    trouble: str | None = None


@dataclass(frozen=True)
class Connection:
    """The connection of a plan: ``account_id`` is absent if STS does not tell it.

    ``last`` is the newest execution of the plan that has ended, and whose account is on record.
    """

    conn_id: str | None
    source: str | None = None
    account_id: str | None = None
    last: Execution | None = None


@dataclass(frozen=True)
class Facts:
    """All that the checks look at.

    ``servers`` are those of each wave number, and ``policies`` what must be launched of them, absent: all.
    ``misfits`` is what of the policies fits no servers; ``fleet`` how many servers DRS knows. ``jobs`` are
    those that run in the account and Region, whoever started them, ``instances`` the recovery instances of
    the servers, ``quotas`` the values by quota code, ``denied`` why rights that are needed later cannot be
    used, ``connection`` where the plan's leads to.
    """

    servers: tuple[tuple[ServerFacts, ...], ...]
    policies: tuple[Policy, ...] = ()
    misfits: tuple[str, ...] = ()
    fleet: int = 0
    jobs: tuple[JobTypeDef, ...] | Unknown = ()
    instances: tuple[RecoveryInstanceTypeDef, ...] | Unknown = ()
    quotas: Mapping[str, float] | Unknown = field(default_factory=dict)
    denied: Mapping[Right, Exception] = field(default_factory=dict)
    connection: Connection | Unknown | None = None

    @property
    def all_servers(self) -> Iterator[ServerFacts]:
        """The servers of all waves, in order."""
        return (server for servers in self.servers for server in servers)

    @property
    def waves(self) -> Iterator[tuple[tuple[ServerFacts, ...], Policy]]:
        """The servers of each wave, with its policy."""
        every = Policy(frozenset(), None)
        return zip(self.servers, self.policies or [every] * len(self.servers), strict=True)


def server_facts(server: SourceServer, item: SourceServerTypeDef | None) -> ServerFacts:
    """Return what DescribeSourceServers says of a server's replication; nothing of one it does not know."""
    if item is None:
        return ServerFacts(server=server)
    info = item.get("dataReplicationInfo", {})
    return ServerFacts(
        server=server,
        state=info.get("dataReplicationState"),
        lag=_duration(info.get("lagDuration")),
        direction=item.get("replicationDirection"),
        trouble=_trouble(item),
    )


def _duration(written: str | None) -> timedelta | None:
    """Return an ISO 8601 duration; one that cannot be read is none."""
    try:
        return None if written is None else _DURATION.validate_strings(written)
    except ValidationError:
        return None


def _trouble(item: SourceServerTypeDef) -> str | None:
    """Return what DRS says is wrong with the replication of a server."""
    error = item.get("dataReplicationInfo", {}).get("dataReplicationError", {})
    staging = item.get("stagingArea", {})
    extension = staging.get("errorMessage") if staging.get("status") == "EXTENSION_ERROR" else None
    message = (error.get("error"), error.get("rawError"), extension)
    return ": ".join(text for text in message if text) or None
