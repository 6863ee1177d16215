"""How servers are named in what a check says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_recovery.tasks.preflight.facts import ServerFacts


def named(servers: Iterable[ServerFacts], remarks: Iterable[str] | None = None) -> str:
    """Return servers as a sentence lists them, each with its remark, or with its trouble in DRS's words."""
    known = list(servers)
    message = [server.trouble for server in known] if remarks is None else list(remarks)
    return listed(
        f"{server.server}: {text}" if text else str(server.server)
        for server, text in zip(known, message, strict=True)
    )
