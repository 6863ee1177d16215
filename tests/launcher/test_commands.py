"""``python -m launcher``: exit codes and what a person is shown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from launcher import up
from launcher.__main__ import main
from launcher.environment import ROOT
from launcher.home import Home
from launcher.processes import start, stop
from launcher.settings import read_settings
from launcher.state import State, read_state

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLEEP = ("python", "-c", "import time; time.sleep(600)")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Give the home of `make up`, elsewhere."""
    monkeypatch.setattr(up, "HOME", tmp_path)
    home = Home(tmp_path)
    home.make()
    return home


@pytest.fixture
def running(home: Home) -> Iterator[State]:
    """Give what `make up` leaves behind, with one process for all."""
    child = start("scheduler", SLEEP, env=os.environ, log=home.log("scheduler"))
    yield State(airflow_port=18080, aws_port=15555, children=(child,), ready=True).write(home)
    stop([child], grace=0)


def test_up_beside_itself_says_so_and_changes_nothing(
    home: Home, running: State, capsys: pytest.CaptureFixture[str]
) -> None:
    """With address, users and passwords again, which is what one wants to know then."""
    assert main(["up"]) == 0
    output = capsys.readouterr().out
    assert "Already running." in output
    assert "http://127.0.0.1:18080" in output
    for user, password in json.loads(next(home.path.glob("*.generated")).read_text()).items():
        assert user in output
        assert password in output
    assert read_state(home) == running


@pytest.mark.usefixtures("running")
def test_up_with_another_executor_than_that_which_runs_is_refused(
    home: Home, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would look as if the other were running."""
    before = read_state(home)
    monkeypatch.setenv("EXECUTOR", "celery")
    assert main(["up"]) == 2
    said = capsys.readouterr().err
    assert "EXECUTOR=celery: what runs here was started with EXECUTOR=local. Stop it first: make down" in said
    assert read_state(home) == before


def test_passwords_and_addresses_are_whole_on_a_narrow_screen(
    home: Home, running: State, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The terminal breaks the lines; nothing is cut short."""
    monkeypatch.setenv("COLUMNS", "8")
    assert main(["up"]) == 0
    output = capsys.readouterr().out
    passwords = json.loads(next(home.path.glob("*.generated")).read_text())
    for word in (*passwords, *passwords.values(), "http://127.0.0.1:18080", "http://127.0.0.1:15555"):
        assert word in output


def test_down_stops_it_and_a_second_time_has_nothing_to_stop(
    running: State, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both succeed."""
    assert [main(["down"]), main(["down"])] == [0, 0]
    assert capsys.readouterr().out.splitlines() == ["Stopped.", "Nothing is running."]
    assert running.ended == ["scheduler"]


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("AIRFLOW_PORT", "http", "valid integer"),
        ("AIRFLOW_PORT", "70000", "less than or equal to 65535"),
        ("LOCAL_AWS_PORT", "-1", "greater than or equal to 0"),
        ("LOCAL_AWS_SPEED", "warp", "allowed are 'immediate', 'real'"),
        ("EXECUTOR", "dask", "Input should be 'local' or 'celery'"),
    ],
)
def test_a_setting_that_is_wrong_is_reported_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    variable: str,
    value: str,
    allowed: str,
) -> None:
    """Name, value and what is allowed, on stderr; usage is exit code 2."""
    monkeypatch.setenv(variable, value)
    assert main(["up"]) == 2
    output = capsys.readouterr().err
    assert f"make up: {variable}={value}: " in output
    assert allowed in output


def test_the_ports_and_speed_are_those_of_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow on 8080, local AWS on 5555, a minute a second."""
    for variable in ("AIRFLOW_PORT", "LOCAL_AWS_PORT", "LOCAL_AWS_SPEED", "EXECUTOR"):
        monkeypatch.delenv(variable, raising=False)
    settings = read_settings()
    assert settings.executor == "local"
    assert (settings.airflow_port, settings.local_aws_port, settings.local_aws_speed) == (8080, 5555, "60")


ROWS = {
    "socks": ({"ALL_PROXY": "socks5://me:s3cret@127.0.0.1:9"}, "down", 0, "Nothing is running."),
    "a profile that is not there": ({"AWS_PROFILE": "nobody"}, "down", 0, "Nothing is running."),
    "no width": ({"COLUMNS": "0", "LINES": "²"}, "down", 0, "Nothing is running."),
    "letters that the screen lacks": ({"PYTHONIOENCODING": "ascii"}, "down", 0, "Nothing is running."),
    "an empty port": ({"AIRFLOW_PORT": ""}, "down", 0, "Nothing is running."),
    "no port": ({"AIRFLOW_PORT": "http"}, "up", 2, "AIRFLOW_PORT=http"),
    "a speed of letters": ({"LOCAL_AWS_SPEED": "fast"}, "up", 2, "LOCAL_AWS_SPEED=fast"),
}


@pytest.mark.parametrize(("env", "command", "code", "text"), ROWS.values(), ids=ROWS)
def test_what_people_have_gets_a_line_and_an_exit_code(
    tmp_path: Path, env: dict[str, str], command: str, code: int, text: str
) -> None:
    """Each as a process: what keeps the person from other machines keeps nobody from their own."""
    ran = launch(tmp_path, command, env)
    assert ran.returncode == code, ran.stderr
    assert text in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_checkout_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """Where the home would be is something else: a line, and nothing started."""
    (tmp_path / "home").write_text("kept")
    ran = launch(tmp_path, "down", {})
    assert ran.returncode in {1, 2}
    assert "make down: " in ran.stderr
    assert "Traceback" not in ran.stderr
    assert (tmp_path / "home").read_text() == "kept"


def launch(folder: Path, command: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command of the launcher as a process, with a home of its own."""
    program = (
        "import runpy, sys; from pathlib import Path; import launcher.up; "
        "launcher.up.HOME = Path(sys.argv.pop(1)) / 'home'; runpy.run_module('launcher', run_name='__main__')"
    )
    known = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")}
    return subprocess.run(
        [sys.executable, "-c", program, str(folder), command],
        env=known | env,
        capture_output=True,
        text=True,
        check=False,
    )
