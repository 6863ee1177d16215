"""Child processes that may outlive their parent, and are never mistaken for others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil
from pydantic import BaseModel, ConfigDict

from launcher.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

GRACE = 15.0
ONLY_OURS = 0o077
"""The mask of every process: what it writes is only for the user who started the stack."""
PROGRAMS = {"python": (sys.executable,), "airflow": (sys.executable, "-m", "airflow")}


class Child(BaseModel):
    """A process that we started, in a session of its own.

    A pid alone is not enough: after a crash it may be another process. Pid and start time are unique.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    started: float
    end_together: bool = False
    """Whether all processes of its session are asked to end, not it alone."""

    @property
    def running(self) -> bool:
        """Whether it still runs."""
        with suppress(psutil.NoSuchProcess):
            process = psutil.Process(self.pid)
            return process.create_time() == self.started and not _ended(process)
        return False

    def session(self) -> list[psutil.Process]:
        """Return what runs in its session: itself, and what it started, even if it is gone itself.

        The system reuses no pid while a session has that id: if the pid is another process, nothing is left.
        """
        with suppress(psutil.NoSuchProcess):
            if psutil.Process(self.pid).create_time() != self.started:
                return []
        return [process for process in psutil.process_iter() if _session_id(process.pid) == self.pid]


def start(
    name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path, end_together: bool = False
) -> Child:
    """Start a program, its output appended to a log."""
    program, *arguments = command
    log.touch(mode=~ONLY_OURS & 0o666)
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*PROGRAMS.get(program, (program,)), *arguments],
            env=env,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches only the launcher, which stops the children in order
            start_new_session=True,
            umask=ONLY_OURS,
        )
    process.returncode = 0  # `exit_code` or `stop` waits for it; `make up` leaves it running
    born = psutil.Process(process.pid).create_time()
    return Child(name=name, pid=process.pid, started=born, end_together=end_together)


def exit_code(child: Child) -> int | None:
    """Return the exit code of a child of this process, as a shell gives it; None while it runs."""
    if child.running:
        return None
    _, status = os.waitpid(child.pid, os.WNOHANG)
    return os.waitstatus_to_exitcode(status)


def stop(children: Collection[Child], *, grace: float = GRACE) -> None:
    """End children: ask each, and after the grace kill what is left of their sessions."""
    asked = [process for child in children for process in _to_ask(child)]
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _await_end(asked, grace)
    left = [process for child in children for process in child.session()]
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _await_end(left, grace)


def last_lines(log: Path, lines: int = 15) -> str:
    """Return the last lines of a log."""
    written = log.read_text(errors="replace").splitlines() if log.exists() else []
    return "\n".join(written[-lines:]) or "(it wrote nothing)"


def _to_ask(child: Child) -> list[psutil.Process]:
    everyone = child.session()
    return everyone if child.end_together else [process for process in everyone if process.pid == child.pid]


def _await_end(processes: Collection[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not all(map(_ended, processes)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for process in processes:
        with suppress(ChildProcessError):
            os.waitpid(process.pid, os.WNOHANG)


def _ended(process: psutil.Process) -> bool:
    """Whether a process has ended, also if its parent did not wait for it, as is common in a container."""
    with suppress(psutil.NoSuchProcess):
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    return True


def _session_id(pid: int) -> int | None:
    with suppress(OSError):
        return os.getsid(pid)
    return None
