"""What DRS says of a wave's servers, as the execution record keeps it.

Only a server's launch status decides anything. Everything else here is optional in DRS's service model, or
takes a look-up that may fail: it is shown where it is known, and its absence is no failure (R-22, R-24).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from recovery.execution import LaunchStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from recovery.execution import ServerRecord

    Json = Mapping[str, Any]


def participants(jobs: Iterable[Json]) -> dict[str, tuple[Json, Json]]:
    """Return, by source server id, the job that launches it and what the job says of it."""
    return {
        server["sourceServerID"]: (job, server)
        for job in jobs
        for server in job.get("participatingServers", [])
        if "sourceServerID" in server
    }


def observed(record: ServerRecord, job: Json, server: Json, job_log: Sequence[Json]) -> ServerRecord:
    """Return a server's record as a job and its log tell it now; what they leave out stays as it was."""
    own = [item for item in job_log if _data(item).get("sourceServerID") == record.source_server_id]
    errors = [_data(item)["rawError"] for item in own if _data(item).get("rawError")]
    told = [item for item in own if item.get("event") and item.get("logDateTime")]
    last = max(told, key=lambda item: item["logDateTime"], default=None)
    status = server.get("launchStatus")
    return record.model_copy(
        update={
            "job_id": job["jobID"],
            "launch_status": LaunchStatus(status) if status else record.launch_status,
            "recovery_instance_id": server.get("recoveryInstanceID") or record.recovery_instance_id,
            "phase": last["event"] if last else record.phase,
            "phase_since": datetime.fromisoformat(last["logDateTime"]) if last else record.phase_since,
            "error": errors[-1] if errors else record.error,
        }
    )


def observed_all(
    records: Iterable[ServerRecord], jobs: Iterable[Json], logs: Mapping[str, Sequence[Json]]
) -> list[ServerRecord]:
    """Return servers as jobs and the logs of jobs, by job id, tell them; one in no job stays as it was."""
    found = participants(jobs)
    return [
        observed(record, job, server, logs.get(job["jobID"], ()))
        if (job := found.get(record.source_server_id, ({}, {}))[0])
        and (server := found[record.source_server_id][1])
        else record
        for record in records
    ]


def with_instances(servers: Iterable[ServerRecord], instances: Iterable[Json]) -> list[ServerRecord]:
    """Return servers with the recovery instance that their own job launched, where DRS tells one (T-1)."""
    found = {
        (item.get("sourceServerID"), item.get("jobID")): item["recoveryInstanceID"]
        for item in instances
        if item.get("recoveryInstanceID")
    }
    return [
        server.model_copy(
            update={
                "recovery_instance_id": server.recovery_instance_id
                or found.get((server.source_server_id, server.job_id))
            }
        )
        for server in servers
    ]


def with_addresses(servers: Iterable[ServerRecord], addresses: Mapping[str, str]) -> list[ServerRecord]:
    """Return servers with their private addresses, by recovery instance id, where they are known."""
    return [
        server.model_copy(
            update={"private_ip": addresses.get(server.recovery_instance_id or "", server.private_ip)}
        )
        for server in servers
    ]


def without_instance(servers: Iterable[ServerRecord]) -> list[str]:
    """Return the source servers that were launched and of whose instance the job says nothing (R-24)."""
    return [
        server.source_server_id
        for server in servers
        if server.launch_status == LaunchStatus.LAUNCHED and not server.recovery_instance_id
    ]


def without_address(servers: Iterable[ServerRecord]) -> list[str]:
    """Return the recovery instances whose private address is not known yet."""
    return [
        server.recovery_instance_id
        for server in servers
        if server.launch_status == LaunchStatus.LAUNCHED
        and server.recovery_instance_id
        and not server.private_ip
    ]


def _data(item: Json) -> Json:
    data: Json = item.get("eventData") or {}
    return data
