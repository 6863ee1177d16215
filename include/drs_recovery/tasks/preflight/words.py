"""How servers are named in what a check says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.plan.words import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_recovery.tasks.preflight.facts import ServerFacts


def named(servers: Iterable[ServerFacts], remarks: Iterable[str] | None = None) -> str:
    """Return servers as a sentence lists them, each with its remark, or with its trouble in DRS's words."""
    known = list(servers)
    said = [server.trouble for server in known] if remarks is None else list(remarks)
    return listed(
        f"{server.server}: {words}" if words else str(server.server)
        for server, words in zip(known, said, strict=True)
    )
