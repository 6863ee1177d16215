"""Work that goes on in a thread of its own for the length of a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from threading import Event, Thread
from typing import Self


class Background(ABC):
    """Runs ``_go_on`` beside a block; after the block it sets ``_stop``, and waits for the end."""

    def __init__(self) -> None:
        self._stop = Event()
        self._thread = Thread(target=self._go_on, name=type(self).__name__.lower(), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @abstractmethod
    def _go_on(self) -> None:
        """Work until ``_stop`` is set."""
