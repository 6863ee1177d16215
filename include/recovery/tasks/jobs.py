"""A job of ours, and those in its way: how they are known in DRS."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from recovery.names import tag_value, wave_tag

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
        "recovery:plan": tag_value(record.plan_id),
        "recovery:execution": tag_value(record.execution_id),
        "recovery:wave": wave_tag(wave.wave_number, wave.wave_name),
        "recovery:attempt": str(wave.attempt),
        "recovery:batch": str(batch),
    }


def find_job(hook: DrsHook, record: Execution, wave: WaveRecord, batch: int, attempt: int) -> str | None:
    """Return the job of a batch of an attempt, if DRS shows one; what AWS refuses is raised.

    By its tags alone, which are set with the job: whatever else is alike, the servers or the time, may be
    somebody else's. Looked for since long ago: the clocks of AWS and of this machine need not agree.
    """
    tags = job_tags(record, wave, batch) | {"recovery:attempt": str(attempt)}
    for job in hook.list_jobs(since=record.start_time - LONGEST_JOB):
        if tags.items() <= _as_now(job, wave).items():
            return job["jobID"]
    return None


def _as_now(job: JobTypeDef, wave: WaveRecord) -> Mapping[str, str]:
    """Return the tags of a job as they are written now: a job of an older release holds its wave's name."""
    tags = job.get("tags", {})
    if tags.get("recovery:wave") != wave.wave_name:
        return tags
    return tags | {"recovery:wave": wave_tag(wave.wave_number, wave.wave_name)}


def find_blocking(hook: DrsHook, record: Execution, servers: Collection[str]) -> list[JobTypeDef]:
    """Return the jobs that run in DRS and hold one of these servers, whoever started them."""
    return [
        job
        for job in hook.list_jobs(since=record.start_time - LONGEST_JOB)
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
