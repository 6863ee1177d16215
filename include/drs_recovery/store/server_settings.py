"""The items of launch settings: one for each server, and the order to put those of a drill back."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.errors import RecordUnreadable, TransitionRefused
from drs_recovery.record.base import iso
from drs_recovery.record.server_settings import PutBack, ServerSettings
from drs_recovery.store.passed_over import PassedOver, log_it
from drs_recovery.store.requests import Request, get, key, marshal, query_items

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item, StoreProgram

PREFIX = "LAUNCH#"

PUT_BACK = "PUT_BACK"
"""Range key of the order to put settings back; the sparse index of what is due has it by its own."""


def settings_item(wave_number: int, source_server_id: str) -> str:
    """Return the range key of a server's settings."""
    return f"{PREFIX}{wave_number:03}#{source_server_id}"


class Settings(NamedTuple):
    """The settings of servers on record, and by server why an item of theirs cannot be read."""

    readable: list[ServerSettings]
    unreadable: dict[str, str]


def read_settings(
    execution_id: str, wave_number: int | None = None, *, passed_over: PassedOver = log_it
) -> StoreProgram[list[ServerSettings]]:
    """Read the settings of an execution, or of one wave, consistently; one that cannot be read hides none."""
    settings = yield from read_all_settings(execution_id, wave_number)
    for why in settings.unreadable.values():
        passed_over(why)
    return settings.readable


def read_all_settings(execution_id: str, wave_number: int | None = None) -> StoreProgram[Settings]:
    """Read the same, with what cannot be read: nobody knows what was there before it was changed."""
    prefix = PREFIX if wave_number is None else settings_item(wave_number, "")
    found = Settings([], {})
    for item in (yield from query_items(execution_id, prefix)):
        try:
            found.readable.append(_settings(item))
        except RecordUnreadable as error:
            found.unreadable[str(item["item"]).rpartition("#")[2]] = str(error)
    return found


def _settings(item: Item) -> ServerSettings:
    settings = ServerSettings.from_item(item)
    if settings_item(settings.wave_number, settings.source_server_id) != item["item"]:
        raise RecordUnreadable(f"{item['item']} holds another server's settings")
    return settings


def write_settings(
    execution_id: str, settings: ServerSettings, before: ServerSettings | None
) -> StoreProgram[None]:
    """Write the settings of a server, if they are on record as they were ``before``; absent: not at all.

    TransitionRefused if somebody else wrote them: another start, or who puts them back.
    """
    item = settings_item(settings.wave_number, settings.source_server_id)
    if not (yield from _put(execution_id, item, settings.to_item(), _time(before))):
        raise TransitionRefused(
            f"execution {execution_id}: the launch settings of {settings.source_server_id} were written by "
            "another task meanwhile"
        )


def read_put_back(execution_id: str) -> StoreProgram[PutBack | None]:
    """Read how far it is that settings are put back; None where none were changed."""
    item = yield from get(execution_id, PUT_BACK)
    return None if item is None else PutBack.from_item(item)


def write_put_back(
    execution_id: str, put_back: PutBack, before: PutBack | None
) -> StoreProgram[PutBack | None]:
    """Write how far it is, if nobody wrote it since; None if somebody did."""
    item = put_back.to_item()
    written = yield from _put(execution_id, PUT_BACK, item, _time(before))
    return put_back if written else None


def _time(before: ServerSettings | PutBack | None) -> str | None:
    return iso(before.time) if before else None


def _put(execution_id: str, item: str, attributes: Item, time: str | None) -> StoreProgram[bool]:
    """Put an item in the place of one of that time, or of none; whether it was put, by this or before."""
    condition = "attribute_not_exists(executionId)" if time is None else "#time IN (:before, :now)"
    names = {} if time is None else {"ExpressionAttributeNames": {"#time": "time"}}
    values = {":before": time, ":now": attributes["time"]}
    answer = yield Request(
        "put_item",
        {
            "Item": marshal(attributes | key(execution_id, item)),
            "ConditionExpression": condition,
            **names,
            **({} if time is None else {"ExpressionAttributeValues": marshal(values)}),
        },
    )
    if answer is None and time is None:
        # Its own answer may have been lost, and the client have sent it again
        held = yield from get(execution_id, item)
        return held is not None and held.get("time") == attributes["time"]
    return answer is not None
