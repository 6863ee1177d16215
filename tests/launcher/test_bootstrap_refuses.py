"""The set-up of ``.venv/`` keeps its hands off what it has not made, and is not led astray."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from launcher import bootstrap
from launcher.bootstrap import Environment, SetUpError, run, set_up

if TYPE_CHECKING:
    from collections.abc import Callable


def refusal(machine: Any) -> str:
    """Return why a machine cannot be set up."""
    with pytest.raises(SetUpError) as refused:
        set_up(machine.root)
    return str(refused.value)


def put_an_environment(folder: Path, *, by: str) -> None:
    """Make what looks like an environment, with a file in it that somebody wants to keep."""
    folder.mkdir()
    (folder / "pyvenv.cfg").write_text(f"version = 3.12.1\ncommand = {by} {folder}\n")
    (folder / "kept").write_text("mine")


def linked(machine: Any) -> Path:
    """A link to an environment somewhere else."""
    elsewhere = machine.root.with_name("elsewhere")
    put_an_environment(elsewhere, by="python -m venv --clear --prompt recovery-plans")
    (machine.root / ".venv").symlink_to(elsewhere)
    return elsewhere / "kept"


def a_persons(machine: Any) -> Path:
    """What a person made with `python -m venv`."""
    put_an_environment(machine.root / ".venv", by="python -m venv")
    return machine.root / ".venv/kept"


def a_folder(machine: Any) -> Path:
    """A folder that is no environment at all."""
    (machine.root / ".venv").mkdir()
    (machine.root / ".venv/kept").write_text("mine")
    return machine.root / ".venv/kept"


def a_file(machine: Any) -> Path:
    """A file, as pipenv and pyenv put it there."""
    (machine.root / ".venv").write_text("mine")
    return machine.root / ".venv"


@pytest.mark.parametrize(
    ("put", "why"),
    [
        (linked, "is a link (to "),
        (a_persons, "was not made by make"),
        (a_folder, "is no environment of Python"),
        (a_file, "is no folder"),
    ],
    ids=["link", "a person's", "folder", "file"],
)
def test_what_was_not_made_here_is_neither_cleared_nor_written_into(
    machine: Any, put: Callable[[Any], Path], why: str
) -> None:
    """Refused with the reason and the remedy; nothing is asked of any interpreter, and every file stays."""
    machine.python("python3.12", "3.12.1")
    kept = put(machine)
    message = refusal(machine)
    assert f"{machine.root}/.venv {why}" in message
    assert "Move or remove it" in message
    assert machine.asked_for() == []
    assert kept.read_text() == "mine"


def test_a_linked_environment_that_is_complete_is_used_and_left_as_it_is(machine: Any) -> None:
    """Whoever moved it to another disk, and left a link, needs nothing written; a new lock does."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    (machine.root / ".venv").rename(machine.root.with_name("elsewhere"))
    (machine.root / ".venv").symlink_to(machine.root.with_name("elsewhere"))
    machine.asked_for()
    set_up(machine.root)
    (machine.root / "requirements-dev.txt").write_text(machine.lock + "zope==1\n")
    assert "is a link" in refusal(machine)
    assert machine.asked_for() == []
    assert (machine.root / ".venv/set-up-done").exists()


def test_an_empty_folder_and_what_an_interrupted_venv_left_are_nobodys(machine: Any) -> None:
    """Empty folders hold nothing to lose."""
    machine.python("python3.12", "3.12.1")
    (machine.root / ".venv/lib/python3.12").mkdir(parents=True)
    (machine.root / ".venv/lib64").symlink_to("lib")
    set_up(machine.root)
    assert Environment(machine.root).done


def test_an_environment_of_an_earlier_release_is_known_by_its_stamp(machine: Any) -> None:
    """It has no mark, and is brought up to date all the same, also when that fails at first."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    settings = machine.root / ".venv/pyvenv.cfg"
    settings.write_text(settings.read_text().replace("prompt = 'recovery-plans'\n", ""))
    (machine.root / "requirements-dev.txt").write_text(machine.lock + "zope==1\n")
    machine.asked_for()
    what_uv_does = machine.uv.read_text()
    machine.uv.write_text("#!/bin/sh\nexit 1\n")
    assert "failed with exit code 1" in refusal(machine)
    assert not Environment(machine.root).done
    machine.uv.write_text(what_uv_does)
    machine.asked_for()
    set_up(machine.root)
    assert machine.asked_for() == ["pip", "uv pip sync", "uv pip install"]
    assert Environment(machine.root).done


def test_the_mark_is_where_venv_keeps_it(tmp_path: Path) -> None:
    """By a real interpreter: what the set-up looks for is what venv writes."""
    environment = Environment(tmp_path)
    command = [sys.executable, "-m", "venv", "--without-pip", "--clear", "--prompt", bootstrap.MARK]
    subprocess.run([*command, str(environment.path)], check=True)
    assert environment.not_ours == ""
    subprocess.run([*command[:-2], str(environment.path)], check=True)
    assert environment.not_ours == "was not made by make"


@pytest.mark.parametrize("variable", bootstrap.LEADS_ASTRAY)
def test_no_variable_leads_the_set_up_elsewhere(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """With PIP_TARGET, pip would write into a folder of the person's."""
    monkeypatch.setenv(variable, "/home/somebody")
    with pytest.raises(SetUpError) as failed:
        run("trying", ["sh", "-c", f'echo "<${variable}>"; exit 1'])
    assert "  | <>\n" in str(failed.value)


def test_a_folder_that_cannot_be_written_is_a_sentence(
    machine: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A read-only checkout, or one without a lock."""
    (machine.root / "requirements-dev.txt").unlink()
    machine.python("python3.12", "3.12.1")
    monkeypatch.setattr(bootstrap, "set_up", lambda **_: set_up(machine.root))
    assert bootstrap.main() == 2
    assert "requirements-dev.txt" in capsys.readouterr().err


def test_a_path_that_the_screen_has_no_letters_for_is_spelt(machine: Any) -> None:
    """A checkout in a folder `été`, on a screen of ASCII; and one without any standard output."""
    place = machine.root / "été"
    (place / "include/launcher").mkdir(parents=True)
    script = place / "include/launcher/bootstrap.py"
    script.write_text(Path(bootstrap.__file__).read_text())
    (place / "requirements-dev.txt").write_text(machine.lock)
    (place / ".venv").write_text("mine")
    for closing in ("", " >&-"):
        done = subprocess.run(
            ["sh", "-c", f'"{sys.executable}" "{script}"{closing}'],
            env={"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 2
        assert "\\xe9t\\xe9/.venv is no folder" in done.stderr
