"""Post-launch actions: what DRS reports of those that ran, and which it has to run.

DRS ends a job when its servers are launched; their actions run after that, and DescribeJobs goes on showing
them. A run shows once it has begun: that some are to come stands in the launch settings alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_drs.type_defs import LaunchActionRunTypeDef, ParticipatingServerTypeDef
    from types_aiobotocore_drs import DrsClient

    Server = ParticipatingServerTypeDef | Mapping[str, Any]

AT_ONCE = 5
"""Servers whose settings are asked for at the same time: there is no call for several."""

Standing = Literal["IN_PROGRESS", "SUCCEEDED", "FAILED"]


async def count_due(client: DrsClient, source_server_ids: Iterable[str]) -> dict[str, int | Exception]:
    """Return, by source server, how many actions must succeed after its launch, or why that is not known."""
    ids, room = list(dict.fromkeys(source_server_ids)), asyncio.Semaphore(AT_ONCE)

    async def count(source_server_id: str) -> int | Exception:
        async with room:
            try:
                return await _count(client, source_server_id)
            except (BotoCoreError, ClientError) as error:  # one server's trouble is not another's
                return error

    return dict(zip(ids, await asyncio.gather(*map(count, ids)), strict=True))


async def _count(client: DrsClient, source_server_id: str) -> int:
    settings = await client.get_launch_configuration(sourceServerID=source_server_id)
    if not settings.get("postLaunchEnabled"):
        return 0
    pages = client.get_paginator("list_launch_actions").paginate(resourceId=source_server_id)
    actions = [action async for page in pages for action in page.get("items", [])]
    return sum(bool(action.get("active")) and not action.get("optional") for action in actions)


def standing(server: Server, due: int | None = None) -> Standing | None:
    """Return how far the actions of a server are that are not optional; ``due`` of them are to run.

    One that failed decides. None if there are none, or the server was not launched.
    """
    runs = [run.get("status") for run in _runs(server, optional=False)]
    if "FAILED" in runs:
        return "FAILED"
    if server.get("launchStatus") != "LAUNCHED":
        return None
    if "IN_PROGRESS" in runs or len(runs) < (due or 0):
        return "IN_PROGRESS"
    return "SUCCEEDED" if runs else None


def failed_actions(server: Server, *, optional: bool) -> list[str]:
    """Return which actions of a server failed and why, as DRS puts it."""
    return [
        f"{_name(run)} failed: {run.get('failureReason') or 'DRS gave no reason'}"
        for run in _runs(server, optional=optional)
        if run.get("status") == "FAILED"
    ]


def _runs(server: Server, *, optional: bool) -> list[LaunchActionRunTypeDef]:
    """Return the runs of actions that are optional, or of the others; one that does not say is not."""
    runs = server.get("launchActionsStatus", {}).get("runs", [])
    return [run for run in runs if bool(run.get("action", {}).get("optional")) is optional]


def _name(run: LaunchActionRunTypeDef) -> str:
    action = run.get("action", {})
    return action.get("name") or action.get("actionCode") or action.get("actionId") or "without a name"
