"""`http`: a web server answers GET with the status that is due, and a text in its body."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from drs_recovery.engine.checks.kind import LOOK_SECONDS, Found
from drs_recovery.plan.templates import render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check, Http

MOST_BYTES = 1_000_000
"""Of a body, in which a text is looked for."""


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Ask each once, by a client that knows no proxy and keeps no connection."""
    wanted = check.http
    assert wanted is not None  # noqa: S101 - the kind is this one
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(
        verify=wanted.verify, timeout=LOOK_SECONDS, trust_env=False, limits=limits
    ) as client:

        async def ask(subject: Subject) -> Found:
            url = str(render(wanted.url, subject.context))
            try:
                return await _answer(client, url, wanted)
            except httpx.HTTPError as error:
                return Found(passed=False, text=f"{url}: {error or type(error).__name__}")

        return await reach.each(subjects, ask)


async def _answer(client: httpx.AsyncClient, url: str, wanted: Http) -> Found:
    async with client.stream("GET", url) as response:
        if response.status_code != wanted.status:
            text = f"{url} answers {response.status_code}, {wanted.status} is due"
            return Found(passed=False, text=text)
        if wanted.contains is None:
            return Found(passed=True, text=f"{url} answers {response.status_code}")
        body = b""
        async for part in response.aiter_bytes():
            body += part
            if len(body) >= MOST_BYTES:
                break
    if wanted.contains in body[:MOST_BYTES].decode(errors="replace"):
        return Found(passed=True, text=f"{url} answers {wanted.status} and contains {wanted.contains!r}")
    return Found(passed=False, text=f"{url} answers {wanted.status} without {wanted.contains!r} in it")
