"""The largest execution: a hundred waves of a hundred servers, tried five times, every text full."""

from __future__ import annotations

from drs_recovery.names import MOST_WAVES
from drs_recovery.record.base import MOST_CHARACTERS
from drs_recovery.record.enums import (
    Decision,
    EventType,
    ExecutionStatus,
    ExecutionType,
    LaunchStatus,
    WaveStatus,
)
from drs_recovery.record.events import Event
from drs_recovery.record.intent import Intent
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.parts import Approval, Archived, CancelAsked, Cleanup, Failure, PreflightWarning
from drs_recovery.record.run_request import RunRequest
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.store.own_items import ids_item
from tests.recovery.execution.stored import START

WAVES, EACH, ATTEMPTS = MOST_WAVES, 100, 5
LETTER = "\N{EARTH GLOBE EUROPE-AFRICA}"
"""A letter that takes four bytes."""
NAME, TEXT = LETTER * 200, LETTER * MOST_CHARACTERS
USER, CHECKS = LETTER * 512, 7


def text(*place: object) -> str:
    """Return a text as long as any, and unlike every other."""
    return f"{' '.join(map(str, place))} {TEXT}"[:MOST_CHARACTERS]


def server_id(wave: int, number: int) -> str:
    return f"s-{wave:08x}{number:09x}"


def servers(wave: int) -> tuple[str, ...]:
    return tuple(server_id(wave, number) for number in range(EACH))


def intents(wave: int, attempt: int, *, inline: bool = False) -> list[Intent]:
    """Return an intent that was refused and one that became a job, as an attempt may leave them."""
    ids = servers(wave)
    where = {"servers": ids} if inline else {"server_count": EACH, "servers_item": ids_item(ids)}
    given = {"attempt": attempt, "batch": 0, "time": START, **where}
    return [
        Intent(**given, refusal=text("refusal", wave, attempt)),
        Intent(**given, job_id=job_id(wave, attempt)),
    ]


def job_id(wave: int, attempt: int) -> str:
    return f"drsjob-{wave:08x}{attempt:09x}"


def approval(*place: object) -> Approval:
    return Approval(decision=Decision.APPROVED, by=USER, time=START, reason=text("yes", *place), attempt=5)


def wave(number: int) -> WaveRecord:
    return WaveRecord(
        wave_number=number,
        wave_name=NAME,
        region="eu-central-1",
        account_id="1" * 12,
        pause_before_wave=True,
        depends_on=tuple(range(number)),
        status=WaveStatus.FAILED,
        attempt=ATTEMPTS,
        clear_number=1000,
        server_count=EACH,
        minimum_launched=EACH,
        checks=20,
        on_failure="continue",
        waited_seconds=10**6,
        intents=tuple(intents(number, ATTEMPTS)),
        job_ids=tuple(job_id(number, attempt) for attempt in range(1, ATTEMPTS + 1)),
        waiting_since=START,
        approvals_needed=10,
        approvals_given=9,
        approval=approval(number),
        failure=text("failure", number),
        start_time=START,
        end_time=START,
    )


def execution(**fields: object) -> Execution:
    """Return an execution as it is when nothing more can be said of it; nothing of it is shortened."""
    given = {
        "execution_id": execution_id("p" * 250, "r"),
        "plan_id": "p" * 250,
        "plan_name": NAME,
        "plan_hash": "f" * 64,
        "region": "ap-southeast-1",
        "account_id": "1" * 12,
        "airflow_url": f"https://{'a' * 253}/",
        "dag_run_id": "r" * 250,
        "execution_type": ExecutionType.DRILL,
        "status": ExecutionStatus.FAILED,
        "version": 10**6,
        "total_waves": WAVES,
        "waves": tuple(map(wave, range(WAVES))),
        "requested_by": USER,
        "request": RunRequest.of(
            dict.fromkeys(("confirm", "replace_recovered", "approvals"), TEXT),
            run_type=TEXT,
            run_after=START,
        ),
        "connection_source": text("connection"),
        "reason": text("reason"),
        "start_time": START,
        "end_time": START,
        "last_polled_time": START,
        "outcome": text("outcome"),
        "failure": Failure(kind="FAILED", message=text("failed")),
        "task_failure": text("task failed"),
        "task_skips": text("task skipped"),
        "task_notes": text("task noted"),
        "superseded_by": execution_id("other", "r"),
        "cancel_asked": CancelAsked(by=USER, time=START, reason=text("cancel")),
        "plan_gone_since": START,
        "tier": 5,
        "rto_seconds": 10**6,
        "rpo_seconds": 10**6,
        "warnings": [PreflightWarning(check=f"check{n}", message=text("warns", n)) for n in range(CHECKS)],
        "cleanup": cleanup(),
        "cleanup_due": START,
        "archived": Archived(time=START, place=f"s3://{'b' * 63}/{'p' * 1024}", expires=START),
    }
    return Execution(**(given | fields))


def cleanup() -> Cleanup:
    """Return the clean-up of ten thousand instances, with the jobs of many tries."""
    return Cleanup(
        mode="always",
        status="FAILED",
        time=START,
        dag_run_id="r" * 250,
        approval=approval("clean-up"),
        instance_count=WAVES * EACH,
        instances_item=ids_item(["i"]),
        left_item=ids_item(["i"]),
        job_ids=[f"drsjob-{number:017x}" for number in range(WAVES * ATTEMPTS)],
        terminated=0,
        failure=text("clean-up failed"),
    )


def server(wave_number: int, number: int) -> ServerRecord:
    return ServerRecord(
        source_server_id=server_id(wave_number, number),
        hostname=LETTER * 256,
        name=LETTER * 256,
        wave_number=wave_number,
        optional=True,
        attempt=ATTEMPTS,
        job_id=job_id(wave_number, ATTEMPTS),
        launch_status=LaunchStatus.FAILED,
        recovery_instance_id=f"i-{number:017x}",
        private_ip="255.255.255.255",
        phase="USING_PREVIOUS_SNAPSHOT_FAILED",
        phase_since=START,
        error=text("error"),
        launch_start_time=START,
        end_time=START,
    )


def event() -> Event:
    return Event(
        type=EventType.WAVE_ENDED,
        time=START,
        actor=USER,
        wave_number=WAVES - 1,
        attempt=ATTEMPTS,
        detail=text("detail"),
    )
