"""Airflow's settings that the product leans on: which values fit, and what comes of others.

A worker says how they are where it runs (``drs_recovery.report.worker``); `airflow.env` has all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from drs_recovery.text.address import base_address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SNAPSHOT_BUNDLE = "drs_recovery.dag.files.bundle.SnapshotDagBundle"
"""The class of our own bundle, as ``[dag_processor] dag_bundle_config_list`` names it."""


class Leaned(NamedTuple):
    """A setting: the value that is shipped, which others fit, and what comes of one that does not.

    ``breaks`` says that something goes wrong then; all others cost time. ``bundles`` and ``executors`` are
    those under which it matters: ``remote`` are all that are not local. ``unset`` is what holds where nobody
    sets it, for a setting without a default in Airflow's own list of them.
    """

    section: str
    option: str
    shipped: str
    fits: Callable[[str], bool]
    otherwise: str
    breaks: bool = False
    bundles: Literal["all", "snapshots", "others"] = "all"
    executors: Literal["all", "remote", "celery"] = "all"
    unset: str | None = None

    @property
    def name(self) -> str:
        """The setting as Airflow's reference names it."""
        return f"[{self.section}] {self.option}"

    @property
    def variable(self) -> str:
        """The variable that sets it, with the value."""
        return f"AIRFLOW__{self.section.upper()}__{self.option.upper()}={self.shipped}"

    def matters(self, bundle: str | None, executor: str | None) -> bool:
        """Whether it matters to DAGs from a bundle of this class, run by these executors.

        Of a bundle or an executor that is unknown it does.
        """
        ours = bundle == SNAPSHOT_BUNDLE
        by_bundle = bundle is None or self.bundles == "all" or ours is (self.bundles == "snapshots")
        return by_bundle and (executor is None or self.executors in _kinds(executor))


def _kinds(executor: str) -> set[str]:
    """Return what the executors of Airflow are, of which ``[core] executor`` names one or several."""
    names = [one.rpartition(".")[2] for one in executor.split(",")]
    remote = {"remote"} if not all(name.endswith("LocalExecutor") for name in names) else set[str]()
    return {"all"} | remote | ({"celery"} if any("Celery" in name for name in names) else set())


def _at_most(limit: float) -> Callable[[str], bool]:
    return lambda value: float(value) <= limit


def _at_least(limit: float) -> Callable[[str], bool]:
    return lambda value: float(value) >= limit


def _is_off(value: str) -> bool:
    return value.strip().lower() in {"false", "f", "0", "no", "off"}


def _can_revoke(executor: str) -> bool:
    """Whether an executor lets go of a task that no worker will ever start."""
    return executor.rpartition(".")[2] != "LocalExecutor"


def _is_address(value: str) -> bool:
    return base_address(value) is not None


LEANED_ON: tuple[Leaned, ...] = (
    Leaned(
        "api",
        "base_url",
        "https://airflow.example.com",
        _is_address,
        "Airflow does not know its own executions: drills are refused, and nobody ends a RECOVERY whose DAG "
        "run is gone. Take the address that people use, in all components",
        breaks=True,
        unset="not set",
    ),
    Leaned(
        "core",
        "simple_auth_manager_all_admins",
        "False",
        _is_off,
        "everybody is an administrator, and may answer any gate",
        breaks=True,
    ),
    Leaned(
        "dag_processor",
        "disable_bundle_versioning",
        "False",
        _is_off,
        "runs in flight move to a plan that is edited",
        breaks=True,
    ),
    Leaned(
        "dag_processor",
        "stale_bundle_cleanup_interval",
        "0",
        _at_most(0),
        "Airflow removes snapshots that a gate, or a run that is cleared, still needs",
        breaks=True,
        bundles="snapshots",
    ),
    Leaned(
        "dag_processor",
        "min_file_process_interval",
        "30",
        _at_most(60),
        "nothing makes up for a reading of a DAG file that failed",
        bundles="others",
    ),
    Leaned(
        "core",
        "dagbag_import_timeout",
        "60",
        _at_least(60),
        "the plans of a file that is read slowly, on a busy machine, are gone",
    ),
    Leaned(
        "core",
        "min_serialized_dag_update_interval",
        "1",
        _at_most(1),
        "a run may get the tasks of one snapshot and the files of the next",
        bundles="snapshots",
    ),
    Leaned(
        "core",
        "executor",
        "drs_recovery.dag.executor.RevokingLocalExecutor",
        _can_revoke,
        "a task whose worker was killed before it ran never starts, and a RECOVERY waits behind all drills",
    ),
    Leaned(
        "scheduler",
        "num_stuck_in_queued_retries",
        "1000000",
        _at_least(1000),
        "while no worker is there every task fails, after so many more times task_queued_timeout",
        breaks=True,
        executors="remote",
        unset="2",
    ),
    Leaned(
        "celery",
        "task_publish_max_retries",
        "1000000",
        _at_least(100_000),
        "while Redis is away every task fails, after so many more seconds",
        breaks=True,
        executors="celery",
        unset="3",
    ),
    Leaned(
        "scheduler",
        "scheduler_idle_sleep_time",
        "0.1",
        _at_most(0.5),
        "a hop from one task to the next takes a second",
    ),
    Leaned(
        "scheduler",
        "max_dagruns_per_loop_to_schedule",
        "100",
        _at_least(100),
        "a RECOVERY waits for its turn behind drills that were asked for before it",
    ),
    Leaned(
        "scheduler",
        "task_instance_heartbeat_timeout",
        "60",
        _at_most(60),
        "a task that was killed is tried again so many seconds later",
    ),
    Leaned(
        "scheduler",
        "orphaned_tasks_check_interval",
        "60",
        _at_most(60),
        "tasks of a scheduler that died are adopted so many seconds later",
    ),
    Leaned(
        "triggerer",
        "triggerer_health_check_threshold",
        "15",
        _at_most(15),
        "the waits of a triggerer that died are taken over so many seconds later",
    ),
    Leaned(
        "workers",
        "min_heartbeat_interval",
        "1",
        _at_most(1),
        "a task that is over is seen as over so many seconds late, between any two waves",
    ),
    Leaned(
        "workers",
        "execution_api_retries",
        "40",
        _at_least(20),
        "tasks that start while the API server restarts fail",
    ),
    Leaned(
        "workers",
        "missing_dag_retry_delay",
        "10",
        _at_most(15),
        "a worker that cannot find a plan's DAG looks again so many seconds later",
    ),
)
"""In this order they are reported."""


def key_of(leaned: Leaned) -> str:
    """Return a setting's name in a worker's report."""
    return f"{leaned.section}.{leaned.option}"


def judged(values: Mapping[str, str | None], bundle: str | None) -> dict[Leaned, str | None]:
    """Return the settings that matter, and that a report has: each with its value if that does not fit."""
    executor = values.get("core.executor")
    seen = {leaned: values.get(key_of(leaned)) for leaned in LEANED_ON if leaned.matters(bundle, executor)}
    return {
        leaned: None if _fits(leaned, value) else value for leaned, value in seen.items() if value is not None
    }


def _fits(leaned: Leaned, value: str) -> bool:
    try:
        return leaned.fits(value)
    except ValueError:
        return False
