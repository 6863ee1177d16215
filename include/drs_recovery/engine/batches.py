"""How the servers of a wave are cut into batches, each of which is one job.

A batch is a number and its servers. Both stand in its intent, and no number ever stands for other servers:
whoever comes after a crash cuts the same batches of the same servers, and whoever finds others, since DRS
says other things of them by then, or comes beside another start, is refused by the record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.record.models import WaveRecord


class Cut(NamedTuple):
    """A batch that may be announced."""

    number: int
    servers: tuple[str, ...]


def cut(wave: WaveRecord, servers: Sequence[str], size: int) -> list[Cut]:
    """Return the batches of servers that no live intent of the attempt has.

    Servers that were refused together are sent together again, under their number, the smallest batches
    first: what was parted stays parted. All others get new numbers.
    """
    free, known = set(servers), []
    for intent in sorted(wave.attempt_intents, key=lambda intent: (len(intent.servers), intent.batch)):
        if intent.refusal and len(intent.servers) <= size and free.issuperset(intent.servers):
            known.append(Cut(intent.batch, intent.servers))
            free.difference_update(intent.servers)
    rest = [server for server in servers if server in free]
    new = [tuple(rest[first : first + size]) for first in range(0, len(rest), size)]
    numbered = [Cut(number, part) for number, part in enumerate(new, next_number(wave))]
    return sorted([*known, *numbered])


def next_number(wave: WaveRecord) -> int:
    """Return the first number that stands for no batch of the attempt yet."""
    return max((intent.batch for intent in wave.attempt_intents), default=-1) + 1
