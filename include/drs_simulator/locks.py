"""Serialises requests per service.

moto locks nothing between a condition and its write, so under concurrent clients conditional writes are not
atomic and acknowledged writes vanish. One lock per service makes each request atomic.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from threading import Lock, RLock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = {"drs": "ec2"}
"""Services that work on the state of another one: recovery instances are EC2 instances."""


class ServiceLocks:
    """A lock per service, made when first asked for."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._locks: dict[str, RLock] = {}

    @contextmanager
    def hold(self, service: str) -> Iterator[None]:
        """Keep all other requests to this service waiting."""
        with self._guard:
            lock = self._locks.setdefault(SHARED.get(service, service), RLock())
        with lock:
            yield

    @contextmanager
    def hold_all(self) -> Iterator[None]:
        """Keep all requests to all services waiting."""
        with self._guard, ExitStack() as stack:
            for service in sorted(self._locks):
                stack.enter_context(self._locks[service])
            yield
