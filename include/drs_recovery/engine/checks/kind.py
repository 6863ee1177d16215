"""What is common to the kinds of checks: whom they look at, with what, and what they find."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from drs_recovery.aws.utils.errors import said

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook

LOOK_SECONDS = 5.0
"""A look at one server takes no longer: what has not answered by then did not."""

MOST_AT_ONCE = 200
"""Servers that are looked at together in one triggerer, by all waves: each takes a socket."""

NO_ADDRESS = "no private address is known yet"
NO_INSTANCE = "no recovery instance is known yet"


class Found(NamedTuple):
    """What a look found: whether it is as the check wants it, and a text."""

    passed: bool
    text: str


@dataclass(frozen=True)
class Subject:
    """Whom a check looks at, a launched server or the wave, and what its templates may name."""

    key: str
    instance_id: str | None
    address: str | None
    context: Mapping[str, Any]


class Reach:
    """What looks go through: a hook for the wave's account and Region, and room for so many at once."""

    _rooms: ClassVar[dict[asyncio.AbstractEventLoop, asyncio.Semaphore]] = {}

    def __init__(self, hook: DrsHook) -> None:
        self.hook = hook

    async def each(
        self, subjects: Sequence[Subject], look: Callable[[Subject], Awaitable[Found]]
    ) -> dict[str, Found]:
        """Look at each for itself, many at once; an error is what was found."""
        room = self._rooms.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(MOST_AT_ONCE))

        async def one(subject: Subject) -> Found:
            async with room:
                try:
                    async with asyncio.timeout(LOOK_SECONDS):
                        return await look(subject)
                except TimeoutError:
                    return Found(passed=False, text=f"no answer within {LOOK_SECONDS:.0f} seconds")
                except Exception as error:  # noqa: BLE001 - any: it is what was found
                    return Found(passed=False, text=said(error))

        found = await asyncio.gather(*map(one, subjects))
        return {subject.key: each for subject, each in zip(subjects, found, strict=True)}


def of_instances(subjects: Sequence[Subject], found: Callable[[str], Found]) -> dict[str, Found]:
    """Return what was found of the instance of each; one whose instance is not known is not well."""
    return {
        one.key: found(one.instance_id) if one.instance_id else Found(passed=False, text=NO_INSTANCE)
        for one in subjects
    }
