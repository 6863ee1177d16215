"""Whether Airflow is ready, by its REST API.

A client of its own: the launcher imports nothing of the product, and what is shipped imports no tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import httpx

if TYPE_CHECKING:
    from types import TracebackType

TIMEOUT = 5.0


class AirflowApi:
    """Airflow's answers; none is taken for not ready yet."""

    def __init__(self, url: str, user: str, password: str) -> None:
        # The environment's proxies are for other machines
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT, trust_env=False)
        self._credentials = {"username": user, "password": password}
        self._token = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def healthy(self, part: str) -> bool:
        """Whether Airflow answers, and calls that part healthy."""
        try:
            answer = self._client.get("/api/v2/monitor/health").raise_for_status()
        except httpx.HTTPError:
            return False
        return bool(answer.json()[part]["status"] == "healthy")

    def dags(self) -> int:
        """Return how many DAGs Airflow has; 0 while it does not answer."""
        try:
            if not self._token:
                answer = self._client.post("/auth/token", json=self._credentials).raise_for_status()
                self._token = answer.json()["access_token"]
            headers = {"Authorization": f"Bearer {self._token}"}
            dags = self._client.get("/api/v2/dags", params={"limit": 1}, headers=headers).raise_for_status()
        except httpx.HTTPError:
            return 0
        return int(dags.json()["total_entries"])


def answers(url: str) -> bool:
    """Whether that URL answers with success."""
    try:
        return httpx.get(url, timeout=TIMEOUT, trust_env=False).is_success
    except httpx.HTTPError:
        return False
