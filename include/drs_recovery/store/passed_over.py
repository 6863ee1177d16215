"""What cannot be read hides nothing else: it is passed over, and reported."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from drs_recovery.errors import RecordUnreadable

if TYPE_CHECKING:
    from drs_recovery.store.requests import Item

T = TypeVar("T")

logger = logging.getLogger(__name__)

PassedOver = Callable[[str], object]
"""Gets a text for each item that cannot be read."""


def log_it(text: str) -> None:
    """Leave it to the log that an item cannot be read."""
    logger.warning("passed over: %s", text)


def readable(items: Iterable[Item], read: Callable[[Item], T], passed_over: PassedOver) -> list[T]:
    """Return what items hold, in order; ``read`` raises RecordUnreadable for one that is passed over."""
    found = []
    for item in items:
        try:
            found.append(read(item))
        except RecordUnreadable as error:
            passed_over(str(error))
    return found
