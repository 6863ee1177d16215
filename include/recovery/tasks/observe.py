"""What DRS says of a wave's servers, as the execution record keeps it."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsGenericHook
from botocore.exceptions import BotoCoreError, ClientError

from recovery.execution import LaunchStatus
from recovery.tasks.base import now

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_ec2 import EC2Client

    from recovery.aws.hooks.drs import DrsHook
    from recovery.execution import ServerRecord

    Json = Mapping[str, Any]

log = logging.getLogger(__name__)


def participants(jobs: Iterable[Json]) -> dict[str, tuple[Json, Json]]:
    """Return, by source server id, the job that launches it and what the job says of it."""
    return {
        server["sourceServerID"]: (job, server)
        for job in jobs
        for server in job.get("participatingServers", [])
    }


def observed(record: ServerRecord, job: Json, server: Json, job_log: Sequence[Json]) -> ServerRecord:
    """Return a server's record as a job and its log tell it now; what they leave out stays as it was."""
    own = [
        item for item in job_log if item.get("eventData", {}).get("sourceServerID") == record.source_server_id
    ]
    errors = [item["eventData"]["rawError"] for item in own if item["eventData"].get("rawError")]
    last = max(own, key=lambda item: item["logDateTime"], default=None)
    return record.model_copy(
        update={
            "job_id": job["jobID"],
            "launch_status": LaunchStatus(server["launchStatus"]),
            "recovery_instance_id": server.get("recoveryInstanceID") or record.recovery_instance_id,
            "phase": last["event"] if last else record.phase,
            "phase_since": datetime.fromisoformat(last["logDateTime"]) if last else record.phase_since,
            "error": errors[-1] if errors else record.error,
        }
    )


def final_servers(hook: DrsHook, records: Sequence[ServerRecord], jobs: Sequence[Json]) -> list[ServerRecord]:
    """Return the wave's servers after their jobs ended, with instance ids and addresses if they are known."""
    logs = {job["jobID"]: hook.list_job_log(job["jobID"]) for job in jobs}
    found = participants(jobs)
    servers = [
        observed(record, *found[record.source_server_id], logs[found[record.source_server_id][0]["jobID"]])
        if record.source_server_id in found
        else record
        for record in records
    ]
    servers = _with_instances(hook, servers)
    addresses = _addresses(
        hook, [server.recovery_instance_id for server in servers if server.recovery_instance_id]
    )
    return [
        server.model_copy(
            update={"private_ip": addresses.get(server.recovery_instance_id or ""), "end_time": now()}
        )
        for server in servers
    ]


def _with_instances(hook: DrsHook, servers: Sequence[ServerRecord]) -> list[ServerRecord]:
    """Look up recovery instances that the job did not name; absence is no failure (observed in DRS)."""
    missing = [
        server.source_server_id
        for server in servers
        if server.launch_status == LaunchStatus.LAUNCHED and not server.recovery_instance_id
    ]
    if not missing:
        return list(servers)
    instances = {
        (item["sourceServerID"], item.get("jobID")): item["recoveryInstanceID"]
        for item in hook.list_recovery_instances(missing)
    }
    return [
        server.model_copy(update={"recovery_instance_id": instances[key]})
        if (key := (server.source_server_id, server.job_id)) in instances and not server.recovery_instance_id
        else server
        for server in servers
    ]


def _addresses(hook: DrsHook, instance_ids: list[str]) -> dict[str, str]:
    """Return private addresses by EC2 instance id; without EC2's word the record goes without them."""
    if not instance_ids:
        return {}
    ec2: EC2Client = AwsGenericHook(
        aws_conn_id=hook.aws_conn_id, region_name=hook.region_name, client_type="ec2"
    ).conn
    try:
        pages = list(ec2.get_paginator("describe_instances").paginate(InstanceIds=instance_ids))
    except (BotoCoreError, ClientError) as error:
        log.warning("The private addresses of %s are unknown: %s", ", ".join(instance_ids), error)
        return {}
    return {
        instance["InstanceId"]: instance["PrivateIpAddress"]
        for page in pages
        for reservation in page["Reservations"]
        for instance in reservation["Instances"]
        if instance.get("PrivateIpAddress")
    }
