"""`tcp`: a port of the server takes a connection."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from drs_recovery.engine.checks.kind import NO_ADDRESS, Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Connect to each, and let go at once."""

    async def connect(subject: Subject) -> Found:
        if subject.address is None:
            return Found(passed=False, text=NO_ADDRESS)
        place = f"{subject.address}:{check.tcp}"
        try:
            _, writer = await asyncio.open_connection(subject.address, check.tcp)
        except OSError as error:
            return Found(passed=False, text=f"{place}: {error.strerror or error}")
        writer.close()
        return Found(passed=True, text=f"{place} takes a connection")

    return await reach.each(subjects, connect)
