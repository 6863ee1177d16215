"""What became of the servers of a wave that is started."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.parting import Held
    from drs_recovery.record.server_record import ServerRecord


class Refusal(NamedTuple):
    """Servers that were not started, for good, and why."""

    servers: tuple[str, ...]
    reason: str


@dataclass
class Outcome:
    """What became of the servers of a wave: the jobs that have them, and those without a job."""

    job_ids: list[str] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)
    waits: list[Held] = field(default_factory=list)

    @property
    def refused(self) -> dict[str, list[str]]:
        """The servers that are not to be tried again, by why."""
        by_reason: dict[str, list[str]] = {}
        for refusal in self.refusals:
            by_reason.setdefault(refusal.reason, []).extend(refusal.servers)
        return by_reason


def held_text(servers: Sequence[ServerRecord], held: Held) -> str:
    """Return who waits, as a text for people."""
    labels = {server.source_server_id: server.label for server in servers}
    waits = "waits" if len(held.servers) == 1 else "wait"
    return f"{listed(labels.get(server, server) for server in held.servers)} {waits}"
