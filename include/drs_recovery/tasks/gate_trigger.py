"""The trigger of a gate: it wakes the gate when its execution has ended or lost its plan, as nobody else can.

Answers do not pass through here: Airflow resumes a deferred gate itself when somebody answers it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk.timezone import utcnow
from airflow.triggers.base import TriggerEvent

from drs_recovery.engine.looks import FailingLooks
from drs_recovery.settings import settings
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.tasks.connections import table_hook
from drs_recovery.tasks.listener import hear
from drs_recovery.tasks.log_lines import carry_execution

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

STOPPED = "stopped"
"""``error_type`` of the event that wakes a gate because its execution goes on to no other wave."""

UNSEEN = (
    "A gate waits and can be answered, but the record cannot be looked at: neither the end of the execution "
    "nor a RECOVERY that takes its plan ends the gate"
)
"""The event of looks that have failed for long."""


class GateWatch:
    """The look at the records of all executions whose gates wait in this process: one for all of them.

    The first gate that finds the last look too old takes the next one, and the others use what it saw.
    """

    _shared: ClassVar[dict[asyncio.AbstractEventLoop, GateWatch]] = {}

    def __init__(self) -> None:
        self._waiting: Counter[str] = Counter()
        self._looking = asyncio.Lock()
        self._looked = float("-inf")
        self._stopped: set[str] = set()
        self._error: Exception | None = None

    @classmethod
    def shared(cls) -> GateWatch:
        """Return the watch of the running event loop."""
        return cls._shared.setdefault(asyncio.get_running_loop(), cls())

    @contextmanager
    def watching(self, execution_id: str) -> Iterator[None]:
        """Look at this execution too for the length of the block."""
        self._waiting[execution_id] += 1
        try:
            yield
        finally:
            self._waiting[execution_id] -= 1
            self._waiting += Counter()  # which drops those that nobody waits for any more
            if not self._waiting:
                self._shared.pop(asyncio.get_running_loop(), None)

    async def stopped(self, execution_id: str) -> bool:
        """Whether the execution was stopped at the last look, which is never older than ``gate_seconds``.

        A look that failed has failed for all gates, not only for the one that took it.
        """
        async with self._looking:
            now = asyncio.get_running_loop().time()
            if now - self._looked >= settings().gate_seconds * 0.9:  # they do not wake at the very same time
                self._looked = now
                self._error = await self._read_stopped()
        if self._error is not None:
            raise self._error
        return execution_id in self._stopped

    async def _read_stopped(self) -> Exception | None:
        try:
            async with _open_store() as store:
                self._stopped = await store.stopped(self._waiting)
        except Exception as error:  # noqa: BLE001 - any: it is raised in each gate
            return error
        return None


@asynccontextmanager
async def _open_store() -> AsyncIterator[AsyncExecutionStore]:
    async with await table_hook().get_async_conn() as client:  # type: ignore[no-untyped-call]
        yield AsyncExecutionStore(client, settings().table, listener=hear)


class GateTrigger(HITLTrigger):
    """Waits for what is no answer: the end of the gate's time, and that its execution is stopped.

    It looks for an answer once, after the hold: one that came while the task was being parked resumed
    nothing. No trouble ends it, and Airflow's own time-out of the deferral stands behind it.

    :param execution_id: the execution whose record is watched.
    :param attempt: of the wave, for the log.
    """

    def __init__(self, *, execution_id: str, attempt: int = 1, **kwargs: Any) -> None:
        # The gate checks the form itself and asks again: here it is not known, so that any answer passes
        super().__init__(**{"options": [], "params": {}, **kwargs})
        self.execution_id = execution_id
        self.attempt = attempt
        self._answer_sought = False
        self._unseen = FailingLooks(execution_id, UNSEEN)

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        arguments: dict[str, Any] = {
            "execution_id": self.execution_id,
            "ti_id": self.ti_id,
            "timeout_datetime": self.timeout_datetime,
        }
        if self.attempt > 1:  # the release before does not know it, and most gates need it not
            arguments["attempt"] = self.attempt
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event: an answer that came early, the time-out, or that the execution is stopped."""
        task_id = self.task_instance.task_id if self.task_instance else None
        carry_execution(self.execution_id, task_id, self.attempt)
        await asyncio.sleep(settings().hold_seconds)
        watch = GateWatch.shared()
        with watch.watching(self.execution_id):
            event = await self._next_event(watch)
            while event is None:
                await asyncio.sleep(self._pause_seconds)
                event = await self._next_event(watch)
        yield event

    async def _next_event(self, watch: GateWatch) -> TriggerEvent | None:
        """Return the event if there is one; one look that fails keeps no other from seeing something."""
        for look in (self._time_out, self._early_answer, partial(self._stopped_event, watch)):
            try:
                if event := await look():
                    return event
            except Exception as error:  # noqa: BLE001 - any: the gate waits on
                self.log.warning("The gate cannot be looked after, but answered: %s", error)
        return None

    async def _time_out(self) -> TriggerEvent | None:
        return await self._handle_timeout() if self._seconds_left <= 0 else None

    async def _early_answer(self) -> TriggerEvent | None:
        if self._answer_sought:
            return None
        answer: TriggerEvent | None = await self._handle_response()  # type: ignore[no-untyped-call]
        self._answer_sought = True
        return answer

    async def _stopped_event(self, watch: GateWatch) -> TriggerEvent | None:
        try:
            stopped = await watch.stopped(self.execution_id)
        except Exception as error:
            with suppress(Exception):  # a table that is away takes no event either
                async with _open_store() as store:
                    await self._unseen.failed(error, store)
            raise
        self._unseen.worked()
        if not stopped:
            return None
        payload = {"error": "its execution is stopped", "error_type": STOPPED}
        return TriggerEvent(payload)  # type: ignore[no-untyped-call]

    @property
    def _seconds_left(self) -> float:
        """Seconds of the gate's time that are left."""
        if self.timeout_datetime is None:
            return float("inf")
        return (self.timeout_datetime - utcnow()).total_seconds()

    @property
    def _pause_seconds(self) -> float:
        every = settings().gate_seconds
        return min(every, self._seconds_left) if self._seconds_left > 0 else every
