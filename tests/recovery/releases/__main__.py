"""Writes what a release leaves in its table.

``python -m tests.recovery.releases tests/recovery/releases/v0_3``: one file for each state below, with all
raw items; the release's own tasks bring it about on local AWS. Run it once, when a release is made, and
commit the folder: from then on its records are read for ever. For an earlier release, in a checkout of its
tag, run this very file by its path.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput, TaskDeferred
from pydantic import ValidationError
from rich.console import Console

from drs_recovery.settings import settings
from drs_recovery.store.table import create_table
from drs_simulator.client import Control
from drs_simulator.server import Server
from tests.conftest import REGION, LocalAws
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.sweeping import ALWAYS, ASKS, Sweep, drilled

if TYPE_CHECKING:
    from collections.abc import Callable

console = Console(highlight=False)
TABLE = "recovery-executions"
REAL = {"execution_type": "RECOVERY", "confirm": "shop", "reason": "eu-central-1 is lost"}
GATE = "application.approve"
PAUSES = (TaskDeferred, TaskAwaitingInput)


def at_its_gate(**conf: str) -> Drive:
    drive = Drive(plan(), **conf)
    drive.execute("open_execution")
    drive.wave("database")
    drive.park(GATE)
    return drive


def waits_at_a_gate(_: LocalAws) -> None:
    at_its_gate(reason="a drill of spring")


def completed(_: LocalAws) -> None:
    drive = at_its_gate()
    drive.answer(GATE, reason="the database is well")
    for task in ("application.start_recovery", "application.wait_for_recovery", "complete_execution"):
        drive.execute(task)


def launches(aws: LocalAws) -> None:
    aws.control.set_speed("real")
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.execute("database.start_recovery")


def rejected(_: LocalAws) -> None:
    drive = at_its_gate(**REAL)
    with pytest.raises(AirflowFailException):
        drive.answer(GATE, "Reject", by="bob", reason="the Region is back")
    ends(drive)


def superseded(_: LocalAws) -> None:
    drill = at_its_gate()
    Drive(plan(), run_id="manual__real", **REAL).execute("open_execution")
    ends(drill)


def failed(aws: LocalAws) -> Drive:
    aws.control.deny("drs", "StartRecovery")
    drive = Drive(plan())
    drive.execute("open_execution")
    with pytest.raises(AirflowFailException):
        drive.execute("database.start_recovery")
    ends(drive)
    aws.control.clear_faults()
    return drive


def tried_again(aws: LocalAws) -> None:
    drive = failed(aws)
    drive.clear()
    aws.control.set_speed("real")
    drive.execute("database.approve")
    drive.execute("database.start_recovery")


def clean_up_waits(_: LocalAws) -> None:
    with suppress(*PAUSES):
        Sweep(drilled(**ASKS)).execute("approve")


def cleaned_up(_: LocalAws) -> None:
    Sweep(drilled(**ALWAYS)).all()


def too_large_for_an_item(_: LocalAws) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("drs_recovery.store.frozen.ROOM", 0)
        waits_at_a_gate(_)


def needs_another_approval(_: LocalAws) -> None:
    people = {"approvers": ["alice", "bob", "carol"], "approvals_needed": {"recovery": 2}}
    drive = Drive(plan({"name": "Database", "servers": [DB], "pause_before_wave": True}, **people), **REAL)
    drive.execute("open_execution")
    drive.park("database.approve")
    with suppress(*PAUSES):
        drive.answer("database.approve", by="bob", reason="seen it")


def recovers_a_point_in_time(_: LocalAws) -> None:
    drive = Drive(plan({"name": "Database", "servers": [DB]}, recovery_point={"before": "start"}))
    drive.execute("open_execution")
    drive.wave("database")
    drive.execute("complete_execution")


def is_checked(_: LocalAws) -> None:
    looks_at({"name": "instance", "ec2": "ok"}, {"name": "agent", "ssm": "online", "optional": True}).execute(
        "complete_execution"
    )


def still_checks(_: LocalAws) -> None:
    looks_at({"name": "database answers", "tcp": 5432, "every": "1s"})


def looks_at(*checks: dict[str, Any]) -> Drive:
    from drs_recovery.tasks.wave_trigger import WaveTrigger  # noqa: PLC0415 - as of 0.3

    drive = Drive(plan({"name": "Web", "servers": [WEB], "checks": list(checks)}))
    drive.execute("open_execution")
    drive.execute("web.start_recovery")
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute("web.wait_for_recovery")
    trigger = WaveTrigger(**deferred.value.trigger.serialize()[1])

    async def watch() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(4):
                await anext(trigger.run())  # type: ignore[arg-type]

    asyncio.run(watch())
    return drive


def is_put_back(aws: LocalAws) -> None:
    from tests.recovery.tasks.settings import Back  # noqa: PLC0415 - as of 0.3

    Back(settings_are_changed(aws)).all()


def settings_are_changed(aws: LocalAws) -> Drive:
    from tests.recovery.tasks.settings import SMALL, pair  # noqa: PLC0415 - as of 0.3

    drive = pair(aws, SMALL)
    drive.wave("pair")
    drive.execute("complete_execution")
    return drive


def an_action_runs(_: LocalAws) -> None:
    before = [{"name": "settle", "wait": "5m"}]
    drive = Drive(plan({"name": "Database", "servers": [DB], "before": before}))
    drive.execute("open_execution")
    with suppress(*PAUSES):
        drive.execute("database.before_settle")


def has_no_room(aws: LocalAws) -> None:
    aws.control.set_quotas(concurrentJobs=1)
    aws.control.set_speed("real")
    aws.client("drs").start_recovery(sourceServers=[{"sourceServerID": APP}], isDrill=True)
    relaxed = {"quotas": "warn", "active_jobs": "warn"}
    drive = Drive(plan({"name": "Database", "servers": [DB]}, preflight=relaxed, tier=1))
    drive.execute("open_execution")
    with suppress(*PAUSES):
        drive.execute("database.start_recovery")


def ends(drive: Drive) -> None:
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")


STATES: tuple[Callable[[LocalAws], object], ...] = (
    *(waits_at_a_gate, completed, launches, rejected, superseded, failed, tried_again),
    *(clean_up_waits, cleaned_up, too_large_for_an_item),
    *(needs_another_approval, recovers_a_point_in_time, is_checked, still_checks),
    *(is_put_back, settings_are_changed, an_action_runs, has_no_room),
)


def items(aws: LocalAws) -> list[dict[str, Any]]:
    """Return all that is in the table, as DynamoDB has it."""
    pages = aws.client("dynamodb").get_paginator("scan").paginate(TableName=TABLE)
    found = [item for page in pages for item in page["Items"]]
    return sorted(found, key=lambda item: (item["executionId"]["S"], item["item"]["S"]))


def write(folder: Path, patch: pytest.MonkeyPatch) -> None:
    """Write a file for each state that this release knows; say of the others that it does not."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("POLL", "POLL_RELAXED", "PHASE", "GATE"):
        patch.setenv(f"RECOVERY_{name}_SECONDS", "0.2")
    patch.setenv("RECOVERY_HOLD_SECONDS", "0")
    patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"):
        patch.setenv(f"AWS_{name}", "testing")
    patch.setenv("AWS_DEFAULT_REGION", REGION)
    patch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    logging.disable()
    with Server(speed="immediate") as server, Control(server.url) as control:
        patch.setenv("AWS_ENDPOINT_URL", server.url)
        settings.cache_clear()
        aws = LocalAws(server.url, control)
        for state in STATES:
            control.reset()
            boto3.DEFAULT_SESSION = None
            create_table(aws.client("dynamodb"), TABLE)
            try:
                state(aws)
            except (ValidationError, ImportError) as error:
                console.print(f"{state.__name__}: not in this release ({type(error).__name__})")
            else:
                lines = ",\n".join(json.dumps(item, sort_keys=True) for item in items(aws))
                (folder / f"{state.__name__}.json").write_text(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    with pytest.MonkeyPatch.context() as context:
        write(Path(sys.argv[1]), context)
