"""Who may move a wave from which status to which: the table of writers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recovery.errors import TransitionRefused
from recovery.execution.enums import WaveStatus as W
from recovery.execution.enums import Writer

if TYPE_CHECKING:
    from recovery.execution.models import WaveRecord

MOVES: dict[Writer, dict[W, frozenset[W]]] = {
    Writer.OPEN: {},
    Writer.APPROVE: {
        W.PENDING: frozenset({W.PAUSED}),
        W.PAUSED: frozenset({W.CANCELLED}),
    },
    Writer.START_RECOVERY: {
        W.PENDING: frozenset({W.STARTED, W.FAILED}),
        W.PAUSED: frozenset({W.STARTED, W.FAILED}),
        W.STARTED: frozenset({W.FAILED}),
    },
    Writer.SENSOR: {
        W.STARTED: frozenset({W.POLLING, W.COMPLETED, W.PARTIAL, W.FAILED, W.TIMED_OUT}),
        W.POLLING: frozenset({W.COMPLETED, W.PARTIAL, W.FAILED, W.TIMED_OUT}),
    },
    Writer.COMPLETE: {
        W.PENDING: frozenset({W.SKIPPED}),
        W.PAUSED: frozenset({W.SKIPPED, W.CANCELLED}),
        W.STARTED: frozenset({W.CANCELLED, W.FAILED}),
        W.POLLING: frozenset({W.CANCELLED, W.FAILED}),
    },
}


def may_move(writer: Writer, before: W, after: W) -> bool:
    """Whether a writer may move a wave from one status to the other; staying is no move."""
    return before == after or after in MOVES[writer].get(before, frozenset())


def check_move(writer: Writer, wave: WaveRecord, after: W) -> None:
    """Raise TransitionRefused unless the writer may move the wave there."""
    if may_move(writer, wave.status, after):
        return
    allowed = ", ".join(sorted(MOVES[writer].get(wave.status, frozenset()))) or "nothing"
    raise TransitionRefused(
        f"{writer} may not move wave {wave.wave_name!r} from {wave.status} to {after}; allowed: {allowed}"
    )
