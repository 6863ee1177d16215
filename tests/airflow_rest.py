"""Airflow's REST API as a person with curl uses it: the one client of tests, chaos and benchmarks.

It shares nothing with the product's client, whose mistakes it would repeat.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

ENDED = {"success", "failed"}

HOLD = 10.5
"""Seconds a gate rests before it is answered: an earlier answer makes Airflow 3.3.2 fail the task."""

LIMIT = 240.0
"""Seconds: what has not come by then does not come. Three stacks on two cores take their time."""

PAUSE = 0.5
"""Seconds before a request is sent again."""

PATIENCE = 2.0
"""Seconds in which a request is sent again, enough for a deadlock in Airflow's database (500)."""


def until(what: str, look: Callable[[], T], seconds: float = LIMIT, every: float = 0.5) -> T:
    """Return what `look` gives as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {found!r}")
        time.sleep(every)
    return found


class Airflow:
    """One user's view of Airflow; what does not answer, or answers 5xx, is asked again for a while."""

    def __init__(self, url: str, user: str, password: str, *, patience_seconds: float = PATIENCE) -> None:
        self.patience_seconds = patience_seconds
        self.http = httpx.Client(base_url=f"{url}/api/v2", timeout=30, trust_env=False)
        answer = self.http.post(f"{url}/auth/token", json={"username": user, "password": password})
        self.http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Return the first answer that is no server error, or the last one of all."""
        deadline = time.monotonic() + self.patience_seconds
        while True:
            try:
                answer = self.http.request(method, path, **kwargs)
                if not answer.is_server_error or time.monotonic() > deadline:
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(PAUSE)

    def trigger(self, dag_id: str, run_id: str | None = None, **conf: Any) -> httpx.Response:
        """Ask for a run."""
        body = {"logical_date": None, "conf": conf} | ({"dag_run_id": run_id} if run_id else {})
        return self.call("POST", f"/dags/{dag_id}/dagRuns", json=body)

    def run(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Return a DAG run."""
        answer: dict[str, Any] = (
            self.call("GET", f"/dags/{dag_id}/dagRuns/{run_id}").raise_for_status().json()
        )
        return answer

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """Return the state of every task of a run."""
        return {ti["task_id"]: ti["state"] for ti in self.task_instances(dag_id, run_id)}

    def task_instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        """Return every task instance of a run."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        answer = self.call("GET", path, params={"limit": 100}).raise_for_status().json()
        instances: list[dict[str, Any]] = answer["task_instances"]
        return instances

    def gate(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return what a gate shows."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        detail: dict[str, Any] = self.call("GET", path).raise_for_status().json()
        return detail

    def waiting_gates(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the gates of a run that wait for an answer: task id by task instance's id."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/hitlDetails"
        wanted = {"response_received": False, "state": ["awaiting_input", "deferred"]}
        details = self.call("GET", path, params=wanted).raise_for_status().json()["hitl_details"]
        return {d["task_instance"]["id"]: d["task_instance"]["task_id"] for d in details}

    def wait_for_task(
        self, dag_id: str, run_id: str, task_id: str, *states: str, seconds: float = LIMIT
    ) -> str:
        """Return the state of a task once it is one of those wanted."""

        def look() -> str | None:
            state = self.tasks(dag_id, run_id).get(task_id)
            return state if state in states else None

        return until(f"{task_id} of {run_id} is {states}", look, seconds) or ""

    def wait_for_end(self, dag_id: str, run_id: str, seconds: float = LIMIT) -> str:
        """Return the state of a run once it has ended."""

        def look() -> str | None:
            state = self.run(dag_id, run_id)["state"]
            return state if state in ENDED else None

        return until(f"the end of {run_id}", look, seconds) or ""

    def answer(
        self, dag_id: str, run_id: str, task_id: str, option: str = "Approve", reason: str | None = None
    ) -> httpx.Response:
        """Answer a gate."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        form = {"reason": reason} if reason else {}
        return self.call("PATCH", path, json={"chosen_options": [option], "params_input": form})

    def set_task(self, dag_id: str, run_id: str, task_id: str, state: str) -> httpx.Response:
        """Force the state of a task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        return self.call("PATCH", path, json={"new_state": state})

    def set_run(self, dag_id: str, run_id: str, state: str) -> httpx.Response:
        """Force the state of a run."""
        return self.call("PATCH", f"/dags/{dag_id}/dagRuns/{run_id}", json={"state": state})

    def clear(self, dag_id: str, run_id: str, *task_ids: str, downstream: bool = True) -> httpx.Response:
        """Clear tasks of a run."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": downstream,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        return self.call("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)
