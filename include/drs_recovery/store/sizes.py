"""How large an item is as DynamoDB counts it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item

MOST_BYTES = 400_000
"""Of an item, names and values together: DynamoDB takes 400 KB."""

_OVERHEAD = 3
"""Bytes of a list or a map with any content, and then one for each element."""

_LONGEST_NUMBER = 21


def item_size(item: Item) -> int:
    """Return the bytes of an item: its names in UTF-8, and its values."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def _value_size(value: object) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bool) or value is None:
        return 1
    if isinstance(value, int | Decimal):
        return _number_size(value)
    if isinstance(value, bytes | bytearray):
        return len(value)
    if isinstance(value, Mapping):
        return (
            _OVERHEAD + len(value) + sum(len(name.encode()) + _value_size(of) for name, of in value.items())
        )
    if isinstance(value, list | tuple):
        return _OVERHEAD + len(value) + sum(map(_value_size, value))
    raise TypeError(f"{value!r} is nothing that an item of ours holds")


def _number_size(number: int | Decimal) -> int:
    """Return one byte for every two digits, one more, and one for a sign."""
    digits = len(Decimal(number).as_tuple().digits)
    return min(digits // 2 + 2 + (number < 0), _LONGEST_NUMBER)
