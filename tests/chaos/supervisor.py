"""Starts again whatever ends, at once, as Compose's `restart: unless-stopped` does."""

from __future__ import annotations

import re
import time
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

import psutil

from launcher import processes
from launcher.state import locked, read_state
from tests.background import Background

if TYPE_CHECKING:
    from launcher.layout import Instance
    from launcher.processes import Child
    from launcher.stack import Stack

LOOK_EVERY = 0.2
LOCAL = re.compile(r"airflow worker -- LocalExecutor: (\S+)")
CELERY = re.compile(r"airflow supervisor: (\S+)")
"""The titles of what watches over a task."""

ORPHANS_LIVE = 15.0
"""Seconds that what a killed component had started lives on: in a container not at all, on a host longer."""


RUN_TASKS = ("scheduler", "worker")
"""How the names of processes begin that may run tasks."""


class Supervisor(Background):
    """Watches over the processes of a running stack that last."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.restarts: dict[str, int] = {}
        self._orphans: list[tuple[float, Child]] = []
        self._not_before: dict[str, float] = {}
        self._lock = Lock()
        super().__init__()

    def __exit__(self, *ended: object) -> None:
        super().__exit__(*ended)
        self._end_orphans(everyone=True)

    def child(self, name: str) -> Child:
        """Return the process of a component as it is now."""
        state = read_state(self.stack.home)
        return next(child for child in reversed(state.children if state else ()) if child.name == name)

    def copies(self, component: str) -> list[str]:
        """Return the names of all copies of a component."""
        names = [one.name for one in self.stack.instances]
        return [name for name in names if name == component or name.startswith(f"{component}-")]

    def all_run(self) -> bool:
        """Whether no process is down."""
        return all(self.child(one.name).running for one in self.stack.instances)

    def busy(self) -> dict[str, psutil.Process]:
        """Return what watches over a task that runs, of the whole stack, by the task instance's id."""
        children = [self.child(name) for part in RUN_TASKS for name in self.copies(part)]
        return {task: process for child in children for task, process in busy_workers(child).items()}

    def kill(self, name: str, *, whole: bool, down: float = 0) -> Child | None:
        """Kill -9 a process, alone or with all that it started; None if it is down.

        It is started again after so many seconds.
        """
        child = self.child(name)
        if not child.running:
            return None
        self._not_before[name] = time.monotonic() + down
        for process in child.session():
            if whole or process.pid == child.pid:
                with suppress(psutil.NoSuchProcess):
                    process.kill()
        return child

    def _go_on(self) -> None:
        while not self._stop.wait(LOOK_EVERY):
            for instance in self.stack.instances:
                child = self.child(instance.name)
                if not child.running and time.monotonic() >= self._not_before.get(instance.name, 0):
                    self._again(instance, child)
            self._end_orphans()

    def _again(self, instance: Instance, dead: Child) -> None:
        with locked(self.stack.home):
            state = read_state(self.stack.home)
            if state is None:
                return
            with suppress(ChildProcessError):
                processes.exit_code(dead)
            child = instance.start(self.stack.env, self.stack.home.log(instance.name))
            state.without(dead).with_child(child).write(self.stack.home)
        self.restarts[instance.name] = self.restarts.get(instance.name, 0) + 1
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
    """Return the processes of a scheduler, or a worker, that watch over a task, by the task instance's id."""
    found = {}
    for process in child.session():
        with suppress(psutil.Error):
            title = " ".join(process.cmdline()).strip()
            if (local := LOCAL.fullmatch(title)) and local[1] != "<idle>":
                found[local[1]] = process
            # A worker of Celery keeps the title when its task is over
            if (celery := CELERY.fullmatch(title)) and process.children():
                found[celery[1]] = process
    return found
