"""The set-up of ``.venv/``, with interpreters that only pretend."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from launcher import bootstrap
from launcher.bootstrap import Environment, SetUpError, choose_interpreter, run, set_up

UV = "uv==1.2.3 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via -r requirements.in\n"
LOCK = "attrs==1.0 \\\n    --hash=sha256:22\n" + UV + "uvicorn==2.0 \\\n    --hash=sha256:33\n"

PRETENDER = """#!/bin/sh
# A Python that answers the probe, and writes down what else it is asked for
case "$1 $2 $3" in
  "-c import pip"* | "-m pip config") exit 0 ;;
  "-c "*) echo "{version} {able} $0"; exit 0 ;;
  "-m venv --clear")
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python"
    printf 'version = {version}\\ncommand = %s -m venv --clear %s\\n' "$0" "$4" > "$4/pyvenv.cfg" ;;
  "-m pip --disable-pip-version-check")
    printf '#!/bin/sh\\necho uv $1 $2 >> "{calls}"\\nexec "{uv}"\\n' > "$(dirname "$0")/uv"
    chmod +x "$(dirname "$0")/uv" ;;
esac
echo "$2" >> "{calls}"
"""


class Machine:
    """A PATH of our own, and a checkout to set up."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.programs.mkdir()
        self.calls = folder / "calls"
        self.uv = self.program("what-uv-does", "#!/bin/sh\nexit 0\n")
        self.root = folder / "check out"
        self.root.mkdir()
        (self.root / "requirements.txt").write_text(LOCK)

    def program(self, name: str, text: str) -> Path:
        """Put a program on the PATH."""
        file = self.programs / name
        file.write_text(text)
        file.chmod(stat.S_IRWXU)
        return file

    def python(self, name: str, version: str, *, able: str = "able") -> Path:
        """Put a Python on the PATH."""
        return self.program(name, PRETENDER.format(version=version, able=able, calls=self.calls, uv=self.uv))

    def asked_for(self) -> list[str]:
        """Return what was done since the last time this was asked."""
        done = self.calls.read_text().splitlines() if self.calls.exists() else []
        self.calls.unlink(missing_ok=True)
        return done


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Give a machine without any Python, its tools apart."""
    machine = Machine(tmp_path)
    for tool in ("sh", "mkdir", "cp", "chmod", "dirname"):
        (machine.programs / tool).symlink_to(
            next(filter(Path.exists, (Path("/bin", tool), Path("/usr/bin", tool))))
        )
    monkeypatch.setenv("PATH", str(machine.programs))
    monkeypatch.delenv("PYTHON", raising=False)
    return machine


def refusal(machine: Machine) -> str:
    """Return why a machine cannot be set up."""
    with pytest.raises(SetUpError) as refused:
        set_up(machine.root)
    return str(refused.value)


def test_the_newest_fit_interpreter_is_taken(machine: Machine) -> None:
    """Of several, the newest that the lock is made for; what `python3` is does not matter then."""
    machine.python("python3", "3.14.0")
    machine.python("python3.11", "3.11.4")
    newest = machine.python("python3.12", "3.12.1")
    assert choose_interpreter().path == str(newest)


def test_python3_will_do_when_it_is_fit(machine: Machine) -> None:
    """No versioned name is needed."""
    only = machine.python("python3", "3.11.2")
    assert choose_interpreter().path == str(only)


def test_the_interpreter_that_is_named_is_taken(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """PYTHON goes before whatever is on the PATH."""
    machine.python("python3.13", "3.13.0")
    monkeypatch.setenv("PYTHON", str(machine.python("mine", "3.11.9")))
    assert choose_interpreter().version == "3.11.9"


def test_a_shim_that_refuses_is_passed_over(machine: Machine) -> None:
    """Version managers put names on the PATH that answer with an error."""
    machine.program("python3.13", "#!/bin/sh\necho 'python3.13: command not found' >&2\nexit 127\n")
    fit = machine.python("python3.11", "3.11.7")
    assert choose_interpreter().path == str(fit)


@pytest.mark.parametrize("version", ["3.9.18", "3.10.13", "3.14.0"])
def test_no_fit_interpreter_names_what_was_found_and_what_is_allowed(machine: Machine, version: str) -> None:
    """Too old and too new are both told, with path and version, and the way out."""
    found = machine.python("python3", version)
    message = refusal(machine)
    assert f"{found} is {version}" in message
    assert "Python 3.11, 3.12 or 3.13 is needed" in message
    assert "PYTHON=/path/to/python3.12" in message
    assert not (machine.root / ".venv").exists()


def test_no_interpreter_at_all_is_told(machine: Machine) -> None:
    """The names that were looked for are in the message."""
    assert "Looked for python3.13, python3.12, python3.11, python3, python and found none at all" in refusal(
        machine
    )


def test_a_missing_venv_module_is_told_with_the_package_that_has_it(machine: Machine) -> None:
    """Debian ships Python without venv."""
    machine.python("python3", "3.11.2", able="unable")
    assert "has no venv module" in refusal(machine)
    assert "apt install python3.11-venv" in refusal(machine)


def test_set_up_makes_the_environment_then_installs_uv_then_the_lock(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each step is told before it is taken."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync"]
    told = capsys.readouterr().out.splitlines()
    assert [line.split(" ")[1] for line in told] == ["making", "installing", "installing", "done;"]


def test_a_second_run_does_nothing_and_starts_nothing(
    machine: Machine, capsys: pytest.CaptureFixture[str]
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


def test_another_lock_is_installed_into_the_same_environment(machine: Machine) -> None:
    """What changed is the lock, so the environment stays."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    (machine.root / "requirements.txt").write_text(LOCK + "zope==1\n")
    set_up(machine.root)
    assert machine.asked_for() == ["pip", "uv pip sync"]


def test_a_checkout_that_was_moved_gets_a_new_environment(machine: Machine) -> None:
    """Scripts in an environment hold the path of their interpreter."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    elsewhere = machine.root.rename(machine.root.with_name("elsewhere"))
    set_up(elsewhere)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync"]


def test_an_environment_whose_python_is_gone_is_made_anew(machine: Machine) -> None:
    """An upgrade of the system takes away what .venv/bin/python points to."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    machine.asked_for()
    (machine.root / ".venv/bin/python").unlink()
    set_up(machine.root)
    assert machine.asked_for() == ["venv", "pip", "uv pip sync"]


def test_a_set_up_that_failed_goes_on_at_the_next_run(machine: Machine) -> None:
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
    assert machine.asked_for() == ["pip", "uv pip sync"]
    assert Environment(machine.root).done


def test_an_upgrade_that_failed_is_not_taken_for_done(machine: Machine) -> None:
    """The old lock restored, the environment may still hold half of the new one."""
    machine.python("python3.12", "3.12.1")
    set_up(machine.root)
    (machine.root / "requirements.txt").write_text(LOCK + "zope==1\n")
    machine.uv.write_text("#!/bin/sh\nexit 2\n")
    refusal(machine)
    (machine.root / "requirements.txt").write_text(LOCK)
    assert not Environment(machine.root).done


def test_only_the_last_words_of_a_failure_are_shown() -> None:
    """The end of a long log says why; its exit code and the command stand beside."""
    with pytest.raises(SetUpError) as failed:
        run("trying", ["sh", "-c", "for i in $(seq 100); do echo line $i; done; exit 7"])
    message = str(failed.value)
    assert "exit code 7" in message
    assert "line 100" in message
    assert "line 50" not in message


def test_uv_is_installed_from_the_lock_with_its_hashes(machine: Machine) -> None:
    """No other package whose name begins alike."""
    assert Environment(machine.root).pinned("uv") == UV.removesuffix("    # via -r requirements.in\n")


def test_the_index_that_pip_is_set_to_is_passed_on_to_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uv reads none of pip's settings; an index of its own goes first."""
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://index.example/simple")
    assert bootstrap.package_index(sys.executable)["UV_DEFAULT_INDEX"] == "https://index.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://uv.example/simple")
    assert bootstrap.package_index(sys.executable)["UV_DEFAULT_INDEX"] == "https://uv.example/simple"


def test_without_network_the_message_names_the_command_and_the_remedy(tmp_path: Path) -> None:
    """With a real pip and an index that does not answer: exit code 2, no traceback, nothing done."""
    root = tmp_path / "checkout"
    (root / "include/launcher").mkdir(parents=True)
    script = root / "include/launcher/bootstrap.py"
    script.write_text(Path(bootstrap.__file__).read_text())
    (root / "requirements.txt").write_text(LOCK)
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
