"""What a stack does with its home, short of starting; the start itself is tested with the running stack."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import psutil
import pytest

from launcher import processes
from launcher.environment import ROOT
from launcher.processes import Child
from launcher.stack import Stack, count_plans
from launcher.state import State, locked, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from launcher.home import Home

SLEEP = ("python", "-c", "import time; time.sleep(600)")


@pytest.fixture
def child(home: Home) -> Iterator[Child]:
    """Give a process that runs."""
    running = processes.start("scheduler", SLEEP, env=os.environ, log=home.log("scheduler"))
    yield running
    processes.stop([running], grace=0)


def remember(home: Home, *children: Child) -> None:
    """Put processes on record."""
    State(airflow_port=1, aws_port=2, children=children, ready=True).write(home)


def test_stopping_where_nothing_runs_does_nothing(tmp_path: Path) -> None:
    """And says so, as often as it is asked."""
    assert [Stack(tmp_path).stop() for _ in range(2)] == [False, False]


def test_what_another_command_started_is_stopped(home: Home, child: Child) -> None:
    """`make down` is not the process that ran `make up`."""
    remember(home, child)
    assert Stack(home.path).stop()
    assert not child.running
    assert read_state(home) is None
    assert not Stack(home.path).stop()


def test_a_state_left_by_a_crash_is_cleared_and_nobody_else_is_touched(home: Home, child: Child) -> None:
    """Pids that are gone, and a pid that is somebody else's by now."""
    others = child.model_copy(update={"started": child.started - 60})
    gone = Child(name="triggerer", pid=max(psutil.pids()) + 1, started=1.0)
    remember(home, others, gone)
    assert Stack(home.path).stop()
    assert child.running
    assert read_state(home) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"children": 1}'], ids=["empty", "cut", "list", "other"])
def test_a_state_that_cannot_be_read_is_none(home: Home, text: str) -> None:
    """As an older version, or a full disk, may have left it."""
    home.state.write_text(text)
    assert read_state(home) is None
    assert not Stack(home.path).stop()


def test_what_has_ended_is_named(home: Home, child: Child) -> None:
    """So that `make up` can tell why it starts again."""
    gone = Child(name="triggerer", pid=max(psutil.pids()) + 1, started=1.0)
    assert State(airflow_port=1, aws_port=2, children=(child, gone)).ended == ["triggerer"]


def test_a_pid_file_of_postgresql_left_by_a_crash_harms_nobody(home: Home, child: Child) -> None:
    """Its pid may be anybody's: PostgreSQL is known by its data folder."""
    home.database.mkdir()
    (home.database / "postmaster.pid").write_text(f"{child.pid}\n{home.database}\n")
    assert not Stack(home.path).stop()
    assert child.running


def test_a_home_is_started_or_stopped_by_one_command_at_a_time(home: Home) -> None:
    """Two `make up` at once would take each other's ports and processes."""
    with locked(home), home.lock.open("w") as second, pytest.raises(BlockingIOError):
        fcntl.flock(second, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with locked(home):
        pass


def test_plans_are_counted_as_the_loader_makes_dags_of_them(tmp_path: Path) -> None:
    """One DAG per stem, valid or not; hidden files and others are none."""
    for name in ("a.yaml", "b.yml", "b.yaml", ".hidden.yaml", "schema.json"):
        (tmp_path / name).touch()
    assert count_plans(tmp_path) == 2
    assert count_plans(tmp_path / "missing") == 0


def test_other_plans_stand_beside_a_copy_of_the_loader(home: Home, tmp_path: Path) -> None:
    """A plan written there is one that Airflow sees; the loader finds plans beside itself."""
    plans = tmp_path / "mine"
    plans.mkdir()
    stack = Stack(home.path, plans=plans)
    for dags in (stack.dags(), stack.dags()):
        (plans / "new.yaml").touch()
        assert (dags / "plans" / "new.yaml").exists()
        assert (dags / "recovery_plans.py").read_text() == (ROOT / "dags/recovery_plans.py").read_text()


def test_without_plans_of_its_own_a_stack_runs_those_of_the_project(home: Home) -> None:
    """Edited there, seen at once."""
    assert Stack(home.path).dags() == ROOT / "dags"
