"""Sets up ``.venv/``: run by whichever Python ``make`` finds, before anything is installed.

With the version of another Airflow as its argument it sets up ``.venv-VERSION/``, by a lock of its own.
Nothing but the standard library, and no syntax that Python 3.6 cannot read (so no ``__future__`` import of
annotations either): an old interpreter must end in a sentence that helps, not in a traceback.
"""

import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
OLDEST, TOO_NEW = (3, 11), (3, 14)
ALLOWED = "Python 3.11, 3.12 or 3.13"
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3", "python")
PROBE = """
import sys
try:
    import ensurepip, venv
    able = "able"
except ImportError:
    able = "unable"
print("%d.%d.%d" % sys.version_info[:3], able, sys.executable)
"""
LAST_LINES = 12
MARK = "recovery-plans"
"""The prompt that an environment gets which is made here; pyvenv.cfg keeps it."""

LEADS_ASTRAY = (
    *("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER"),
    *("UV_TARGET", "UV_PREFIX", "UV_SYSTEM_PYTHON"),
)
"""Variables with which pip and uv would write somewhere else than into the environment."""


class SetUpError(Exception):
    """A set-up that cannot go on; the message says what to do."""


class Interpreter:
    """A Python that was found: its path, its version, and whether it can make virtual environments."""

    def __init__(self, path: str, version: str, *, able: bool) -> None:
        self.path = path
        self.version = version
        self.able = able

    @property
    def fit(self) -> bool:
        """Whether its version is one that the lock is made for."""
        return OLDEST <= tuple(int(part) for part in self.version.split(".")[:2]) < TOO_NEW


def show(sentence: str) -> None:
    """Show what happens now."""
    write(sentence, sys.stdout)


def write(sentence: str, stream: "TextIO") -> None:
    """Write a sentence; what the encoding of a stream lacks is spelt, and a closed one gets nothing."""
    if stream is not None:
        encoding = stream.encoding or "ascii"
        print(
            ("set-up: " + sentence).encode(encoding, "backslashreplace").decode(encoding),
            file=stream,
            flush=True,
        )


def probe(command: str) -> "Interpreter | None":
    """Ask an interpreter what it is; None when there is none, or only a shim that refuses."""
    try:
        answer = subprocess.run(
            [command, "-c", PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True, timeout=30
        )
    except (OSError, subprocess.SubprocessError):
        return None
    version, able, path = answer.stdout.decode().strip().split(" ", 2)
    return Interpreter(path, version, able=able == "able")


def choose_interpreter() -> Interpreter:
    """Return the first fit interpreter: the one that PYTHON names, or the newest on the PATH."""
    asked = os.environ.get("PYTHON")
    names = (asked,) if asked else CANDIDATES
    found = [interpreter for interpreter in map(probe, names) if interpreter]
    fit = [interpreter for interpreter in found if interpreter.fit]
    for interpreter in fit:
        if interpreter.able:
            return interpreter
    if fit:
        short = ".".join(fit[0].version.split(".")[:2])
        raise SetUpError(
            f"{fit[0].path} has no venv module, which makes the environment. Install it "
            f"(Debian, Ubuntu: apt install python{short}-venv) and run make again."
        )
    seen = ", ".join(sorted({one.path + " is " + one.version for one in found})) or "none at all"
    raise SetUpError(
        ALLOWED + " is needed. Looked for " + ", ".join(names) + " and found " + seen + ". "
        "Install one of them, or name it: make demo PYTHON=/path/to/python3.12"
    )


def run(doing: str, command: "list[str]", env: "dict[str, str] | None" = None) -> None:
    """Run a step of the set-up; its last lines are shown when it fails."""
    show(doing)
    given = {name: value for name, value in (env or os.environ).items() if name not in LEADS_ASTRAY}
    step = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=given, check=False, cwd=str(ROOT)
    )
    if step.returncode:
        text = step.stdout.decode(errors="replace").strip().splitlines()[-LAST_LINES:]
        raise SetUpError(
            "this command failed with exit code " + str(step.returncode) + ":\n  " + " ".join(command) + "\n"
            "Its last output:\n" + "\n".join("  | " + line for line in text) + "\n"
            "If packages cannot be downloaded, look at the network, at HTTPS_PROXY, at the package index "
            "that pip and uv are set to use (PIP_INDEX_URL, UV_DEFAULT_INDEX), and, where a certificate is "
            "not known, at the file of those that are (PIP_CERT, SSL_CERT_FILE). Then run make again: it "
            "goes on from here."
        )


class Environment:
    """The virtual environment of a checkout: what it must hold, and whether it does."""

    def __init__(self, root: Path, airflow: str = "") -> None:
        locks = {file.stem[len("airflow-") :]: file for file in (root / "requirements").glob("airflow-*.txt")}
        if airflow and airflow not in locks:
            raise SetUpError(
                f"AIRFLOW={airflow} has no lock. Allowed are: {', '.join(sorted(locks)) or 'none'}"
            )
        self.path = root / (".venv-" + airflow if airflow else ".venv")
        self.lock = locks[airflow] if airflow else root / "requirements-dev.txt"
        self.project = root / "pyproject.toml"
        self.stamp = self.path / "set-up-done"
        self.python = str(self.path / "bin" / "python")

    def wanted(self, version: str) -> str:
        """Return the stamp of a complete set-up: lock, commands, Python and place."""
        lock = hashlib.sha256(self.lock.read_bytes()).hexdigest()
        commands = self.project.read_text().partition("\n[tool.ruff]")[0]
        project = hashlib.sha256(commands.encode()).hexdigest()
        return "\n".join((lock, project, version, str(self.path))) + "\n"

    @property
    def settings(self) -> str:
        """What venv wrote about this environment; empty if there is none."""
        file = self.path / "pyvenv.cfg"
        return file.read_text(errors="replace") if file.exists() else ""

    @property
    def version(self) -> str:
        """The Python this environment was made with, read without starting it; empty if there is none."""
        line = re.search(r"^version(?:_info)?\s*=\s*(\S+)", self.settings, re.MULTILINE)
        return line.group(1) if line and Path(self.python).exists() else ""

    @property
    def done(self) -> bool:
        """Whether a set-up of this very lock, Python and place ended well."""
        version = self.version
        return bool(version) and self.stamp.exists() and self.stamp.read_text() == self.wanted(version)

    @property
    def not_ours(self) -> str:
        """Why nothing here may be written or cleared; empty if it was made here, or nothing is there.

        The target of a link belongs to somebody else, and so do an environment that a person made and a
        folder of another kind. The stamp identifies those made before the prompt was set.
        """
        if self.path.is_symlink():
            return "is a link (to " + os.readlink(str(self.path)) + ")"  # noqa: PTH115 - not in Python 3.6
        if not self.path.exists():
            return ""
        if not self.path.is_dir():
            return "is no folder"
        marked = re.search(r"^prompt\s*=\s*'" + MARK + "'", self.settings, re.MULTILINE)
        if marked or self.stamp.exists() or not any(path.is_file() for path in self.path.rglob("*")):
            return ""
        return (
            "was not made by make" if (self.path / "pyvenv.cfg").exists() else "is no environment of Python"
        )

    @property
    def usable(self) -> bool:
        """Whether packages can be installed here: made in this very place, a fit Python, and pip."""
        made_by = re.search(r"^command\s*=.*$", self.settings, re.MULTILINE)
        if made_by and not made_by.group(0).endswith(" " + str(self.path)):
            return False
        interpreter = probe(self.python)
        has_pip = [self.python, "-c", "import pip"]
        return bool(interpreter and interpreter.fit) and not subprocess.call(
            has_pip, stderr=subprocess.DEVNULL
        )

    def pinned(self, package: str) -> str:
        """Return a package's entry of the lock, with its hashes."""
        entry = re.search(r"^" + package + r"==(?:.*\\\n)*.*\n", self.lock.read_text(), re.MULTILINE)
        if not entry:
            raise SetUpError(f"{self.lock} pins no {package}: make the lock again, with `make lock`")
        return entry.group(0)


def as_pip_is_configured(python: str) -> "dict[str, str]":
    """Return the variables for uv, which reads no pip.conf: pip's index, and whose certificates it trusts."""
    env = dict(os.environ)
    if "UV_DEFAULT_INDEX" not in env and "UV_INDEX_URL" not in env:
        index = env.get("PIP_INDEX_URL") or _of_pip(python, "global.index-url")
        env.update({"UV_DEFAULT_INDEX": index} if index else {})
    if "SSL_CERT_FILE" not in env:
        trusted = env.get("PIP_CERT") or _of_pip(python, "global.cert")
        env.update({"SSL_CERT_FILE": trusted} if trusted else {})
    return env


def _of_pip(python: str, setting: str) -> str:
    """Return a setting of pip from its list, since it does not give all of them by name."""
    asked = subprocess.run(
        [python, "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    found = re.search("^" + re.escape(setting) + "='(.*)'$", asked.stdout.decode(), re.MULTILINE)
    return found.group(1) if found else ""


def make_environment(environment: Environment) -> None:
    """Make the environment again with a fit interpreter."""
    interpreter = choose_interpreter()
    run(
        f"making {environment.path.name}/ with Python {interpreter.version} ({interpreter.path})",
        [interpreter.path, "-m", "venv", "--clear", "--prompt", MARK, str(environment.path)],
    )


def install(environment: Environment) -> None:
    """Install exactly what the lock names, each package checked against its hash."""
    just_uv = environment.path / "uv.txt"
    just_uv.write_text(environment.pinned("uv"))
    pip = [environment.python, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    run("installing uv, which installs the rest", [*pip, "--no-deps", "--require-hashes", "-r", str(just_uv)])
    uv = str(environment.path / "bin" / "uv")
    # Airflow's services start in a third of the time when nothing is left to compile
    sync = [uv, "pip", "sync", "--compile-bytecode", "--require-hashes", "--python", environment.python]
    run(
        f"installing what {environment.lock.name} pins (about 300 MB to download the first time)",
        [*sync, str(environment.lock)],
        env=as_pip_is_configured(environment.python),
    )
    # uv builds it by itself: nothing is downloaded, and nothing is written beside the code
    own = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", environment.python]
    run("installing the command recovery", [*own, "--editable", str(environment.project.parent)])


def set_up(root: Path = ROOT, airflow: str = "") -> None:
    """Make the environment complete, or find that it is.

    The stamp is emptied first and written last, so that a set-up that was interrupted is taken up again. It
    stays, since an environment of an earlier release is known by it alone.
    """
    environment = Environment(root, airflow)
    if environment.done:
        return
    if environment.not_ours:
        raise SetUpError(
            f"{environment.path} {environment.not_ours}: nothing is installed there and nothing is cleared. "
            "Move or remove it, and run make again: it makes one of its own."
        )
    if environment.stamp.exists():
        environment.stamp.write_text("")
    if not environment.usable:
        make_environment(environment)
    install(environment)
    environment.stamp.write_text(environment.wanted(environment.version))
    show("done; the next run skips this")


def main() -> int:
    """Set up, and return the exit code."""
    try:
        set_up(airflow="".join(sys.argv[1:]))
    except SetUpError as error:
        write(str(error), sys.stderr)
        return 2
    except OSError as error:
        write(str(error) + ". This folder must be writable for the set-up.", sys.stderr)
        return 2
    except KeyboardInterrupt:
        write("interrupted; run make again, it goes on from here", sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
