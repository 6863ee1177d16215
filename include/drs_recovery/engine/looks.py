"""Looks of a trigger that fail for long: an event, since nobody reads the log of the triggerer."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from drs_recovery.clock import now as utc_now
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from drs_recovery.store.async_store import AsyncExecutionStore

log = logging.getLogger(__name__)

RECORDED_AFTER_SECONDS = 30.0
"""Looks must fail in a row for so long before it is an event: a hiccup is none, a missing right is."""


class FailingLooks:
    """Looks at one thing on behalf of an execution, and since when they have failed.

    :param what: what is looked at, and what goes unseen meanwhile, as a sentence begins.
    """

    def __init__(self, execution_id: str, what: str, **about: int | str | None) -> None:
        self._execution_id = execution_id
        self._what = what
        self._about = about
        self._since: float | None = None
        self._recorded = False

    def worked(self) -> None:
        """Forget what failed before."""
        self._since, self._recorded = None, False

    async def failed(self, error: object, store: AsyncExecutionStore) -> None:
        """Append one event when looks have failed for long; again later where it cannot be written."""
        self._since = self._since or time.monotonic()
        if self._recorded or time.monotonic() - self._since < RECORDED_AFTER_SECONDS:
            return
        event = Event.model_validate(
            {"actor": "triggerer"}
            | self._about
            | {
                "type": EventType.LOOK_FAILED,
                "time": utc_now(),
                "detail": f"{self._what}: {error}",
                "once": "|".join(map(str, (EventType.LOOK_FAILED, self._what, *self._about.values()))),
            }
        )
        with suppress(Exception):  # the look itself goes on, even where the table refuses
            await store.run(append_event(self._execution_id, event))
            self._recorded = True
