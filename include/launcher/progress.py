"""What a person sees while a stack starts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from launcher.console import Console

if TYPE_CHECKING:
    from collections.abc import Collection

WIDTH = 16


class Progress:
    """A line for each part that is ready, with its seconds, and a live one of what is waited for."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(quiet=True)
        self._since: dict[str, float] = {}
        self._status = self.console.status("")

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def begin(self, name: str) -> None:
        """Note that a part has begun to start, unless it had begun before."""
        self._since.setdefault(name, time.monotonic())

    def show(self, waiting: Collection[str]) -> None:
        """Show what is waited for, and for how long already."""
        now = time.monotonic()
        parts = [f"{name} {now - self._since.get(name, now):.0f} s" for name in waiting]
        self._status.update("waiting for " + ", ".join(parts))

    def ready(self, name: str) -> None:
        """Show that a part is ready."""
        seconds = time.monotonic() - self._since.get(name, time.monotonic())
        self.console.print(f"  [green]ready[/]  {name:{WIDTH}} {seconds:5.1f} s", highlight=False)
