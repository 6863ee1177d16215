"""How large an item is, counted as DynamoDB counts it, and how large any of ours can be."""

from __future__ import annotations

from decimal import Decimal

import pytest
from botocore.exceptions import ClientError

from drs_recovery.record.models import execution_id
from drs_recovery.record.texts import text_name
from drs_recovery.store.fitting import BUDGETS, CLEAN_UP_BUDGETS, fitted, record_size
from drs_recovery.store.frozen import Frozen, put_frozen, read_frozen, read_plan
from drs_recovery.store.intents import intent_item
from drs_recovery.store.lock import Lock
from drs_recovery.store.own_items import MOST_CHARACTERS, MOST_IDS
from drs_recovery.store.queries import read_execution
from drs_recovery.store.sizes import MOST_BYTES, item_size
from tests.recovery.execution import largest
from tests.recovery.execution.stored import START


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"a": "bc"}, 3),
        ({"ü": "🌍"}, 6),
        ({"a": True, "b": None}, 4),
        ({"a": 0}, 3),
        ({"a": 27}, 4),
        ({"a": -27}, 5),
        ({"a": Decimal(123456)}, 6),
        ({"a": 10**37 + 1}, 22),
        ({"a": b"12345"}, 6),
        ({"a": []}, 4),
        ({"a": ["bc", "d"]}, 9),
        ({"a": {"b": "cd"}}, 8),
    ],
    ids=[
        "text",
        "letters of several bytes",
        "true and null",
        "zero",
        "digits",
        "sign",
        "decimal",
        "long number",
        "bytes",
        "empty list",
        "list",
        "map",
    ],
)
def test_an_item_is_as_large_as_dynamodb_says(item, size):
    """Names and values in UTF-8, two digits a byte, three bytes a list or map and one for each element."""
    assert item_size(item) == size


def test_what_is_no_value_of_an_item_has_no_size():
    """A set or an object would be counted as nothing."""
    with pytest.raises(TypeError, match="nothing that an item of ours holds"):
        item_size({"a": {1, 2}})


def test_what_we_take_for_too_large_dynamodb_does_not_take(world):
    """The local one too: it counts less overhead, and its limit is a little higher."""
    key = {"executionId": "size", "item": "SIZE"}
    room = MOST_BYTES - item_size(key | {"text": ""})
    for letters, taken in ((room, True), (room + 6000, False)):
        item = key | {"text": "x" * letters}
        assert (item_size(item) <= MOST_BYTES) == taken
        if taken:
            world.put(item)
            continue
        with pytest.raises(ClientError, match="Item size has exceeded the maximum allowed size"):
            world.put(item)


def keyed(item, range_key):
    return item_size(item | {"executionId": "e" * 36, "item": range_key})


LARGEST = {
    "EXECUTION": lambda: record_size(fitted(largest.execution()).execution),
    "SERVER": lambda: keyed(largest.server(99, 99).to_item(), "SERVER#099#s-0123456789abcdef0"),
    "EVENT": lambda: keyed(largest.event().to_item(), largest.event().key),
    "INTENT": lambda: keyed(
        (intent := largest.intents(99, 5, inline=True)[0]).to_item(), intent_item(99, intent)
    ),
    "IDS": lambda: keyed({"ids": ["s-0123456789abcdef0"] * MOST_IDS}, f"IDS#{'f' * 32}#000"),
    "TEXT": lambda: keyed({"text": largest.TEXT}, f"TEXT#{text_name(largest.TEXT)}"),
    "LONG": lambda: keyed({"text": largest.LETTER * MOST_CHARACTERS}, f"LONG#{'f' * 32}#000"),
    "LOCK": lambda: keyed(
        Lock(
            holder=execution_id("other", "r"),
            since=START,
            execution_type="DRILL",
            dag_run_id="r" * 250,
            requested_by=largest.USER,
        ).to_item(),
        f"PLAN#{'p' * 250}",
    ),
}


@pytest.mark.parametrize("kind", LARGEST)
def test_no_item_can_be_larger_than_dynamodb_takes(kind):
    """100 waves of 100 servers, 5 attempts, every text as long as any, every letter four bytes."""
    assert LARGEST[kind]() < MOST_BYTES


def test_nothing_of_the_largest_record_is_lost():
    """What the record has no room for is to be put beside it, and it is large: most of it."""
    execution = largest.execution()
    assert record_size(execution) > 4_000_000
    fits = fitted(execution)
    assert record_size(fits.execution) <= BUDGETS[0]
    assert sum(len(text.encode()) for text in fits.texts) > 3_900_000


def test_what_is_no_text_leaves_room_enough():
    """Names, ids, times and statuses of the largest record fit by themselves: it can always be written."""
    assert record_size(fitted(largest.execution(), 0).execution) < BUDGETS[0]


def test_a_clean_up_has_room_after_the_end():
    """What is final stays as it was written: a clean-up with its longest texts fits beside it."""
    ended = fitted(largest.execution(cleanup=None, cleanup_due=None)).execution
    after = ended.replace(cleanup=largest.cleanup())
    assert record_size(after) <= CLEAN_UP_BUDGETS[0]
    assert fitted(after, CLEAN_UP_BUDGETS[0]).execution == after


def test_the_largest_record_is_taken(world):
    """By DynamoDB itself, as it is written."""
    fits = fitted(largest.execution(), CLEAN_UP_BUDGETS[0]).execution
    world.put(fits.to_item() | {"item": "EXECUTION"})
    assert world.store.run(read_execution(fits.execution_id)) == fits


def test_ten_thousand_servers_and_a_long_plan_are_frozen(world):
    """No item holds them; one put still decides, and what was decided is read back whole."""
    world.opened()
    servers = [largest.server(wave, number) for wave in range(100) for number in range(100)]
    servers = [
        server.replace(hostname=f"host-{number}", name=f"app-{number}", error=None)
        for number, server in enumerate(servers)
    ]
    wanted = Frozen(plan=largest.LETTER * 200_000, servers=servers, minimum_launched={0: 99})
    run = world.store.run
    assert run(put_frozen(world.id, wanted))
    assert not run(put_frozen(world.id, wanted.replace(plan="another")))
    assert run(read_frozen(world.id)) == wanted
    assert world.store.run(read_plan(world.id)) == wanted.plan
    assert all(item_size(item) < MOST_BYTES for item in world.items())
