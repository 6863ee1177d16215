"""What other drills changed of launch settings and nobody has put back yet: the next start takes it over.

A RECOVERY that takes a plan from a drill, or comes right after one, must not be launched into the drill's
network. So whoever starts a server sets what it does not want itself to what it was before the drill, and the
drill has nothing to put back of that server any more.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.engine.parting import LOOK_AGAIN, TryLater
from drs_recovery.errors import RecordUnavailable, TransitionRefused
from drs_recovery.record.server_settings import SettingsStatus
from drs_recovery.store.queries import pending_put_backs
from drs_recovery.store.runners import lacks_index
from drs_recovery.store.server_settings import read_all_settings, write_settings

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.engine.launch_values import Values
    from drs_recovery.record.models import Execution
    from drs_recovery.record.server_settings import ServerSettings
    from drs_recovery.store.store import ExecutionStore


log = logging.getLogger(__name__)


class Unrestored(NamedTuple):
    """The settings of a server that another execution has changed."""

    execution_id: str
    settings: ServerSettings


class OfOthers(NamedTuple):
    """What other executions have to put back, by server, the earliest first; and what of it is unreadable."""

    unrestored: Mapping[str, Sequence[Unrestored]]
    unreadable: Mapping[str, str]


def find_unrestored(store: ExecutionStore, record: Execution, servers: Collection[str]) -> OfOthers:
    """Return what other executions have to put back of these servers."""
    found: dict[str, list[Unrestored]] = {}
    unreadable: dict[str, str] = {}
    for execution_id in _pending(store):
        if execution_id == record.execution_id:
            continue
        settings_of = store.run(read_all_settings(execution_id))
        unreadable |= {server: why for server, why in settings_of.unreadable.items() if server in servers}
        for settings in settings_of.readable:
            if settings.source_server_id in servers and settings.status.changed and settings.changes:
                found.setdefault(settings.source_server_id, []).append(Unrestored(execution_id, settings))
    ordered = {
        server: sorted(others, key=lambda other: other.settings.time) for server, others in found.items()
    }
    return OfOthers(ordered, unreadable)


def _pending(store: ExecutionStore) -> list[str]:
    """Return whose settings are to be put back; none where the table still lacks the index of what is due.

    A table that an early release made has it only after `recovery init`; no start must depend on that.
    """
    try:
        return store.run(pending_put_backs())
    except RecordUnavailable as error:
        if not lacks_index(error):
            raise
        log.warning("Settings that earlier drills changed are not looked for: %s", error)
        return []


def values_before(others: Sequence[Unrestored], now: Values) -> Values:
    """Return what was there before others changed it, of what is still as they wanted it."""
    before: Values = {}
    for other in others:
        for change in other.settings.changes:
            if now.get(change.key) == change.wanted_value:
                before.setdefault(change.key, change.before_value)
    return before


def take_over(store: ExecutionStore, record: Execution, others: Sequence[Unrestored], at: datetime) -> None:
    """Write that another execution has nothing to put back of a server any more.

    TryLater if somebody began to put it back meanwhile, who then looks and finds this execution.
    """
    note = f"taken over by the {record.execution_type} {record.execution_id} of {record.plan_name}"
    for execution_id, settings in others:
        server = settings.source_server_id
        done = settings.replace(status=SettingsStatus.LEFT, note=f"{server}: {note}", time=at)
        try:
            store.run(write_settings(execution_id, done, settings))
        except TransitionRefused as error:
            raise TryLater(str(error), seconds=LOOK_AGAIN) from error
