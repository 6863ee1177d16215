"""A client of the control API, for tests and benchmarks."""

from __future__ import annotations

from typing import Any, Self

import httpx

from drs_simulator.fault_client import FaultControl


class ControlRefused(Exception):
    """The control API did not accept a description; its answer is the message."""


class Control(FaultControl):
    """The control API of a simulator at a URL."""

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(base_url=f"{url.rstrip('/')}/simulator/", timeout=30, trust_env=False)

    def requests(self, **wanted: str) -> list[dict[str, Any]]:
        """Return the requests of AWS clients in the order of arrival.

        ``wanted`` selects by ``service``, ``operation``, ``error``, ``job_id`` or ``outcome``. Each has
        ``time``, ``service``, ``operation``, ``parameters``, ``accessKey``, ``region``, ``outcome`` (answered
        or dropped), and ``status``, ``error``, ``jobID`` and ``fault`` where there is one.
        """
        requests: list[dict[str, Any]] = self._ask("GET", "requests", params=wanted)["requests"]
        return requests

    def clear_requests(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "requests")

    def clock(self) -> dict[str, Any]:
        """Return ``speed``, ``now`` and ``simulatedSeconds``."""
        return self._ask("GET", "clock")

    def set_speed(self, speed: str | float) -> None:
        """Let time pass at a speed from now on: immediate, manual, real, or simulated seconds a second."""
        self._ask("PUT", "clock", json={"speed": speed})

    def advance(self, seconds: float) -> dict[str, Any]:
        """Let so many simulated seconds pass at once; returns the clock as it is then."""
        return self._ask("POST", "clock/advance", json={"seconds": seconds})

    def add_server(
        self, source_server_id: str, hostname: str, *, account: str = "", region: str = "", **spec: Any
    ) -> None:
        """Let an agent connect a server, with the other keys of a fleet file as ``spec``.

        It replicates to the fleet's account and Region, or to others where DRS is initialised.
        """
        server = {"id": source_server_id, "hostname": hostname} | spec
        place = {"account": account, "region": region}
        chosen = {name: value for name, value in place.items() if value}
        self._ask("POST", "servers", json=chosen | {"servers": [server]})

    def quotas(self) -> dict[str, int]:
        """Return ``concurrentJobs``, ``serversInJob`` and ``serversInAllJobs``."""
        return self._ask("GET", "quotas")

    def set_quotas(self, **quotas: int) -> None:
        """Set quotas of DRS by their names in ``quotas``; those not named get their defaults back."""
        self._ask("PUT", "quotas", json=quotas)

    def reset(self, seed: int | None = None) -> None:
        """Return the simulator to how it was at its start; with a seed, as if it had been started with it."""
        self._ask("POST", "reset", json={} if seed is None else {"seed": seed})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _ask(self, method: str, path: str, **content: Any) -> dict[str, Any]:
        response = self._http.request(method, path, **content)
        if response.is_error:
            raise ControlRefused(response.json()["error"])
        answer: dict[str, Any] = response.json()
        return answer
