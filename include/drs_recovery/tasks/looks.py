"""Looks of a trigger that fail for long: a log of the triggerer is no place where people would see that."""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.base import now

if TYPE_CHECKING:
    from drs_recovery.store.async_store import AsyncExecutionStore

log = logging.getLogger(__name__)

TOLD_AFTER = 30.0
"""Seconds for which looks fail in a row before the trail tells of it: a hiccup is no news, a right that is
missing is."""


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
        """Tell the audit trail, once, when looks have failed for long; what cannot be told is told later."""
        self._since = self._since or time.monotonic()
        if self._recorded or time.monotonic() - self._since < TOLD_AFTER:
            return
        event = Event.model_validate(
            {"actor": "triggerer"}
            | self._about
            | {
                "type": EventType.LOOK_FAILED,
                "time": now(),
                "detail": f"{self._what}: {error}",
                "once": "|".join(map(str, (EventType.LOOK_FAILED, self._what, *self._about.values()))),
            }
        )
        with suppress(Exception):  # the look itself goes on, whatever the table says
            await store.run(append_event(self._execution_id, event))
            self._recorded = True
