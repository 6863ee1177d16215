"""Intents beside the record: the servers of each, and those of attempts that have finished.

The record itself holds the intents of each wave's current attempt, with how many servers each is for: the
conditional write of the record is what makes a start happen once. Records of earlier releases hold the
servers, and the intents of all attempts, in the record; they stay there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import RecordUnreadable, TransitionRefused
from drs_recovery.record.intent import Intent
from drs_recovery.store.expressions import Put
from drs_recovery.store.own_items import put_ids, read_ids
from drs_recovery.store.passed_over import log_it
from drs_recovery.store.requests import get, query_items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drs_recovery.record.models import Execution
    from drs_recovery.store.requests import StoreProgram

PREFIX = "INTENT#"


def intent_item(number: int, intent: Intent) -> str:
    """Return the range key of an intent whose attempt has finished."""
    return f"{wave_prefix(number)}{intent.attempt:03}#{intent.batch:03}#{intent.intent_id}"


def wave_prefix(number: int) -> str:
    """Return what the range keys of a wave's intents begin with."""
    return f"{PREFIX}{number:03}#"


def put_servers(execution_id: str, intent: Intent) -> StoreProgram[Intent]:
    """Put the servers of an intent in an item of their own; return it as the record is to hold it."""
    name = yield from put_ids(execution_id, intent.servers)
    return intent.replace(servers=(), server_count=len(intent.servers), servers_item=name)


def with_servers(execution_id: str, intents: Iterable[Intent]) -> StoreProgram[list[Intent]]:
    """Return intents with their servers, from their own items too; a shared list is read once."""
    read: dict[str, tuple[str, ...]] = {}
    found = []
    for intent in intents:
        name = intent.servers_item
        if intent.servers or name is None:
            found.append(intent)
            continue
        if name not in read:
            read[name] = yield from read_ids(execution_id, name)
        found.append(intent.replace(servers=read[name]))
    return found


def with_known_servers(execution_id: str, intents: Iterable[Intent]) -> StoreProgram[list[Intent]]:
    """Return intents with their servers; one whose list cannot be read stays without, and hides no other."""
    found = []
    for intent in intents:
        try:
            found += yield from with_servers(execution_id, [intent])
        except RecordUnreadable as error:
            log_it(str(error))
            found.append(intent)
    return found


def keep_past(execution_id: str, number: int, intents: Iterable[Intent]) -> StoreProgram[None]:
    """Put intents that leave the record, each with what became of it; a job is never forgotten again."""
    for intent in intents:
        put = Put(execution_id, intent_item(number, intent))
        same = [put.equal(("jobId",), intent.job_id)] if intent.job_id else []
        put.require(put.either(put.absent("jobId"), *same))
        yield put.request(intent.to_item())


def past_intents(execution_id: str, number: int | None = None) -> StoreProgram[dict[int, list[Intent]]]:
    """Read the intents of attempts that have finished, by wave number, in the order of attempt and batch.

    One that cannot be read hides no other.
    """
    items = yield from query_items(execution_id, PREFIX if number is None else wave_prefix(number))
    found: dict[int, list[Intent]] = {}
    for item in items:
        try:
            intent, wave = Intent.from_item(item), int(item["item"].split("#")[1])
        except (RecordUnreadable, ValueError) as error:
            log_it(str(error))
            continue
        found.setdefault(wave, []).append(intent)
    return found


def find_intent(execution: Execution, number: int, intent: Intent) -> StoreProgram[Intent]:
    """Return an intent as it is on record, of any attempt; TransitionRefused if it is not."""
    wave = execution.wave(number)
    for known in wave.intents:
        if known.intent_id == intent.intent_id:
            return known
    item = yield from get(execution.execution_id, intent_item(number, intent))
    if item is not None:
        return Intent.from_item(item)
    raise TransitionRefused(
        f"wave {wave.wave_name!r} holds no intent {intent.intent_id} (attempt {intent.attempt}, "
        f"batch {intent.batch}): it must be on record before StartRecovery is sent"
    )
