"""Processes: only our own are ever signalled, and all of them end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from launcher import processes
from launcher.processes import Child, exit_code, last_lines, start, stop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SLEEP = "import time; print('up', flush=True); time.sleep(600)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP
POLITE = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('bye'), sys.exit(0))); " + SLEEP
PARENT = f"import subprocess, sys; child = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]); "


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Give a way to start a Python program and wait for its first line; all are gone afterwards."""
    begun: list[Child] = []

    def start_and_wait(program: str, *, end_together: bool = False) -> Child:
        log = tmp_path / f"{len(begun)}.log"
        command = ["python", "-c", program]
        begun.append(start("it", command, env=os.environ, log=log, end_together=end_together))
        while "\n" not in log.read_text() and begun[-1].running:
            time.sleep(0.01)
        return begun[-1]

    yield start_and_wait
    stop(begun, grace=0)


def test_a_child_is_asked_to_end_and_may_tidy_up(begin: Callable[..., Child], tmp_path: Path) -> None:
    """SIGTERM first."""
    child = begin(POLITE)
    stop([child])
    assert not child.running
    assert (tmp_path / "0.log").read_text() == "up\nbye\n"


def test_a_child_that_does_not_listen_is_killed_after_the_grace(begin: Callable[..., Child]) -> None:
    """Nobody waits for ever."""
    child = begin(DEAF)
    stop([child], grace=0.2)
    assert not child.running


def test_what_a_child_has_started_ends_with_it(begin: Callable[..., Child]) -> None:
    """Also what it would have left behind."""
    child = begin(PARENT + SLEEP)
    _, grandchild = sorted(child.session(), key=lambda process: process.create_time())
    stop([child])
    assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE


def test_what_a_dead_child_left_is_found_and_ended(begin: Callable[..., Child]) -> None:
    """A component that was killed leaves orphans, whose parent is somebody else by now."""
    child = begin(PARENT + SLEEP)
    _, orphan = sorted(child.session(), key=lambda process: process.create_time())
    os.kill(child.pid, 9)
    os.waitpid(child.pid, 0)
    assert orphan.is_running()
    stop([child])
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_session_that_ends_together_is_asked_together(begin: Callable[..., Child], tmp_path: Path) -> None:
    """The grandchild hears of it from us, not from its parent."""
    parent = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {POLITE!r}]).wait()"
    child = begin(parent, end_together=True)
    stop([child])
    assert (tmp_path / "0.log").read_text() == "up\nbye\n"


def test_a_pid_that_is_somebody_elses_by_now_is_left_alone() -> None:
    """After a crash the recorded pid may belong to anything; the time it began tells them apart."""
    with subprocess.Popen([sys.executable, "-c", SLEEP], start_new_session=True) as bystander:
        began = psutil.Process(bystander.pid).create_time()
        stale = Child(name="it", pid=bystander.pid, started=began - 1, end_together=True)
        assert not stale.running
        assert stale.session() == []
        stop([stale], grace=0.1)
        assert bystander.poll() is None
        bystander.kill()


def test_stopping_twice_is_stopping_once(begin: Callable[..., Child]) -> None:
    """The second time there is nothing to do."""
    child = begin(SLEEP)
    stop([child])
    stop([child])
    assert not child.running


def test_a_record_survives_the_disk(begin: Callable[..., Child]) -> None:
    """Times of start are compared for equality, so not a digit may be lost."""
    child = begin(SLEEP)
    assert Child.model_validate_json(child.model_dump_json()).running


@pytest.mark.parametrize(("program", "code"), [("print(1)", 0), ("print(1); raise SystemExit(3)", 3)])
def test_how_a_child_ended_is_reported(begin: Callable[..., Child], program: str, code: int) -> None:
    """None while it runs, then its exit code."""
    child = begin("import time; print(0, flush=True); time.sleep(0.3); " + program)
    assert exit_code(child) is None
    while child.running:
        time.sleep(0.01)
    assert exit_code(child) == code


def test_an_interrupt_in_the_terminal_does_not_reach_children(begin: Callable[..., Child]) -> None:
    """They are stopped in order, by us: each is in a session of its own."""
    child = begin(SLEEP)
    assert os.getpgid(child.pid) != os.getpgrp()


def test_the_last_lines_are_the_end_of_a_log(tmp_path: Path) -> None:
    """Whatever bytes are in it; a log that was never written is no error."""
    log = tmp_path / "log"
    assert last_lines(log) == "(it wrote nothing)"
    log.write_bytes(b"\xff\n" + b"".join(b"line %d\n" % number for number in range(50)))
    assert last_lines(log, lines=2) == "line 48\nline 49"


def test_programs_are_those_of_this_environment() -> None:
    """Not whatever `python` or `airflow` the PATH has."""
    assert {command[0] for command in processes.PROGRAMS.values()} == {sys.executable}


def test_what_a_process_writes_is_for_its_owner_alone(begin: Callable[..., Child], tmp_path: Path) -> None:
    """Its log, and every file and folder it makes; whatever the mask of the shell is."""
    written = tmp_path / "written"
    before = os.umask(0)
    try:
        begin(f"from pathlib import Path; p = Path({str(written)!r}); p.mkdir(); (p / 'x').touch(); {SLEEP}")
    finally:
        os.umask(before)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "0.log", written, written / "x")]
    assert modes == [0o600, 0o700, 0o600]
