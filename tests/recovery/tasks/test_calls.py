"""What tasks and triggers call in AWS is what their policies allow, all of it and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from types import SimpleNamespace
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

CLIENTS = (addresses._client, instances._ec2, instances._ssm)
"""What a process keeps of a connection: workers and triggerers are one process here."""

By = Callable[[str], AbstractContextManager[None]]
"""Lets tasks and triggers reach the servers of plans with an access key."""


@pytest.fixture
def by(table: Any, monkeypatch: pytest.MonkeyPatch) -> By:
    """Give the connections of table and plans access keys of their own, as they have roles of their own."""
    for name in ("POLL_RELAXED", "POLL", "PHASE", "GATE"):
        monkeypatch.setenv(f"RECOVERY_{name}_SECONDS", "0.2")
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    monkeypatch.setenv("RECOVERY_TABLE_CONN_ID", "recovery_table")
    monkeypatch.setenv("AIRFLOW_CONN_RECOVERY_TABLE", "aws://TABLE:secret@")
    settings.cache_clear()
    table.client("drs").update_launch_configuration(sourceServerID=DB, postLaunchEnabled=True)

    @contextmanager
    def by(key: str) -> Iterator[None]:
        with monkeypatch.context() as patch:
            patch.setenv("AIRFLOW_CONN_AWS_DEFAULT", f"aws://{key}:secret@")
            _forget()
            yield
        _forget()

    return by


def _forget() -> None:
    for client in CLIENTS:
        client.cache_clear()


def test_each_connection_calls_what_its_role_may_and_all_of_it(by: By, table: Any, tmp_path: Path) -> None:
    """Drills that are superseded, watched, checked, put back and cleaned up, and a recovery.

    Each ends, and the maintenance runs: the table, what workers need, and the little that triggerers need.
    """
    _superseded(by)
    _watched(by, table)
    _checked(by)
    _put_back(by, table)
    _cleaned_up(by)
    _recovered(by)
    _maintained(tmp_path)
    seen = partial(iam.seen, table.control.requests())
    assert seen("TABLE") == iam.actions("table")
    assert seen("TRIGGERS") == iam.actions("watch")
    every = iam.actions("watch", "start")
    for key, policy in (("TASKS", "start"), ("SETTINGS", "settings"), ("CLEAN_UP", "clean_up")):
        needed = iam.actions(policy) - iam.NO_CALL
        assert needed <= seen(key) <= needed | every


def _superseded(by: By) -> None:
    with by("TASKS"):
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


def _watched(by: By, table: Any) -> None:
    with by("TASKS"):
        drive = started(table)
    trigger = wave_trigger(drive)

    async def run() -> None:
        task = asyncio.create_task(anext(trigger.run()))  # type: ignore[arg-type]
        await until_more(table.control, 2, operation="DescribeJobs")
        await asyncio.to_thread(table.control.advance, 3600)
        async with asyncio.timeout(30):
            await task

    with by("TRIGGERS"):
        asyncio.run(run())
    with by("TASKS"):
        drive.execute("complete_execution")
    table.control.set_speed("immediate")


def _checked(by: By) -> None:
    checks = [{"name": "instance", "ec2": "ok"}, {"name": "agent", "ssm": "online", "optional": True}]
    drive = Drive(plan({"name": "Web", "servers": [WEB], "checks": checks}, id="checked"))
    with by("TASKS"):
        drive.execute("open_execution")
        drive.execute("web.start_recovery")
        with pytest.raises(TaskDeferred) as deferred:
            drive.execute("web.wait_for_recovery")
    trigger = WaveTrigger(**deferred.value.trigger.serialize()[1])

    async def run() -> None:
        async with asyncio.timeout(30):
            await anext(trigger.run())  # type: ignore[arg-type]

    with by("TRIGGERS"):
        asyncio.run(run())
    with by("TASKS"):
        drive.execute("complete_execution")


def _put_back(by: By, table: Any) -> None:
    place, group = subnet(table)
    launch = {"instance_type": "t3.small", "subnet": place, "security_groups": [group]}
    launch |= {"servers": {DB: {"private_ip": "10.9.1.7"}}}
    with by("SETTINGS"):
        drill = Drive(plan({"name": "Database", "servers": [DB], "launch": launch}, id="changed"))
        drill.execute("open_execution")
        drill.wave("database")
        drill.execute("complete_execution")
        Back(drill).all()


def _cleaned_up(by: By) -> None:
    with by("CLEAN_UP"):
        drill = Drive(plan({"name": "Database", "servers": [DB]}, id="swept", **ALWAYS))
        drill.execute("open_execution")
        drill.wave("database")
        drill.execute("complete_execution")
        Sweep(drill).all()


def _recovered(by: By) -> None:
    with by("TASKS"):
        real = Drive(
            plan({"name": "Web", "servers": [WEB]}, id="real"), execution_type="RECOVERY", confirm="real"
        )
        real.execute("open_execution")
        real.wave("web")
        real.execute("complete_execution")


def _maintained(folder: Path) -> None:
    dag = maintenance_dag(folder)
    run = SimpleNamespace(run_id="r")
    for task in dag.tasks:
        context = {"dag_run": run, "ti": TaskInstance(task.task_id, dag.dag_id, "r"), "dag": dag}
        type(task).execute(task, context)
