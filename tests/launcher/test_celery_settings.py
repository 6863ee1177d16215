"""What Celery makes of celery.env, as Airflow's provider reads it: seen in a process, without Redis."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from launcher.environment import process_environment
from launcher.home import Home
from launcher.layout import Layout

if TYPE_CHECKING:
    from pathlib import Path

CODE = """
import json
from airflow.providers.celery.executors.celery_executor_utils import OPERATION_TIMEOUT, create_celery_app
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, conf, timeout

app = create_celery_app(conf)
try:
    with timeout(seconds=OPERATION_TIMEOUT):
        app.tasks["execute_workload"].apply_async(args=("{}",), queue="default")
except BaseException as error:
    raised = type(error).__name__
executor = conf.get("core", "executor")
asked = {
    "raised": raised,
    "executor": executor,
    "rounds": conf.getint("celery", "task_publish_max_retries"),
    "requeues": conf.getint("scheduler", "num_stuck_in_queued_retries"),
    "queued_timeout": conf.getfloat("scheduler", "task_queued_timeout"),
    "round": OPERATION_TIMEOUT,
    "always_retries": app.backend.always_retry,
}
names = (
    "broker_transport_options",
    "broker_connection_max_retries",
    "worker_concurrency",
    "worker_prefetch_multiplier",
    "task_acks_late",
)
print(json.dumps({name: app.conf[name] for name in names} | asked))
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a scheduler sees, whose Redis is away."""
    folder: Path = tmp_path_factory.mktemp("celery")
    home = Home(folder)
    home.make()
    nobody = {"AIRFLOW_PORT": 1, "LOCAL_AWS_PORT": 1, "redis": 1, "api-server-1": 1, "api-server-2": 1}
    layout = Layout("celery", home, nobody)
    database = f"sqlite:///{folder / 'airflow.db'}"
    env = process_environment(home, layout.addresses, database=database, dags=folder, broker=layout.broker)
    ran = subprocess.run(
        [sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=False, timeout=120
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return answer


def test_the_provider_takes_the_celery_that_is_pinned(seen: dict[str, Any]) -> None:
    """Celery 5.7.0 has not all that it imports, though it is allowed."""
    assert seen["executor"] == "CeleryExecutor"


def test_the_settings_arrive_as_celery_needs_them(seen: dict[str, Any]) -> None:
    """Numbers as numbers."""
    options = {"socket_timeout": 10, "socket_connect_timeout": 3, "socket_keepalive": True}
    assert seen["broker_transport_options"] == options | {"visibility_timeout": 86400}
    assert (seen["worker_concurrency"], seen["worker_prefetch_multiplier"]) == (8, 1)
    assert seen["task_acks_late"] is True


def test_a_message_that_redis_does_not_take_runs_into_the_time_out(seen: dict[str, Any]) -> None:
    """Which Airflow's executor answers by sending it again; any other error fails the task's try."""
    assert seen["raised"] == "AirflowTaskTimeout"


def test_no_outage_of_a_week_fails_a_task_or_ends_a_worker(seen: dict[str, Any]) -> None:
    """Airflow counts all of it, however often the task is queued anew."""
    week = 7 * 24 * 3600
    assert seen["rounds"] * seen["round"] > week
    assert seen["requeues"] * seen["queued_timeout"] > week
    assert seen["broker_connection_max_retries"] is None
    assert seen["always_retries"] is True
