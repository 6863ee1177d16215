"""No page of the web makes the simulator do anything, by whatever a browser lets it send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

ASKED = {
    "control": ("POST", "/simulator/faults"),
    "reset": ("POST", "/simulator/reset"),
    "control, to look": ("GET", "/simulator/clock"),
    "AWS, by a form": ("POST", "/"),
    "AWS, by an image": ("GET", "/?Action=TerminateInstances&InstanceId.1=i-1&Version=2016-11-15"),
    "DRS": ("POST", "/StartRecovery"),
    "moto": ("POST", "/moto-api/reset"),
    "a dashboard of moto's": ("GET", "/moto-api/data.json"),
}
PAGES = {
    "a form": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "an image": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    "a rebound name": {"Host": "evil.example:5555"},
    "a rebound name, from its own page": {"Host": "evil.example", "Origin": "http://evil.example"},
    "a name that looks near": {"Host": "127.0.0.1.evil.example"},
    "a page of a name that looks near": {"Origin": "http://127.0.0.1.evil.example"},
    "half a name": {"Host": "[::1"},
}
PROGRAMS = {
    "a client of AWS": {},
    "by name": {"Host": "localhost:5555"},
    "by IPv6": {"Host": "[::1]:5555"},
    "another machine of the network": {"Host": "192.168.1.7:5555"},
    "a container": {"Host": "local-aws:5555"},
    "a container's host": {"Host": "host.docker.internal:5555"},
    "a page of its own": {"Host": "local-aws:5555", "Origin": "http://local-aws:5555"},
    "a page of this machine": {"Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"},
    "typed into a browser": {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"},
}


@pytest.mark.parametrize("headers", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize(("method", "path"), ASKED.values(), ids=ASKED)
def test_a_page_of_the_web_is_refused(
    local_aws: Any, method: str, path: str, headers: dict[str, str]
) -> None:
    """Whatever it asks for, with the reason, and nothing of it is done or logged as a call."""
    answer = httpx.request(method, f"{local_aws.url}{path}", headers=headers, content=b"{}", trust_env=False)
    assert answer.status_code == 403
    assert "allowed" in answer.json()["error"] or "page of the web" in answer.json()["error"]
    assert local_aws.control.requests() == []


@pytest.mark.parametrize("headers", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_are_answered_by_whatever_name_they_reach_it(
    local_aws: Any, headers: dict[str, str]
) -> None:
    """And pages of this machine, such as a tool that somebody runs beside it."""
    asked = httpx.get(f"{local_aws.url}/simulator/clock", headers=headers, trust_env=False)
    assert asked.status_code == 200
    assert "speed" in asked.json()
