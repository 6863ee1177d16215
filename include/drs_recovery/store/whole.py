"""An execution as people see it: with all that its record has no room for, from the items beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.store.fitting import filled
from drs_recovery.store.intents import past_intents
from drs_recovery.store.own_items import read_all_ids, read_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram


def read_whole(execution: Execution) -> StoreProgram[Execution]:
    """Return an execution with its texts in full, the intents of all attempts, and the servers of each."""
    past = yield from past_intents(execution.execution_id)
    ids = yield from read_all_ids(execution.execution_id)
    waves = []
    for wave in execution.waves:
        held = {intent.intent_id for intent in wave.intents}
        left = [intent for intent in past.get(wave.wave_number, ()) if intent.intent_id not in held]
        waves.append(wave.replace(intents=tuple(_filled(intent, ids) for intent in (*left, *wave.intents))))
    known = execution.cleanup
    cleanup = known and known.replace(
        instances=known.instances or ids.get(known.instances_item or "", ()),
        left=known.left or ids.get(known.left_item or "", ()),
    )
    texts = yield from read_texts(execution.execution_id)
    return filled(execution.replace(waves=tuple(waves), cleanup=cleanup), texts)


def _filled(intent: Intent, ids: Mapping[str, tuple[str, ...]]) -> Intent:
    return intent.replace(servers=intent.servers or ids.get(intent.servers_item or "", ()))
