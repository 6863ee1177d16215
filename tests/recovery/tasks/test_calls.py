"""What tasks and triggers call in AWS is what their policies allow, all of it and nothing else."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.aws.utils import addresses, instances
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.settings import settings
from drs_recovery.tasks.wave_trigger import WaveTrigger
from tests import iam
from tests.recovery.tasks.conftest import DB, WEB, Drive, TaskInstance, plan
from tests.recovery.tasks.settings import Back, subnet
from tests.recovery.tasks.sweeping import ALWAYS, Sweep
from tests.recovery.tasks.test_gate_trigger import GATE, fired
from tests.recovery.tasks.test_rights import started, until_more, wave_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRODUCT = "PRODUCT"
"""The access key of tasks and triggers; what the tests look at has another."""


@pytest.fixture
def acting(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Local AWS, and a block in which all that is called has the product's key."""
    for name in ("POLL_RELAXED", "POLL", "PHASE", "GATE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.2")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    clients = (addresses._client, instances._ec2, instances._ssm)
    for client in clients:
        client.cache_clear()
    table.client("drs").update_launch_configuration(sourceServerID=DB, postLaunchEnabled=True)

    @contextmanager
    def block() -> Iterator[Any]:
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", PRODUCT)
            yield table

    yield block
    for client in clients:
        client.cache_clear()


def test_all_that_tasks_and_triggers_do_needs_the_policies_of_table_and_plans(
    acting: Any, tmp_path: Path
) -> None:
    """A drill that is superseded at its gate, the recovery, a drill that is cleaned up, the maintenance."""
    with acting() as table:
        _superseded()
        _watched(table)
        _checked()
        _cleaned_up(table, tmp_path)
        requests = table.control.requests()
    assert iam.seen(requests, PRODUCT) == iam.actions("table", "plans") - iam.NO_CALL


def _superseded() -> None:
    drill = Drive(plan(), run_id="manual__drill", recovery_point="before start")
    drill.execute("open_execution")
    drill.wave("database")
    trigger = drill.park(GATE).trigger
    real = Drive(plan(), run_id="manual__real", execution_type="RECOVERY", confirm="shop")
    (event,) = fired(trigger, meanwhile=lambda: real.execute("open_execution"))
    with pytest.raises(AirflowFailException, match="superseded"):
        drill.resume(GATE, event)
    drill.states = {GATE: "failed"}
    for drive in (drill, real):
        with pytest.raises(AirflowFailException):
            drive.execute("complete_execution")


def _watched(table: Any) -> None:
    drive = started(table)
    trigger = wave_trigger(drive)

    async def run() -> None:
        task = asyncio.create_task(anext(trigger.run()))  # type: ignore[arg-type]
        await until_more(table.control, 2, operation="DescribeJobs")
        await asyncio.to_thread(table.control.advance, 3600)
        async with asyncio.timeout(30):
            await task

    asyncio.run(run())
    drive.execute("complete_execution")
    table.control.set_speed("immediate")


def _checked() -> None:
    checks = [{"name": "instance", "ec2": "ok"}, {"name": "agent", "ssm": "online", "optional": True}]
    drive = Drive(plan({"name": "Web", "servers": [WEB], "checks": checks}, id="checked"))
    drive.execute("open_execution")
    drive.execute("web.start_recovery")
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute("web.wait_for_recovery")
    trigger = WaveTrigger(**deferred.value.trigger.serialize()[1])

    async def run() -> None:
        async with asyncio.timeout(30):
            await anext(trigger.run())  # type: ignore[arg-type]

    asyncio.run(run())
    drive.execute("complete_execution")


def _cleaned_up(table: Any, folder: Path) -> None:
    place, group = subnet(table)
    launch = {"instance_type": "t3.small", "subnet": place, "security_groups": [group]}
    launch |= {"servers": {DB: {"private_ip": "10.9.1.7"}}}
    wave = {"name": "Database", "servers": [DB], "launch": launch}
    drill = Drive(plan(wave, id="swept", **ALWAYS), run_id="manual__swept")
    drill.execute("open_execution")
    drill.wave("database")
    drill.execute("complete_execution")
    Sweep(drill).all()
    Back(drill).all()
    dag = maintenance_dag(folder)
    for task in dag.tasks:
        context = {"dag_run": drill.run, "ti": TaskInstance(task.task_id, dag.dag_id, "r"), "dag": dag}
        type(task).execute(task, context)
