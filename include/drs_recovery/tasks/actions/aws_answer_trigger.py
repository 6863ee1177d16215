"""A trigger that asks AWS how something stands until that has changed: waiting is data."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

INTERVAL = 5.0
"""Seconds between two looks."""


class AwsAnswerTrigger(BaseTrigger):
    """Yields the first value, at a place in AWS's answer, that is none of those to wait through.

    What AWS refuses is asked again: the time-out of the deferral ends it.

    :param look: client, operation, and arguments of the call.
    :param path: place of the value in the answer, by the keys and indexes that lead to it.
    :param through: values that are waited through; no value is one of them.
    """

    def __init__(
        self,
        *,
        aws_conn_id: str | None,
        region_name: str | None,
        look: list[Any],
        path: list[str | int],
        through: list[str],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.aws_conn_id, self.region_name = aws_conn_id, region_name
        self.look, self.path, self.through = look, path, through

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Return the import path and the arguments that make this trigger again in any triggerer."""
        names = ("aws_conn_id", "region_name", "look", "path", "through")
        return f"{type(self).__module__}.{type(self).__qualname__}", {
            name: getattr(self, name) for name in names
        }

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Yield one event with the value, and not before a task that was just parked has let go."""
        await asyncio.sleep(settings().hold_seconds)
        while True:
            try:
                async for value in self._values():
                    yield TriggerEvent({"status": value})  # type: ignore[no-untyped-call]
                    return
            except Exception as error:  # noqa: BLE001 - any: it is asked again
                self.log.warning("%s cannot be asked now: %s", self.look[1], error)
            await asyncio.sleep(INTERVAL)

    async def _values(self) -> AsyncIterator[str]:
        service, operation, arguments = self.look
        hook: Any = QuickHook(aws_conn_id=self.aws_conn_id, region_name=self.region_name, client_type=service)
        async with await hook.get_async_conn() as client:
            while True:
                value = _found(await getattr(client, operation)(**arguments), self.path)
                if value is not None and value not in self.through:
                    yield value
                await asyncio.sleep(INTERVAL)


def _found(answer: Any, path: list[str | int]) -> Any:
    """Return the value at a place of an answer; None where there is none yet."""
    try:
        for key in path:
            answer = answer[key]
    except LookupError:
        return None
    return answer
