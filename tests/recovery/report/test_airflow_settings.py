"""Which of Airflow's settings fit: under which executor, and what holds where nobody sets one."""

from __future__ import annotations

import pytest

from drs_recovery.report.airflow_settings import LEANED_ON, SNAPSHOT_BUNDLE, judged, key_of
from drs_recovery.tasks.worker_report import report

STUCK, PUBLISH = "scheduler.num_stuck_in_queued_retries", "celery.task_publish_max_retries"
SHIPPED = {key_of(one): one.shipped for one in LEANED_ON}


def odd(**changed: str) -> set[str]:
    """Return what does not fit of settings as they are shipped, but for some."""
    values = SHIPPED | {name.replace("__", "."): value for name, value in changed.items()}
    return {key_of(one) for one, value in judged(values, SNAPSHOT_BUNDLE).items() if value is not None}


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ("drs_recovery.dag.executor.RevokingLocalExecutor", set()),
        ("CeleryExecutor", {STUCK, PUBLISH}),
        (
            "RevokingLocalExecutor,airflow.providers.celery.executors.celery_executor.CeleryExecutor",
            {STUCK, PUBLISH},
        ),
        ("KubernetesExecutor", {STUCK}),
    ],
    ids=["local", "celery", "both", "kubernetes"],
)
def test_what_a_worker_that_is_away_fails_matters_where_workers_can_be(
    executor: str, expected: set[str]
) -> None:
    """With a local executor nobody waits for a worker, and nothing is sent to Redis."""
    as_it_comes = {STUCK.replace(".", "__"): "2", PUBLISH.replace(".", "__"): "3"}
    assert odd(core__executor=executor, **as_it_comes) == expected
    assert odd(core__executor=executor) == set()


@pytest.mark.parametrize("value", ["not set", "/airflow", "https://"])
def test_an_address_has_a_host(value: str) -> None:
    """As `drs_recovery.tasks.airflow_runs.this_airflow` takes it."""
    assert odd(api__base_url=value) == {"api.base_url"}
    assert odd(api__base_url="http://10.1.2.3:8080/airflow/") == set()


def test_a_worker_says_what_holds_where_nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow's own list has no default for these; an empty value is none."""
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "")
    said = report().settings
    assert (said["api.base_url"], said[STUCK], said[PUBLISH]) == ("not set", "2", "3")
