"""Following an execution to its end, as a picture on a terminal or line by line elsewhere."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from rich.live import Live

from drs_recovery.cli.lines import changes
from drs_recovery.cli.progress import Canvas, picture

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from drs_recovery.cli.approver import Approver
    from drs_recovery.cli.screen import Screen
    from drs_recovery.cli.watcher import Watcher
    from drs_recovery.report.snapshot import Snapshot

INTERVAL = 1.0
"""Seconds between two reads of the record."""


class View(Protocol):
    """Shows snapshots as they come."""

    def show(self, snapshot: Snapshot) -> None:
        """Show one more."""


class LinesView(AbstractContextManager["LinesView"]):
    """A line per change, for logs and pipes."""

    def __init__(self, screen: Screen) -> None:
        self.console = screen.progress
        self._before: Snapshot | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def show(self, snapshot: Snapshot) -> None:
        """Print what changed."""
        for line in changes(self._before, snapshot):
            self.console.print(line, soft_wrap=True)
        self._before = snapshot


class LiveView(AbstractContextManager["LiveView"]):
    """A picture that is redrawn in place, and removed at the end."""

    def __init__(self, screen: Screen) -> None:
        self._console = screen.progress
        self._live = Live(console=self._console, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, snapshot: Snapshot) -> None:
        """Draw the snapshot, as much of it as the screen has room for."""
        self._live.update(picture(snapshot, Canvas.of(self._console, live=True)))


def view_for(screen: Screen) -> LinesView | LiveView:
    """Return the view that fits where progress is shown."""
    return LiveView(screen) if screen.progress.is_terminal else LinesView(screen)


def follow(
    watcher: Watcher, view: View, approver: Approver | None = None, interval: float = INTERVAL
) -> Snapshot:
    """Show an execution until it has finished; return the last snapshot."""
    while True:
        snapshot = watcher.look()
        if approver is not None:
            snapshot = approver.act(snapshot)
        view.show(snapshot)
        if snapshot.finished:
            return snapshot
        time.sleep(interval)
