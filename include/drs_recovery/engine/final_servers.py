"""A wave's servers after their jobs ended, with all that DRS and EC2 still tell of them."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.addresses import private_addresses
from drs_recovery.engine.launch_actions import look_up
from drs_recovery.engine.observe import (
    observed_all,
    with_addresses,
    with_instances,
    without_address,
    without_instance,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.server_record import ServerRecord

    Json = Mapping[str, Any]
    ReadLog = Callable[[str], Awaitable[Sequence[Json]]]

log = logging.getLogger(__name__)


async def final_servers(
    hook: DrsHook, records: Sequence[ServerRecord], jobs: Sequence[Json], read_log: ReadLog | None = None
) -> list[ServerRecord]:
    """Return the servers as their jobs tell them; a look-up that fails leaves out what it would tell.

    But that of the actions which are due: it decides, so trouble that may pass is raised.
    ``read_log`` returns the log of a job; absent, the hook does, through a client of its own.
    """
    logs = {job["jobID"]: await _log(read_log or hook.get_job_log, job["jobID"]) for job in jobs}
    servers = observed_all(await look_up(hook, records, jobs), jobs, logs)
    if missing := without_instance(servers):
        servers = with_instances(servers, await _instances(hook, missing))
    if unknown := without_address(servers):
        servers = with_addresses(servers, await private_addresses(hook, unknown))
    return servers


async def _log(read: ReadLog, job_id: str) -> Sequence[Json]:
    try:
        return await read(job_id)
    except (BotoCoreError, ClientError) as error:
        log.warning("The log of %s cannot be read: %s", job_id, error)
        return ()


async def _instances(hook: DrsHook, source_server_ids: Sequence[str]) -> Sequence[Json]:
    try:
        return await hook.get_recovery_instances(source_server_ids)
    except (BotoCoreError, ClientError) as error:
        log.warning("The instances of %s cannot be looked up: %s", ", ".join(source_server_ids), error)
        return ()
