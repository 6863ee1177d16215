"""A job of ours, and those in its way: how they are known in DRS."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_drs.type_defs import JobTypeDef

    from recovery.aws.hooks.drs import DrsHook
    from recovery.execution import Execution, Intent, WaveRecord

LONGEST_JOB = timedelta(days=2)
"""How far back a job that still runs is looked for."""


def job_tags(record: Execution, wave: WaveRecord, batch: int) -> dict[str, str]:
    """Return the tags of a job: StartRecovery has no client token, so they are the way to find it again."""
    return {
        "recovery:plan": record.plan_id,
        "recovery:execution": record.execution_id,
        "recovery:wave": wave.wave_name,
        "recovery:attempt": str(wave.attempt),
        "recovery:batch": str(batch),
    }


def find_job(hook: DrsHook, record: Execution, wave: WaveRecord, intent: Intent) -> str | None:
    """Return the job that came of an intent, if DRS shows one; what AWS refuses is raised.

    By its tags; else by its servers and their recovery instances, in case a job lost its tags or does not
    show: nobody else starts these very servers in these seconds.
    """
    tags = job_tags(record, wave, intent.batch) | {"recovery:attempt": str(intent.attempt)}
    jobs = hook.list_jobs(since=intent.time)
    for job in jobs:
        if tags.items() <= job.get("tags", {}).items():
            return job["jobID"]
    taken = {other.job_id for other in wave.intents}
    for job in jobs:
        foreign = job["jobID"] in taken or "recovery:execution" in job.get("tags", {})
        if not foreign and servers_of(job) == set(intent.servers) and _begun_like(job, record):
            return job["jobID"]
    return _job_of_instances(hook, intent, known={job["jobID"] for job in jobs} | taken)


def find_blocking(hook: DrsHook, record: Execution, servers: Collection[str]) -> list[JobTypeDef]:
    """Return the jobs that run in DRS and hold one of these servers, whoever started them."""
    since = record.start_time - LONGEST_JOB
    return [
        job
        for job in hook.list_jobs(since=since)
        if job.get("status") != "COMPLETED" and servers_of(job) & set(servers)
    ]


def in_words(job: JobTypeDef) -> str:
    """Return a job as people can find it: its id, what it does, and the execution it belongs to, if any."""
    tags: Mapping[str, str] = job.get("tags", {})
    what = job.get("initiatedBy") or job.get("type") or "no word on what it does"
    ours = f", execution {tags['recovery:execution']}" if "recovery:execution" in tags else ""
    return f"{job['jobID']} ({what}{ours})"


def servers_of(job: JobTypeDef) -> set[str]:
    """Return the source servers that take part in a job."""
    return {s["sourceServerID"] for s in job.get("participatingServers", ()) if "sourceServerID" in s}


def unrefused_intent(wave: WaveRecord, batch: int) -> Intent | None:
    """Return what this attempt has sent, or may have sent, for a batch."""
    sent = [intent for intent in wave.attempt_intents if intent.batch == batch and not intent.refusal]
    return sent[-1] if sent else None


def _begun_like(job: JobTypeDef, record: Execution) -> bool:
    return job.get("initiatedBy") == ("START_DRILL" if record.execution_type == "DRILL" else "START_RECOVERY")


def _job_of_instances(hook: DrsHook, intent: Intent, known: Collection[Any]) -> str | None:
    """Return a job that DRS does not list, of which it shows instances launched since the intent."""
    for instance in hook.list_recovery_instances(intent.servers):
        job_id, point = instance.get("jobID"), instance.get("pointInTimeSnapshotDateTime")
        if job_id and point and job_id not in known and datetime.fromisoformat(point) >= intent.time:
            return job_id
    return None
