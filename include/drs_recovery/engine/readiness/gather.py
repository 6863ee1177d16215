"""Gathers the facts that the checks look at: in a few calls, in the account and Region of each wave (A-1)."""

from __future__ import annotations

import logging
from collections import ChainMap
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.config import Config

from drs_recovery.aws.utils.drs import LONGEST_JOB
from drs_recovery.clock import now as utc_now
from drs_recovery.engine.readiness.connection import find_connections
from drs_recovery.engine.readiness.facts import Claimed, Facts, Unknown, server_facts
from drs_recovery.engine.readiness.networks import Networks, find_networks
from drs_recovery.engine.readiness.rights import find_denied, find_table_denied
from drs_recovery.engine.recovery_points import choose
from drs_recovery.plan import SourceServer, misfits, policies, resolve, servers_of
from drs_recovery.plan.launch import launch_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from mypy_boto3_drs.type_defs import JobTypeDef, SourceServerTypeDef
    from mypy_boto3_dynamodb import DynamoDBClient

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.readiness.facts import Connection, ServerFacts
    from drs_recovery.engine.recovery_points import Chosen, PointsAsked
    from drs_recovery.plan import Plan, Selection, Target, Wave
    from drs_recovery.plan.claims import Claim
    from drs_recovery.store.store import ExecutionStore

T = TypeVar("T")

log = logging.getLogger(__name__)

SOON_OR_NOT_AT_ALL = Config(connect_timeout=3, read_timeout=5, retries={"total_max_attempts": 2})
"""botocore's own patience, five times a minute, would delay a recovery for the sake of a warning."""


@dataclass(frozen=True)
class Sources:
    """Where facts come from: DRS where the plan leads, the record, and Airflow.

    ``table_client`` makes a client of the table's connection, ``source_of`` gives where a connection comes
    from, and ``claims`` what other plans and groups have.
    """

    drs: Callable[[Target], DrsHook]
    store: ExecutionStore
    table_client: Callable[[Config | None], DynamoDBClient]
    source_of: Callable[[str], str | None]
    claims: Callable[[], Sequence[Claim]] = tuple


@dataclass(frozen=True)
class Look:
    """What DRS shows by one connection, in one Region: its source servers by id, or why it shows none."""

    target: Target
    hook: DrsHook
    items: Mapping[str, SourceServerTypeDef] | Unknown

    @cached_property
    def account_id(self) -> str | None:
        """The account that the jobs will be in; an outage of STS is no reason not to recover."""
        try:
            return self.soon.account_id
        except Exception as error:  # noqa: BLE001 - any: the record goes without the account
            log.warning("The account of connection %s is unknown: %s", self.target.aws_conn_id, error)
            return None

    @property
    def place(self) -> object:
        """What it has in common with others that lead to the same account and Region."""
        known = self.account_id is not None and not isinstance(self.items, Unknown)
        return (self.account_id, self.target.region) if known else self.target

    @cached_property
    def soon(self) -> DrsHook:
        """The same way to DRS, for what is better unknown than late."""
        return self.hook.with_config(SOON_OR_NOT_AT_ALL)

    @property
    def servers(self) -> list[SourceServer] | None:
        """The source servers that DRS knows; None if it could not be asked."""
        return (
            None if isinstance(self.items, Unknown) else [source_server(one) for one in self.items.values()]
        )


def gather(plan: Plan, sources: Sources, asked: PointsAsked, *, drill: bool) -> tuple[Facts, ...]:
    """Return the facts of each place, an account and a Region; what cannot be looked up is unknown.

    Raises SelectionError for a plan whose tags select nothing, and what DescribeSourceServers answers to who
    may not, where it answers nothing else: without servers there is no execution. One place that cannot be
    asked is the trouble of its own waves.
    """
    looks = look_at(plan.targets, sources.drs)
    errors = [one.items.error for one in looks.values() if isinstance(one.items, Unknown)]
    if len(errors) == len(looks):
        raise errors[0]
    selection = resolve(plan, lambda target: looks[target].servers)
    points = choose(plan, selection, asked, lambda target: looks[target].hook)
    connections = find_connections(plan, sources.store, sources.source_of)
    places: dict[object, list[Look]] = {}
    for each in looks.values():
        places.setdefault(each.place, []).append(each)
    facts = [_facts(plan, selection, there, points, connections) for there in places.values()]
    facts = [
        _with_launches(one, plan, there[0].soon, drill=drill)
        for one, there in zip(facts, places.values(), strict=True)
    ]
    denied = find_table_denied(lambda: sources.table_client(SOON_OR_NOT_AT_ALL))
    others = asked.snapshots.keys() - {one.source_server_id for servers in selection for one in servers}
    # What is of no place is looked for, and reported, with the first
    claimed = _look_up("what other plans and groups have", lambda: _claimed(sources.claims(), looks))
    facts = [replace(one, claimed=claimed) for one in facts]
    facts[0] = replace(facts[0], denied={**denied, **facts[0].denied}, points_of_others=tuple(sorted(others)))
    return tuple(facts)


def _claimed(claims: Sequence[Claim], looks: Mapping[Target, Look]) -> tuple[Claimed, ...]:
    """Return the servers of other plans and groups; by tags, those where this plan leads as well."""
    fleets = {
        target: {one.source_server_id: one for one in look.servers or ()} for target, look in looks.items()
    }
    return tuple(
        Claimed(
            claim.who,
            frozenset(
                one.source_server_id
                for target, servers in claim.servers
                for one in servers_of(servers, fleets.get(target, {}))
            ),
            claim.of_group,
        )
        for claim in claims
    )


def _with_launches(facts: Facts, plan: Plan, hook: DrsHook, *, drill: bool) -> Facts:
    """Return facts with as what servers are launched, and what EC2 has of that; it is asked if need be."""
    servers = tuple(
        tuple(_with_launch(one, plan.waves[number], drill=drill) for one in wave)
        for number, wave in enumerate(facts.servers)
    )
    launches = [one.launch for wave in servers for one in wave if one.launch]
    what = "what the launch settings name"
    networks = _look_up(what, lambda: find_networks(hook, launches)) if launches else Networks()
    return replace(facts, servers=servers, drill=drill, networks=networks)


def _with_launch(server: ServerFacts, wave: Wave, *, drill: bool) -> ServerFacts:
    source_server_id = server.server.source_server_id
    launch = launch_of(wave, source_server_id, drill=drill)
    subnet = launch_of(wave, source_server_id, drill=False).subnet
    return replace(server, launch=launch if launch.said else None, recovery_subnet=subnet)


def look_at(targets: Iterable[Target], drs: Callable[[Target], DrsHook]) -> dict[Target, Look]:
    """Return what DRS shows of its source servers wherever plans and groups lead."""
    return {target: _look_at(target, drs(target)) for target in targets}


def _look_at(target: Target, hook: DrsHook) -> Look:
    items = _look_up(
        f"the source servers of connection {target.aws_conn_id} in {target.region}",
        lambda: {item["sourceServerID"]: item for item in hook.list_source_servers()},
    )
    return Look(target, hook, items)


def _facts(
    plan: Plan,
    selection: Selection,
    looks: Sequence[Look],
    points: Mapping[str, Chosen],
    connections: Mapping[str, Connection | Unknown],
) -> Facts:
    """Return the facts of one place, to which several connections may lead."""
    there, here = looks[0], {number for one in looks for number in plan.targets[one.target]}
    chosen = tuple(servers if number in here else () for number, servers in enumerate(selection))
    items = {} if isinstance(there.items, Unknown) else there.items
    denied = [find_denied(one.soon) for one in looks]
    return Facts(
        servers=tuple(
            tuple(
                server_facts(server, items.get(server.source_server_id), points.get(server.source_server_id))
                for server in servers
            )
            for servers in chosen
        ),
        policies=policies(plan, chosen),
        elsewhere=frozenset(range(len(plan.waves))) - here,
        misfits=tuple(misfits(plan, chosen)),
        region=there.target.region,
        account_id=there.account_id,
        denied=dict(ChainMap(*denied)),
        connections=tuple(
            connections[conn] for conn in dict.fromkeys(one.target.aws_conn_id for one in looks)
        ),
        **_of_place(there, [one for servers in chosen for one in servers]),
    )


def _of_place(there: Look, servers: Iterable[SourceServer]) -> dict[str, Any]:
    """Return what is the same for each connection that leads there; unknown if DRS cannot be asked."""
    if isinstance(there.items, Unknown):
        return dict.fromkeys(("fleet", "jobs", "instances", "quotas"), there.items)
    hook, ids = there.soon, [server.source_server_id for server in servers if server.known]
    return {
        "fleet": len(there.items),
        "jobs": _look_up("what runs in DRS", lambda: _running(hook)),
        "instances": _look_up("recovery instances", lambda: tuple(hook.list_recovery_instances(ids))),
        "quotas": _look_up("the quotas of DRS", hook.get_quotas),
    }


def source_server(item: SourceServerTypeDef) -> SourceServer:
    """Return a source server of DescribeSourceServers; what DRS leaves out stays absent."""
    hints = item.get("sourceProperties", {}).get("identificationHints", {})
    tags = item.get("tags", {})
    return SourceServer(
        source_server_id=item["sourceServerID"],
        hostname=hints.get("hostname"),
        name=tags.get("Name"),
        tags=tags,
    )


def _look_up(what: str, look: Callable[[], T]) -> T | Unknown:
    try:
        return look()
    except Exception as error:  # noqa: BLE001 - any: what is not known does not pass (A-3)
        return Unknown(what, error)


def _running(hook: DrsHook) -> tuple[JobTypeDef, ...]:
    jobs = hook.list_jobs(since=utc_now() - LONGEST_JOB)
    return tuple(job for job in jobs if job.get("status") != "COMPLETED")
