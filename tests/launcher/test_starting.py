"""A start that fails says why, and which log to read."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from launcher import processes
from launcher.errors import StartFailed
from launcher.home import Home
from launcher.progress import Progress
from launcher.starting import Starting
from launcher.state import State, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEP = ("python", "-c", "import time; time.sleep(600)")


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Starting]:
    """Give a start in an empty home."""
    home = Home(tmp_path)
    home.make()
    begun = Starting(home, os.environ, State(airflow_port=1, aws_port=2), Progress())
    yield begun
    processes.stop(begun.state.children, grace=0)


def test_a_component_that_dies_ends_the_start_with_its_last_lines(starting: Starting) -> None:
    """Name, exit code, log and the end of it, though something else is waited for."""
    starting.launch("scheduler", ("python", "-c", "print('no such table'); raise SystemExit(3)"))
    with pytest.raises(StartFailed) as failed:
        starting.wait({"plans": lambda: False})
    message = str(failed.value)
    assert "scheduler ended with exit code 3" in message
    assert str(starting.home.log("scheduler")) in message
    assert "  | no such table" in message


def test_an_errand_that_fails_ends_the_start_with_its_last_lines(starting: Starting) -> None:
    """As a migration that cannot reach the database."""
    done = starting.one_off("tables", ("python", "-c", "print('no database'); raise SystemExit(1)"))
    with pytest.raises(StartFailed, match=r"tables ended with exit code 1[^|]*\| no database"):
        starting.wait({"tables": done})


def test_an_errand_that_ends_well_is_ready_and_no_longer_on_record(starting: Starting) -> None:
    """Its process is gone, so nobody is to look for it."""
    starting.wait({"tables": starting.one_off("tables", ("python", "-c", ""))})
    assert starting.state.children == ()
    assert read_state(starting.home) == starting.state


def test_a_process_is_on_disk_as_soon_as_it_runs(starting: Starting) -> None:
    """Whoever comes after a start that was killed finds it."""
    child = starting.launch("scheduler", SLEEP)
    on_disk = read_state(starting.home)
    assert on_disk
    assert on_disk.children == (child,)
    assert not on_disk.ready


def test_what_does_not_come_is_named_with_its_log(
    starting: Starting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for ever."""
    starting.launch("scheduler", SLEEP)
    monkeypatch.setattr(starting, "_deadline", time.monotonic())
    with pytest.raises(StartFailed) as failed:
        starting.wait({"scheduler": lambda: False, "triggerer": lambda: True})
    assert "still not ready after 180 s: scheduler." in str(failed.value)
    assert str(starting.home.log("scheduler")) in str(failed.value)
