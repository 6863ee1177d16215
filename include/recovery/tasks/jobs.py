"""How a job of ours is known in DRS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_drs.type_defs import JobTypeDef

    from recovery.aws.hooks.drs import DrsHook
    from recovery.execution import Execution, Intent, WaveRecord


def job_tags(record: Execution, wave: WaveRecord, batch: int) -> dict[str, str]:
    """Return the tags of a job: StartRecovery has no client token, so they are the way to find it again."""
    return {
        "recovery:plan": record.plan_id,
        "recovery:execution": record.execution_id,
        "recovery:wave": wave.wave_name,
        "recovery:attempt": str(wave.attempt),
        "recovery:batch": str(batch),
    }


def find_job(hook: DrsHook, record: Execution, wave: WaveRecord, intent: Intent) -> JobTypeDef | None:
    """Return the job that came of an intent, if DRS shows one; what AWS refuses is raised."""
    tags = job_tags(record, wave, intent.batch) | {"recovery:attempt": str(intent.attempt)}
    for job in hook.list_jobs(since=intent.time):
        if tags.items() <= job.get("tags", {}).items():
            return job
    return None
