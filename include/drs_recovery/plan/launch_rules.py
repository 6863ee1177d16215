"""The rules between launch settings: what contradicts itself, and servers that are none of the wave.

They are asked of plain data, which may break other rules as well: what is not readable is passed over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.plan.launch import GP3_ALONE, WITH_IOPS
from drs_recovery.text.lists import listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from drs_recovery.plan.problems import Finding

_TYPES = frozenset({"gp2", "gp3", "io1", "io2", "st1", "sc1", "standard"})

KEYS = ("launch", "launch_in_drills")


def launch_findings(entries: Mapping[str, Any], servers: Sequence[str | None]) -> Iterator[Finding]:
    """Yield the broken rules of what a wave, or a group, says; ``servers`` are those that it lists."""
    for key in KEYS:
        said = entries.get(key)
        if not isinstance(said, dict):
            continue
        if not said:
            yield (key,), f"{key}: says nothing; leave it out"
        for place, message in _of(said, servers):
            yield (key, *place), f"{key}: {message}"


def _of(said: dict[str, Any], servers: Sequence[str | None]) -> Iterator[Finding]:
    yield from _contradictions(said, {})
    addresses: dict[str, str] = {}
    own = said.get("servers")
    for server, settings in own.items() if isinstance(own, dict) else ():
        place = ("servers", server)
        if servers and server not in servers:
            known = listed(quoted(one) for one in servers if one)
            yield place, f"{quoted(server)} is none of its servers, which are {known}"
        if not isinstance(settings, dict):
            continue
        yield from ((place + deeper, message) for deeper, message in _contradictions(settings, said))
        if not settings:
            yield place, f"of {quoted(server)} it says nothing; leave it out"
        address = settings.get("private_ip")
        if isinstance(address, str) and (other := addresses.setdefault(address, server)) != server:
            yield (*place, "private_ip"), f"{address} is the address of {quoted(other)} already"


def _contradictions(said: dict[str, Any], of_all: dict[str, Any]) -> Iterator[Finding]:
    """Yield what contradicts itself in settings; ``of_all`` are those of all servers, which they go over."""
    sizing = said.get("right_sizing")
    if "instance_type" in said and sizing in {"BASIC", "IN_AWS"}:
        yield (
            ("instance_type",),
            f"with right_sizing {sizing} DRS overwrites instance_type; leave one of the two out",
        )
    if "private_ip" in said and {**of_all, **said}.get("copy_private_ip") is True:
        yield ("private_ip",), "private_ip needs copy_private_ip off; leave one of the two out"
    volumes = said.get("volumes")
    if isinstance(volumes, dict):
        kind = volumes.get("type")
        if "throughput" in volumes and kind in _TYPES - {GP3_ALONE}:
            yield ("volumes", "throughput"), f"volumes of type {kind} have no throughput; {GP3_ALONE} has"
        if "iops" in volumes and kind in _TYPES - WITH_IOPS:
            allowed = ", ".join(sorted(WITH_IOPS))
            yield (
                ("volumes", "iops"),
                f"the iops of volumes of type {kind} are not chosen; those of {allowed} are",
            )
        if kind in {"io1", "io2"} and "iops" not in volumes:
            yield ("volumes", "type"), f"volumes of type {kind} need iops"
