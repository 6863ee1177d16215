"""Starting processes, and waiting until they do their work."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from launcher import processes
from launcher.errors import StartFailed
from launcher.layout import Instance

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from launcher.home import Home
    from launcher.processes import Child
    from launcher.progress import Progress
    from launcher.state import State

LIMIT = 180.0
LOOK_EVERY = 0.1

Probe = Callable[[], bool]


class Starting:
    """The processes of one start. One that dies ends the start, with the end of its log.

    Each is on disk before the next begins, so that the next start finds what a killed one left.
    """

    def __init__(self, home: Home, env: Mapping[str, str], state: State, progress: Progress) -> None:
        self.home = home
        self.env = env
        self.state = state.write(home)
        self.progress = progress
        self._one_offs: set[str] = set()
        self._deadline = time.monotonic() + LIMIT

    def launch(self, name: str, command: Sequence[str]) -> Child:
        """Start a process that is to last."""
        return self._launch(Instance(name, tuple(command)))

    def launch_all(self, instances: Iterable[Instance]) -> None:
        """Start processes that are to last, each with what it has of its own."""
        for one in instances:
            self._launch(one)

    def _launch(self, instance: Instance) -> Child:
        self.progress.begin(instance.name)
        child = instance.start(self.env, self.home.log(instance.name))
        self.state = self.state.with_child(child).write(self.home)
        return child

    def one_off(self, name: str, command: Sequence[str]) -> Probe:
        """Start a process that does one thing and ends; returns the probe for its end."""
        child = self.launch(name, command)
        self._one_offs.add(name)

        def is_done() -> bool:
            code = processes.exit_code(child)
            if code:
                raise self._died(child, code)
            if code is not None:
                self.state = self.state.without(child).write(self.home)
            return code is not None

        return is_done

    def wait(self, probes: Mapping[str, Probe]) -> None:
        """Return when every probe has answered yes once."""
        waiting = dict(probes)
        for name in waiting:
            self.progress.begin(name)
        while waiting:
            for name in [name for name, is_there in probes.items() if name in waiting and is_there()]:
                self.progress.ready(name)
                del waiting[name]
            self._check_processes(waiting)
            self.progress.show(waiting)
            time.sleep(LOOK_EVERY if waiting else 0)

    def _check_processes(self, waiting: Collection[str]) -> None:
        for child in self.state.children:
            if child.name not in self._one_offs and not child.running:
                raise self._died(child, processes.exit_code(child))
        if waiting and time.monotonic() > self._deadline:
            logs = "\n".join(f"  {log}" for name in waiting for log in self._logs(name))
            raise StartFailed(
                f"still not ready after {LIMIT:.0f} s: {', '.join(waiting)}. Their logs:\n{logs}"
            )

    def _logs(self, name: str) -> list[Path]:
        """Return the logs of all copies of a part, or where that of one would be."""
        copies = [one.name for one in self.state.children if one.name.rstrip("0123456789") == f"{name}-"]
        return [self.home.log(one) for one in copies or [name]]

    def _died(self, child: Child, code: int | None) -> StartFailed:
        log = self.home.log(child.name)
        text = "\n".join(f"  | {line}" for line in processes.last_lines(log).splitlines())
        return StartFailed(f"{child.name} ended with exit code {code}. The end of {log}:\n{text}")
