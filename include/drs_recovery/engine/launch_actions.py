"""The post-launch actions of a wave's servers: which are due, and which that are optional failed."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.errors import is_final
from drs_recovery.aws.utils.launch_actions import count_due, failed_actions
from drs_recovery.clock import now as utc_now
from drs_recovery.engine.observe import participants
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event
from drs_recovery.record.judge import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerRecord

    Json = Mapping[str, Any]

log = logging.getLogger(__name__)


def unasked(servers: Iterable[ServerRecord], jobs: Iterable[Json]) -> list[str]:
    """Return the servers that jobs launch and whose number of due actions is not known yet."""
    taking_part = participants(jobs)
    return [
        server.source_server_id
        for server in servers
        if server.actions_due is None
        and server.source_server_id in taking_part
        and taking_part[server.source_server_id][1].get("launchStatus") != "FAILED"
    ]


def with_due(servers: Iterable[ServerRecord], due: Mapping[str, int]) -> list[ServerRecord]:
    """Return servers with how many actions are due, where that is known now."""
    return [
        server.replace(actions_due=due[server.source_server_id])
        if server.actions_due is None and server.source_server_id in due
        else server
        for server in servers
    ]


def known(found: Mapping[str, int | Exception]) -> dict[str, int]:
    """Return the numbers that are known."""
    return {server: count for server, count in found.items() if isinstance(count, int)}


def untellable(found: Mapping[str, int | Exception]) -> set[str]:
    """Return the servers whose number AWS will not give us: only what their job shows is waited for."""
    return {server for server, error in found.items() if isinstance(error, Exception) and is_final(error)}


async def look_up(hook: DrsHook, servers: Sequence[ServerRecord], jobs: Sequence[Json]) -> list[ServerRecord]:
    """Return servers with how many actions are due on them, through a client of the hook's own.

    Raises trouble that may pass: what cannot be read for the moment is not taken for none.
    """
    if not (ids := unasked(servers, jobs)):
        return list(servers)
    async with await hook.get_async_conn() as client:  # type: ignore[no-untyped-call]
        found = await count_due(client, ids)
    for server, trouble in found.items():
        if isinstance(trouble, Exception):
            if not is_final(trouble):
                raise trouble
            log.warning("The post-launch actions of %s are unknown: %s", server, trouble)
    return with_due(servers, known(found))


def warnings(
    wave: WaveRecord, servers: Iterable[ServerRecord], jobs: Iterable[Json], actor: str
) -> Iterator[Event]:
    """Yield events of actions that failed and are optional, each once after the servers that share it."""
    by_reason: dict[str, list[str]] = {}
    taking_part = participants(jobs)
    for server in servers:
        for text in failed_actions(taking_part.get(server.source_server_id, ({}, {}))[1], optional=True):
            by_reason.setdefault(text, []).append(server.label)
    for text, labels in by_reason.items():
        detail = f"{named(labels)}: optional post-launch action {text}"
        yield Event(
            type=EventType.ACTION_FAILED,
            time=utc_now(),
            actor=actor,
            wave_number=wave.wave_number,
            attempt=wave.attempt,
            detail=detail,
            once=f"{EventType.ACTION_FAILED}|{wave.wave_number}|{wave.attempt}|{detail}",
        )
