"""A job of ours: whether it was sent, whether it may have started, and how it is known in DRS."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

if TYPE_CHECKING:
    from mypy_boto3_drs.type_defs import JobTypeDef

    from recovery.aws.hooks.drs import DrsHook
    from recovery.execution import Execution, Intent, WaveRecord


NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)
"""Errors of botocore that mean the request did not reach AWS."""


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


def unrefused_intent(wave: WaveRecord, batch: int) -> Intent | None:
    """Return what this attempt has sent, or may have sent, for a batch."""
    sent = [intent for intent in wave.attempt_intents if intent.batch == batch and not intent.refusal]
    return sent[-1] if sent else None


def may_have_started(error: Exception) -> bool:
    """Whether DRS may have started the job all the same: it answered with a fault of its own."""
    return (
        isinstance(error, ClientError)
        and error.response["ResponseMetadata"]["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
    )
