"""The set-up of ``.venv/``, with interpreters that only pretend."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher import bootstrap
from launcher.bootstrap import Environment, SetUpError, choose_interpreter, run, set_up

ROOT = Path(__file__).parents[2]


def refusal(machine: Any) -> str:
    """Return why a machine cannot be set up."""
    with pytest.raises(SetUpError) as refused:
        set_up(machine.root)
    return str(refused.value)


def test_the_newest_fit_interpreter_is_taken(machine: Any) -> None:
    """Of several, the newest that the lock is made for; what `python3` is does not matter then."""
    machine.python("python3", "3.14.0")
    machine.python("python3.11", "3.11.4")
    newest = machine.python("python3.12", "3.12.1")
    assert choose_interpreter().path == str(newest)


def test_python3_will_do_when_it_is_fit(machine: Any) -> None:
    """No versioned name is needed."""
    only = machine.python("python3", "3.11.2")
    assert choose_interpreter().path == str(only)


def test_the_interpreter_that_is_named_is_taken(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHON goes before whatever is on the PATH."""
    machine.python("python3.13", "3.13.0")
    monkeypatch.setenv("PYTHON", str(machine.python("mine", "3.11.9")))
    assert choose_interpreter().version == "3.11.9"


def test_a_shim_that_refuses_is_passed_over(machine: Any) -> None:
    """Version managers put names on the PATH that answer with an error."""
    machine.program("python3.13", "#!/bin/sh\necho 'python3.13: command not found' >&2\nexit 127\n")
    fit = machine.python("python3.11", "3.11.7")
    assert choose_interpreter().path == str(fit)


@pytest.mark.parametrize("version", ["3.9.18", "3.10.13", "3.14.0"])
def test_no_fit_interpreter_names_what_was_found_and_what_is_allowed(machine: Any, version: str) -> None:
    """Too old and too new are both told, with path and version, and the way out."""
    found = machine.python("python3", version)
    message = refusal(machine)
    assert f"{found} is {version}" in message
    assert "Python 3.11, 3.12 or 3.13 is needed" in message
    assert "PYTHON=/path/to/python3.12" in message
    assert not (machine.root / ".venv").exists()


def test_no_interpreter_at_all_is_reported(machine: Any) -> None:
    """The names that were looked for are in the message."""
    assert "Looked for python3.13, python3.12, python3.11, python3, python and found none at all" in refusal(
        machine
    )


def test_a_missing_venv_module_is_reported_with_the_package_that_has_it(machine: Any) -> None:
    """Debian ships Python without venv."""
    machine.python("python3", "3.11.2", able="unable")
    assert "has no venv module" in refusal(machine)
    assert "apt install python3.11-venv" in refusal(machine)


def test_set_up_makes_the_environment_then_installs_uv_then_the_lock(
    machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step is shown before it is taken."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync", "uv pip install"]
    output = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[1] for line in output] == [
        "making",
        "installing",
        "installing",
        "installing",
        "done;",
    ]


def test_a_second_run_does_nothing_and_starts_nothing(
    machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even an interpreter is looked for."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    capsys.readouterr()
    (machine.programs / "python3.12").unlink()
    set_up(machine.root)
    assert machine.asked_for() == []
    assert capsys.readouterr().out == ""


def test_another_lock_is_installed_into_the_same_environment(machine: Any) -> None:
    """What changed is the lock, so the environment stays."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    (machine.root / "requirements-dev.txt").write_text(machine.lock + "zope==1\n")
    set_up(machine.root)
    assert machine.asked_for() == ["pip", "uv pip sync", "uv pip install"]


def test_a_checkout_that_was_moved_gets_a_new_environment(machine: Any) -> None:
    """Scripts in an environment hold the path of their interpreter."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    elsewhere = machine.root.rename(machine.root.with_name("elsewhere"))
    set_up(elsewhere)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync", "uv pip install"]


def test_another_airflow_has_an_environment_and_a_lock_of_its_own(machine: Any) -> None:
    """What is there for the pinned one stays as it is."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    (machine.root / "requirements").mkdir()
    (machine.root / "requirements/airflow-3.3.0.txt").write_text(machine.lock)
    set_up(machine.root, "3.3.0")
    assert machine.asked_for() == ["venv", "pip", "uv pip sync", "uv pip install"]
    assert Environment(machine.root, "3.3.0").path.name == ".venv-3.3.0"
    assert Environment(machine.root, "3.3.0").done
    assert Environment(machine.root).done


@pytest.mark.parametrize("asked", ["3.2.1", "../3.3.0", "3.3.0 3.3.2"])
def test_an_airflow_without_a_lock_is_refused_with_those_that_have_one(machine: Any, asked: str) -> None:
    """Before anything is made."""
    (machine.root / "requirements").mkdir()
    (machine.root / "requirements/airflow-3.3.0.txt").write_text(machine.lock)
    with pytest.raises(SetUpError) as refused:
        set_up(machine.root, asked)
    assert str(refused.value) == f"AIRFLOW={asked} has no lock. Allowed are: 3.3.0"
    assert not list(machine.root.glob(".venv*"))


def test_an_environment_whose_python_is_gone_is_made_again(machine: Any) -> None:
    """An upgrade of the system takes away what .venv/bin/python points to."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    (machine.root / ".venv/bin/python").unlink()
    set_up(machine.root)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync", "uv pip install"]


def test_a_set_up_that_failed_goes_on_at_the_next_run(machine: Any) -> None:
    """What says that all is done is written last, so half an installation is never taken for a whole one."""
    machine.python("python3.12", "3.12.1")
    machine.uv.write_text("#!/bin/sh\necho 'error: no route to host'\nexit 2\n")
    message = refusal(machine)
    assert "uv pip sync" in message
    assert "| error: no route to host" in message
    assert "HTTPS_PROXY" in message
    machine.asked_for()
    machine.uv.write_text("#!/bin/sh\nexit 0\n")
    set_up(machine.root)
    assert machine.asked_for() == ["pip", "uv pip sync", "uv pip install"]
    assert Environment(machine.root).done


def test_an_upgrade_that_failed_is_not_taken_for_done(machine: Any) -> None:
    """The old lock restored, the environment may still hold half of the new one."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    (machine.root / "requirements-dev.txt").write_text(machine.lock + "zope==1\n")
    machine.uv.write_text("#!/bin/sh\nexit 2\n")
    refusal(machine)
    (machine.root / "requirements-dev.txt").write_text(machine.lock)
    assert not Environment(machine.root).done


def test_only_the_last_lines_of_a_failure_are_shown() -> None:
    """The end of a long log says why; its exit code and the command stand beside."""
    with pytest.raises(SetUpError) as failed:
        run("trying", ["sh", "-c", "for i in $(seq 100); do echo line $i; done; exit 7"])
    message = str(failed.value)
    assert "exit code 7" in message
    assert "line 100" in message
    assert "line 50" not in message


def test_uv_is_installed_from_the_lock_with_its_hashes(machine: Any) -> None:
    """No other package whose name begins alike."""
    assert Environment(machine.root).pinned("uv") == machine.uv_entry.removesuffix(
        "    # via -r requirements-dev.in\n"
    )


def test_the_index_that_pip_is_set_to_is_passed_on_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv reads none of pip's settings; an index of its own goes first."""
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    assert (
        bootstrap.as_pip_is_configured(sys.executable)["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    )
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert bootstrap.as_pip_is_configured(sys.executable)["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_the_certificates_that_pip_trusts_are_passed_on_to_uv(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a company's own authority signs, pip.conf names its file; a file of uv's own goes first."""
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\ncert = /company/authority.pem\n")
    for name in ("SSL_CERT_FILE", "PIP_CERT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    assert bootstrap.as_pip_is_configured(sys.executable)["SSL_CERT_FILE"] == "/company/authority.pem"
    monkeypatch.setenv("PIP_CERT", "/mine/authority.pem")
    assert bootstrap.as_pip_is_configured(sys.executable)["SSL_CERT_FILE"] == "/mine/authority.pem"
    monkeypatch.setenv("SSL_CERT_FILE", "/uv/authority.pem")
    assert bootstrap.as_pip_is_configured(sys.executable)["SSL_CERT_FILE"] == "/uv/authority.pem"


def test_without_network_the_message_names_the_command_and_the_remedy(
    machine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a real pip and an index that does not answer: exit code 2, no traceback, nothing done."""
    monkeypatch.undo()
    root = tmp_path / "checkout"
    (root / "include/launcher").mkdir(parents=True)
    script = root / "include/launcher/bootstrap.py"
    script.write_text(Path(bootstrap.__file__).read_text())
    (root / "requirements-dev.txt").write_text(machine.lock)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": os.devnull,
    }
    done = subprocess.run(
        [sys.executable, str(script)],
        env=kept | nowhere | {"PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "pip --disable-pip-version-check install" in done.stderr
    assert "package index" in done.stderr
    assert "Traceback" not in done.stderr
    assert not Environment(root).done


def test_an_old_interpreter_can_read_the_script() -> None:
    """It is there to tell an old Python what is missing, so its syntax is that of Python 3.6."""
    source = Path(bootstrap.__file__).read_text()
    ast.parse(source, feature_version=(3, 6))
    assert "from __future__" not in source


def made(goal: str) -> tuple[int, str]:
    """Return what make would say to a goal with another Airflow; it does nothing."""
    command = ["make", "--dry-run", goal, "AIRFLOW=3.3.0"]
    env = {"PATH": os.environ["PATH"]}
    ran = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stderr


@pytest.mark.parametrize("goal", ["up", "lock", "wheel", "upgrade", "env"])
def test_what_is_of_one_airflow_alone_refuses_another(goal: str) -> None:
    """In a sentence that names what takes one."""
    code, said = made(goal)
    assert code == 2
    assert f"`make {goal}` knows one Airflow alone: AIRFLOW=3.3.0 is for test test-celery lint" in said


@pytest.mark.parametrize("goal", ["test", "setup", "help"])
def test_what_can_do_with_another_airflow_takes_it(goal: str) -> None:
    """The set-up that all begin with, too."""
    assert made(goal) == (0, "")
