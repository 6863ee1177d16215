"""What is killed comes back, and what it leaves is ended."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from launcher import processes
from launcher.home import Home
from launcher.layout import Instance
from launcher.state import State
from tests.airflow_rest import until
from tests.chaos import supervisor as module
from tests.chaos.supervisor import Supervisor, busy_workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CODE = """
import os, subprocess, sys, time
print(os.environ.get("OWN"), flush=True)
from setproctitle import setproctitle
task = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
setproctitle("%s")
time.sleep(60)
"""
TASK = "0199-some-task"
LOCAL = CODE % f"airflow worker -- LocalExecutor: {TASK}"
CELERY = CODE % f"airflow supervisor: {TASK}"
OVER = "\n".join(line for line in CELERY.splitlines() if not line.startswith("task ="))
SLEEPER = Instance("sleeper", ("python", "-c", LOCAL), env={"OWN": "its own"})


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A home in which one process runs that has a child of its own."""

    class Stack:
        home = Home(tmp_path)
        env = dict(os.environ)  # noqa: RUF012 - a process without any cannot have a title
        instances = (SLEEPER,)

    monkeypatch.setattr(module, "ORPHANS_LIVE", 0.5)
    Stack.home.make()
    child = SLEEPER.start(Stack.env, tmp_path / "log")
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
        until("what it is told", lambda: "its own" in stack.home.log("sleeper").read_text())
        until("nothing left", lambda: not any(map(psutil.Process.is_running, children)))
    assert supervisor.restarts == {"sleeper": 1}


def test_what_is_down_cannot_be_killed(stack: Any) -> None:
    """A kill that hits nothing is no fault."""
    supervisor = Supervisor(stack)
    processes.stop([supervisor.child("sleeper")], grace=5)
    assert supervisor.kill("sleeper", whole=True) is None


def test_what_is_to_be_away_for_a_while_is(stack: Any) -> None:
    """As Redis that takes its time."""
    with Supervisor(stack) as supervisor:
        killed = time.monotonic()
        before = supervisor.kill("sleeper", whole=True, down=0.6)
        until("another process", lambda: supervisor.child("sleeper") != before)
        assert time.monotonic() - killed >= 0.6


def test_all_copies_of_a_component_are_known(stack: Any) -> None:
    """By their names, and none of another whose name begins alike."""
    names = ("api-server-1", "api-server-2", "scheduler", "scheduler-1", "schedulers")
    stack.instances = tuple(Instance(name, ()) for name in names)
    supervisor = Supervisor(stack)
    assert supervisor.copies("api-server") == ["api-server-1", "api-server-2"]
    assert supervisor.copies("scheduler") == ["scheduler", "scheduler-1"]
    assert supervisor.copies("worker") == []


@pytest.mark.parametrize("code", [LOCAL, CELERY], ids=["local", "celery"])
def test_workers_are_known_by_their_title(stack: Any, tmp_path: Path, code: str) -> None:
    """Airflow writes the task instance's id there."""
    child = processes.start("busy", ("python", "-c", code), env=stack.env, log=tmp_path / "busy.log")
    try:
        workers = until("its title", lambda: busy_workers(child))
        assert {task: process.pid for task, process in workers.items()} == {TASK: child.pid}
    finally:
        processes.stop([child], grace=0)


def test_a_worker_of_celery_whose_task_is_over_is_not_busy(stack: Any, tmp_path: Path) -> None:
    """It keeps the title of the last."""
    child = processes.start("over", ("python", "-c", OVER), env=stack.env, log=tmp_path / "over.log")
    try:
        process = psutil.Process(child.pid)
        until("its title", lambda: " ".join(process.cmdline()).strip() == f"airflow supervisor: {TASK}")
        assert busy_workers(child) == {}
    finally:
        processes.stop([child], grace=0)
