"""`dns`: a name resolves to an address, where the triggerer runs."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

from drs_recovery.engine.checks.kind import Found
from drs_recovery.plan.templates import render
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Resolve the name of each, as any program on the triggerer's machine would."""
    wanted = check.dns
    assert wanted is not None  # noqa: S101 - the kind is this one

    async def resolve(subject: Subject) -> Found:
        name, expected = (str(render(text, subject.context)) for text in (wanted.name, wanted.expect))
        try:
            answers = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_STREAM)
        except OSError as error:
            return Found(passed=False, text=f"{name}: {error.strerror or error}")
        addresses = sorted({str(answer[4][0]) for answer in answers})
        text = f"{name} resolves to {listed(addresses)}"
        if expected in addresses:
            return Found(passed=True, text=text)
        return Found(passed=False, text=f"{text}; {expected} is due")

    return await reach.each(subjects, resolve)
