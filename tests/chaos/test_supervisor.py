"""What is killed comes back, and what it leaves is ended."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from launcher import processes
from launcher.components import Component
from launcher.home import Home
from launcher.state import State
from tests.airflow_rest import until
from tests.chaos import supervisor as module
from tests.chaos.supervisor import Supervisor, busy_workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = """
import subprocess, sys, time
from setproctitle import setproctitle
task = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
setproctitle("airflow worker -- " + "LocalExecutor: 0199-some-task")
time.sleep(60)
"""
SLEEPER = Component("sleeper", ("python", "-c", CODE), "sleeper")


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A home in which one component runs that has a child of its own."""

    class Stack:
        home = Home(tmp_path)
        env = dict(os.environ)  # noqa: RUF012 - a process without any cannot have a title

    monkeypatch.setattr(module, "COMPONENTS", (SLEEPER,))
    monkeypatch.setattr(module, "ORPHANS_LIVE", 0.5)
    Stack.home.make()
    child = processes.start("sleeper", SLEEPER.command, env=Stack.env, log=tmp_path / "log")
    State(airflow_port=1, aws_port=1).with_child(child).write(Stack.home)
    until("its child", lambda: len(child.session()) == 2)
    yield Stack
    processes.stop([Supervisor(Stack).child("sleeper")], grace=5)  # type: ignore[arg-type]


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "main_process_alone"])
def test_what_is_killed_is_started_again(stack: Any, whole: bool) -> None:
    """And on disk, so that whoever stops the stack finds it; what the killed one left ends soon."""
    with Supervisor(stack) as supervisor:
        before = supervisor.child("sleeper")
        children = [process for process in before.session() if process.pid != before.pid]
        assert supervisor.kill("sleeper", whole=whole) == before
        until("another process", lambda: supervisor.child("sleeper") != before)
        assert supervisor.child("sleeper").running
        until("nothing left", lambda: not any(map(psutil.Process.is_running, children)))
    assert supervisor.restarts == {"sleeper": 1}


def test_what_is_down_cannot_be_killed(stack: Any) -> None:
    """A kill that hits nothing is no fault."""
    supervisor = Supervisor(stack)
    processes.stop([supervisor.child("sleeper")], grace=5)
    assert supervisor.kill("sleeper", whole=True) is None


def test_workers_are_known_by_their_title(stack: Any) -> None:
    """Airflow writes the task instance's id there."""
    child = Supervisor(stack).child("sleeper")
    workers = until("its title", lambda: busy_workers(child))
    assert {task: process.pid for task, process in workers.items()} == {"0199-some-task": child.pid}
