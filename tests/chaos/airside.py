"""Airflow's REST API for people who do not give up while its server is away."""

from __future__ import annotations

import time
from typing import Any

import httpx

from tests.integration.rest import Airflow

PATIENCE = 120.0
AGAIN = 1.0


class PatientAirflow(Airflow):
    """One user's view of Airflow; what does not answer, or answers 5xx, is asked again."""

    def call(self, method: str, path: str, **kwargs: Any) -> httpx.Response:
        """Return the first answer that is one."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                answer = self.http.request(method, path, **kwargs)
                if not answer.is_server_error or time.monotonic() > deadline:
                    return answer
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
            time.sleep(AGAIN)

    def waiting(self, dag_id: str, run_id: str) -> dict[str, str]:
        """Return the gates of a run that wait for an answer: task id by task instance's id."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/hitlDetails"
        wanted = {"response_received": False, "state": ["awaiting_input", "deferred"]}
        details = self.call("GET", path, params=wanted).raise_for_status().json()["hitl_details"]
        return {d["task_instance"]["id"]: d["task_instance"]["task_id"] for d in details}
