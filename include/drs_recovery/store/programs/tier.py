"""What ``recovery tier`` writes: the tier of an execution that runs, and of its waves that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import EventType, Writer
from drs_recovery.record.events import Event
from drs_recovery.record.tier import USUAL_TIER
from drs_recovery.store.changes import change
from drs_recovery.store.queue import QueueKey, set_tier
from drs_recovery.store.requests import now
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram


def change_tier(execution_id: str, tier: int, by: str, reason: str) -> StoreProgram[Execution]:
    """Write the tier, for the waves to come, and then give it to those that wait already."""
    at = yield from now()
    was: list[int] = []

    def alter(execution: Execution) -> Execution:
        was.append(execution.tier or USUAL_TIER)
        return execution.replace(tier=tier)

    changed = yield from change(execution_id, Writer.TIER, alter)
    detail = f"from tier {was[-1]} to {tier}: {reason}"
    event = Event(type=EventType.TIER_CHANGED, time=at, actor=by, detail=detail)
    yield from append_event(execution_id, event)
    for wave in changed.execution.open_waves:
        account, region = changed.execution.account_of(wave), changed.execution.region_of(wave)
        if account and region:
            yield from set_tier(QueueKey(account, region), (execution_id, wave.wave_number), tier)
    return changed.execution
