"""What can be wrong with workers and the maintenance, and what the doctor says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.report.airflow_settings import LEANED_ON, key_of
from tests.recovery.cli import well
from tests.recovery.cli.spoilt import answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.spoilt import World

FEW = {"scheduler.scheduler_idle_sleep_time": "0.1", "dag_processor.min_file_process_interval": "600"}
"""Two settings, of which the second matters to other bundles than that of snapshots alone."""

SETTINGS = {key_of(one): one.shipped for one in LEANED_ON}


def odd_settings(world: World) -> None:
    odd = {"workers.min_heartbeat_interval": "5", "core.simple_auth_manager_all_admins": "True"}
    well.says(world.stub, well.said(settings=SETTINGS | odd))


def without_an_address(world: World) -> None:
    well.says(world.stub, well.said(settings=SETTINGS | {"api.base_url": "not set"}))


def with_celery(world: World) -> None:
    """Let tasks run in workers of Celery, as Airflow sets it by itself."""
    as_it_comes = {"core.executor": "CeleryExecutor", "scheduler.num_stuck_in_queued_retries": "2"}
    well.says(world.stub, well.said(settings=SETTINGS | as_it_comes))


BEGUN: dict[str, Any] = {"run_id": "scheduled__2", "state": "running", "end_date": None}
"""A run of the maintenance that has just begun."""


unsaid = answer(
    "dags/recovery_maintenance/dagRuns/scheduled__1/taskInstances/reconcile/xcomEntries/worker", 404, {}
)


def ran(*tasks: dict[str, Any]) -> Callable[[World], None]:
    """Let the maintenance have run so, newest first: what is otherwise than in a run that went well."""
    return lambda world: well.runs(world.stub, *(well.ran(**changed) for changed in tasks))


def failing(world: World) -> None:
    """Let the newest run that has ended have failed; the next one has begun."""
    well.runs(world.stub, well.ran(**BEGUN), well.ran(state="failed", try_number=2))
    raised = {"exc_type": "RecordUnavailable", "exc_value": "get_item on table: denied"}
    log = {"error_detail": [raised, {"exc_type": "ClientError", "exc_value": "its cause, without a cure"}]}
    run = f"GET {well.DAG}/dagRuns/scheduled__1/taskInstances/reconcile/logs/2"
    world.stub.on(run, (200, {"content": [log]}))


def failing_unseen(world: World) -> None:
    failing(world)
    world.stub.on(
        f"GET {well.DAG}/dagRuns/scheduled__1/taskInstances/reconcile/logs/2", (403, {"detail": "No"})
    )


def failing_at_once(world: World) -> None:
    well.runs(world.stub, well.ran(state="failed"))
    unsaid(world)


def one_of_two_odd(world: World) -> None:
    """Let the worker that ran before the newest have other settings."""
    two_workers(world)
    well.says(world.stub, well.said(), "scheduled__2")
    odd_settings(world)


def two_workers(world: World) -> None:
    well.runs(world.stub, well.ran("worker-2", "scheduled__2"), well.ran())
    well.says(world.stub, well.said("0.1.9"), "scheduled__2")


HOUR_AGO = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
WORKERS_WELL_BUT = {
    "a maintenance that fails": (
        failing,
        "workers",
        "fault",
        "fails on worker-1: RecordUnavailable: get_item on table: denied",
    ),
    "a maintenance that fails, and nobody may see its log": (
        failing_unseen,
        "workers",
        "fault",
        r"fails on worker-1: its log cannot be had: Airflow refuses \(403\): No",
    ),
    "another task of the maintenance that fails": (
        ran({}, {"task_id": "start_clean_ups", "state": "failed"}),
        "workers",
        "fault",
        "start_clean_ups of recovery_maintenance fails on worker-1: its log has no error",
    ),
    "a task that failed, and is none of the maintenance any more": (
        ran({"run_id": "scheduled__2"}, {"task_id": "archive", "state": "failed"}),
        "workers",
        "ok",
        r"read the record \d+ seconds ago",
    ),
    "a maintenance that hangs": (
        ran(BEGUN, {"end_date": HOUR_AGO}),
        "workers",
        "fault",
        "ended 1 hour .*ago",
    ),
    "a maintenance that does not run": (
        ran({"end_date": HOUR_AGO}),
        "workers",
        "fault",
        "ended 1 hour .*ago",
    ),
    "a worker of another release": (
        lambda world: well.says(world.stub, well.said("0.1.9")),
        "releases",
        "warning",
        "worker on worker-1 has 0.1.9",
    ),
    "two workers": (two_workers, "workers", "ok", "of late on worker-2, worker-1"),
    "one of two workers of another release": (
        two_workers,
        "releases",
        "warning",
        "of release .*, and the worker on worker-2 has 0.1.9; ",
    ),
    "a run that has just begun, and has said nothing yet": (
        ran(BEGUN, {}),
        "releases",
        "ok",
        "this command, the worker on worker-1, the DAG processor",
    ),
    "a run that failed before it said anything": (
        failing_at_once,
        "releases",
        "unknown",
        "what the worker on worker-1 said of itself cannot be read",
    ),
    "a worker that does not say": (
        unsaid,
        "releases",
        "warning",
        "worker on worker-1 has one before 0.3",
    ),
    "an XCom of somebody's, which tells no release": (
        lambda world: well.says(world.stub, well.said() | {"value": "<b>"}),
        "releases",
        "unknown",
        "worker on worker-1 said of itself cannot be read",
    ),
    "an XCom of somebody's": (
        lambda world: well.says(world.stub, well.said() | {"value": "<b>"}),
        "settings",
        "unknown",
        "no worker has said",
    ),
    "a setting that costs time": (
        odd_settings,
        "settings",
        "warning",
        r"min_heartbeat_interval is 5 .*AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1",
    ),
    "a bundle that a worker does not know": (
        lambda world: well.says(world.stub, well.said(bundles=[])),
        "snapshots",
        "unknown",
        "worker on worker-1 has no bundle dags-folder, .*dag_bundle_config_list",
    ),
    "a bundle of snapshots without a version": (
        lambda world: well.maintenance(world.stub, bundle_version=None),
        "snapshots",
        "unknown",
        "no version of dags-folder",
    ),
    "DAGs from Git": (
        lambda world: well.says(world.stub, well.said(bundles=[well.BUNDLE | {"classpath": "a.Git"}])),
        "snapshots",
        "ok",
        "none are kept: DAGs come from a.Git",
    ),
    "a setting of another worker": (
        one_of_two_odd,
        "settings",
        "warning",
        r"min_heartbeat_interval is 5 on worker-1: .*AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL=1",
    ),
    "a setting that no worker tells": (
        lambda world: well.says(world.stub, well.said(settings={})),
        "settings",
        "unknown",
        "no worker has said how Airflow is set",
    ),
    "settings of which few are told": (
        lambda world: well.says(world.stub, well.said(settings=FEW)),
        "settings",
        "ok",
        "^1 of Airflow's settings fit, as the worker on worker-1 has them",
    ),
    "an Airflow without an address": (
        without_an_address,
        "settings",
        "fault",
        r"\[api\] base_url is not set on worker-1: .* drills are refused.*AIRFLOW__API__BASE_URL=https://",
    ),
    "a Celery that gives tasks up": (
        with_celery,
        "settings",
        "fault",
        "num_stuck_in_queued_retries is 2 on worker-1: while no worker is there every task fails",
    ),
    "a setting that breaks": (odd_settings, "settings", "fault", "all_admins is True .* everybody"),
}
