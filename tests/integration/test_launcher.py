"""Starting and stopping for real: what is left of a start cut short, and what a running stack listens on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from launcher import postgres
from launcher.home import Home
from launcher.stack import Stack
from launcher.state import read_state

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.stack

INCLUDE = Path(__file__).parents[2] / "include"
START = """
import signal
import sys
from pathlib import Path
from launcher.signals import as_exceptions
from launcher.stack import Stack

# Programs that a shell starts in the background ignore Ctrl-C, and pass that on
signal.signal(signal.SIGINT, signal.default_int_handler)
with as_exceptions():
    Stack(Path(sys.argv[1])).start()
"""


def processes_of(home: Path) -> list[psutil.Process]:
    """Return every process of this machine that works in a home."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            at_home = process.environ().get("AIRFLOW_HOME") == str(home) or str(home) in " ".join(
                process.cmdline()
            )
            if at_home and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def listening(process: psutil.Process) -> set[tuple[str, int]]:
    """Return where a process listens; nowhere, if it has just ended."""
    with suppress(psutil.NoSuchProcess):
        connections = process.net_connections("inet")
        return {tuple(one.laddr) for one in connections if one.status == psutil.CONN_LISTEN}
    return set()


@pytest.fixture
def starter(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Give a process that starts a stack in ``tmp_path``, as far as Airflow's tables."""
    command = [sys.executable, "-c", START, str(tmp_path)]
    with subprocess.Popen(command, env={"PYTHONPATH": str(INCLUDE), "PATH": "/usr/bin:/bin"}) as process:
        while not (state := read_state(Home(tmp_path))) or len(state.children) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        yield process
        process.kill()
    Stack(tmp_path).stop()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "terminated"])
def test_a_start_that_is_interrupted_leaves_nothing(
    starter: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals
) -> None:
    """Neither PostgreSQL, nor local AWS, nor the migration that runs just then."""
    assert processes_of(tmp_path)
    starter.send_signal(number)
    assert starter.wait(60) != 0
    assert processes_of(tmp_path) == []
    assert read_state(Home(tmp_path)) is None


def test_what_a_killed_start_left_is_found_and_stopped(
    starter: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Nothing of it could tidy up, so the next command does."""
    starter.kill()
    starter.wait()
    assert postgres.is_running(Home(tmp_path).database)
    assert Stack(tmp_path).stop()
    assert processes_of(tmp_path) == []


def test_everything_listens_on_this_machine_only(stack: Stack) -> None:
    """Airflow and local AWS on 127.0.0.1, with Celery Redis too; PostgreSQL on no port at all."""
    state = read_state(stack.home)
    assert state
    members = [process for child in state.children for process in child.session()]
    found = {
        address for process in [*members, *processes_of(stack.home.path)] for address in listening(process)
    }
    assert found == {("127.0.0.1", port) for port in stack.layout.ports.values()}
    assert {state.airflow_port, state.aws_port} <= set(stack.layout.ports.values())


def test_nothing_in_a_home_is_open_to_others(stack: Stack) -> None:
    """Secrets, passwords, logs, state and snapshots of a stack that runs: files 0600, folders 0700.

    Under root PostgreSQL runs as a user of its own, who has to pass through the home, and sees nothing there.
    """
    home = stack.home
    not_ours = {home.path / "plans", home.path / "dags", home.database}
    mine = [
        path
        for path in home.path.rglob("*")
        if not path.is_symlink() and not not_ours & {path, *path.parents}
    ]
    assert {home.logs, home.lock, home.shell} <= set(mine)
    assert [path for path in mine if path.stat().st_mode & 0o077] == []
    assert home.path.stat().st_mode & 0o066 == 0
