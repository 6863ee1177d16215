"""What a start would change of launch settings now: they are read as it reads them, and left as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.aws.hooks.launch_settings import TROUBLE, LaunchSettingsHook
from drs_recovery.engine import launch_values as values
from drs_recovery.plan.launch import launch_of
from drs_recovery.record.server_settings import SettingChange

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.plan import Plan, Selection, SourceServer, Target
    from drs_recovery.plan.launch import ServerLaunch


class SettingsNow(NamedTuple):
    """The settings of a server of a wave that would be changed; ``trouble`` is why nobody can say."""

    wave_number: int
    server: SourceServer
    changes: tuple[SettingChange, ...] = ()
    trouble: str | None = None


def settings_now(
    plan: Plan, selection: Selection, drs: Callable[[Target], DrsHook], *, drill: bool
) -> Iterator[SettingsNow]:
    """Yield, for each server of which the plan says as what it is launched, what would be changed."""
    hooks = {target: LaunchSettingsHook(drs(target)) for target in plan.targets}
    for number, servers in enumerate(selection):
        for server in servers:
            launch = launch_of(plan.waves[number], server.source_server_id, drill=drill)
            if launch.said:
                yield _of(hooks[plan.target(number)], number, server, launch)


def _of(hook: LaunchSettingsHook, number: int, server: SourceServer, launch: ServerLaunch) -> SettingsNow:
    try:
        there = hook.read(server.source_server_id)
    except TROUBLE as error:
        return SettingsNow(number, server, trouble=str(error))
    now = values.found(there.configuration, there.data)
    found = values.differences(values.wanted(launch, now), now)
    changes = tuple(SettingChange.of(one.key, one.found, one.wanted) for one in found)
    return SettingsNow(number, server, changes)
