"""Starts again whatever ends, at once, as Compose's `restart: unless-stopped` does."""

from __future__ import annotations

import time
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Self

import psutil

from launcher import processes
from launcher.components import COMPONENTS
from launcher.state import locked, read_state

if TYPE_CHECKING:
    from launcher.components import Component
    from launcher.processes import Child
    from launcher.stack import Stack

LOOK_EVERY = 0.2
ORPHANS_LIVE = 15.0
"""Seconds that what a killed component had started lives on: in a container not at all, on a host longer."""


class Supervisor:
    """Watches over the components of Airflow of a running stack."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.restarts: dict[str, int] = {}
        self._orphans: list[tuple[float, Child]] = []
        self._lock = Lock()
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="supervisor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._end_orphans(everyone=True)

    def child(self, name: str) -> Child:
        """Return the process of a component as it is now."""
        state = read_state(self.stack.home)
        return next(child for child in reversed(state.children if state else ()) if child.name == name)

    def kill(self, name: str, *, whole: bool) -> Child | None:
        """Kill -9 a component, its main process alone or all that it started too; None if it is down."""
        child = self.child(name)
        if not child.running:
            return None
        for process in child.session():
            if whole or process.pid == child.pid:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        return child

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            for component in COMPONENTS:
                child = self.child(component.name)
                if not child.running:
                    self._again(component, child)
            self._end_orphans()

    def _again(self, component: Component, dead: Child) -> None:
        with locked(self.stack.home):
            state = read_state(self.stack.home)
            if state is None:
                return
            with suppress(ChildProcessError):
                processes.exit_code(dead)
            child = processes.start(
                component.name,
                component.command,
                env=self.stack.env,
                log=self.stack.home.log(component.name),
                end_together=component.end_together,
            )
            state.without(dead).with_child(child).write(self.stack.home)
        self.restarts[component.name] = self.restarts.get(component.name, 0) + 1
        with self._lock:
            self._orphans.append((time.monotonic() + ORPHANS_LIVE, dead))

    def _end_orphans(self, *, everyone: bool = False) -> None:
        with self._lock:
            due = [child for when, child in self._orphans if everyone or time.monotonic() > when]
            self._orphans = [(when, child) for when, child in self._orphans if child not in due]
        for child in due:
            for process in orphaned(child):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def orphaned(child: Child) -> list[psutil.Process]:
    """Return what is left of the session of a process that is gone."""
    return [process for process in child.session() if process.pid != child.pid]


def busy_workers(child: Child) -> dict[str, psutil.Process]:
    """Return the processes of a scheduler that watch over a task that runs, by the task instance's id."""
    found = {}
    for process in child.session():
        with suppress(psutil.Error):
            title = " ".join(process.cmdline()).strip()
            _, ours, task = title.partition("airflow worker -- LocalExecutor: ")
            if ours and task and task != "<idle>":
                found[task] = process
    return found
