"""A job of ours, and those in its way: how they are known in DRS."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from drs_recovery.aws.utils.drs import LONGEST_JOB, created_of
from drs_recovery.names import tag_value, wave_tag

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution, WaveRecord

SKEW = timedelta(minutes=5)
"""How far the clocks of AWS and of this machine may be apart: AWS takes no request of one that is further."""

INITIATED_BY = {"DRILL": "START_DRILL", "RECOVERY": "START_RECOVERY"}
"""What DRS calls a job by the type of the execution that started it."""


def job_tags(record: Execution, wave: WaveRecord, batch: int) -> dict[str, str]:
    """Return the tags of a job: StartRecovery has no client token, so they are the way to find it again."""
    return {
        "recovery:plan": tag_value(record.plan_id),
        "recovery:execution": tag_value(record.execution_id),
        "recovery:wave": wave_tag(wave.wave_number, wave.wave_name),
        "recovery:attempt": str(wave.attempt),
        "recovery:batch": str(batch),
    }


def has_tags(job: JobTypeDef, record: Execution, wave: WaveRecord, intent: Intent) -> bool:
    """Whether a job claims, by its tags, to be that of an intent of a wave."""
    tags = job_tags(record, wave, intent.batch) | {"recovery:attempt": str(intent.attempt)}
    return tags.items() <= _as_now(job, wave).items()


def _as_now(job: JobTypeDef, wave: WaveRecord) -> Mapping[str, str]:
    """Return the tags of a job as they are written now: a job of an older release holds its wave's name."""
    tags = job.get("tags", {})
    if tags.get("recovery:wave") != wave.wave_name:
        return tags
    return tags | {"recovery:wave": wave_tag(wave.wave_number, wave.wave_name)}


def contradiction(job: JobTypeDef, record: Execution, wave: WaveRecord, intent: Intent) -> str | None:
    """Return why a job that has our tags is not the one of an intent; None if nothing does.

    Anybody who starts a job sets its tags. Type, servers and time are DRS's own. All of them are optional in
    its service model, and a new job may lack some: what is absent contradicts nothing.
    """
    wanted = INITIATED_BY[record.execution_type]
    by, type_ = job.get("initiatedBy", wanted), job.get("type", "LAUNCH")
    if (by, type_) != (wanted, "LAUNCH"):
        return f"it is {by}, type {type_}, not {wanted}, type LAUNCH"
    if (there := servers_of(job)) and there != set(intent.servers):
        other = ", ".join(sorted(there ^ set(intent.servers)))
        return f"its servers are not those announced; they differ by {other}"
    created, since = created_of(job), _first_announced(wave, intent)
    if created is not None and created < since - SKEW:
        return f"it was created at {created:%Y-%m-%d %H:%M:%S} UTC, before it was announced"
    return None


def find_blocking(hook: DrsHook, record: Execution, servers: Collection[str]) -> list[JobTypeDef]:
    """Return the jobs that run in DRS and hold one of these servers, whoever started them."""
    return [
        job
        for job in hook.list_jobs(since=record.start_time - LONGEST_JOB)
        if job.get("status") != "COMPLETED" and servers_of(job) & set(servers)
    ]


def job_text(job: JobTypeDef) -> str:
    """Return a job as people can find it: its id, what it does, and the execution it belongs to, if any."""
    tags: Mapping[str, str] = job.get("tags", {})
    what = job.get("initiatedBy") or job.get("type") or "of unknown purpose"
    ours = f", execution {tags['recovery:execution']}" if "recovery:execution" in tags else ""
    return f"{job['jobID']} ({what}{ours})"


def servers_of(job: JobTypeDef) -> set[str]:
    """Return the source servers that take part in a job."""
    return {s["sourceServerID"] for s in job.get("participatingServers", ()) if "sourceServerID" in s}


def _first_announced(wave: WaveRecord, intent: Intent) -> datetime:
    """Return since when a job of these servers can be: they may have been announced before, in this attempt.

    A start that was refused is announced again. A job that came of the first one all the same shows late.
    """
    begun = wave.start_time if intent.attempt == wave.attempt else None
    return min(intent.time, begun or intent.time)
