"""An empty home; and a machine with interpreters that only pretend, for the tests of the set-up."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from launcher.home import Home

UV = "uv==1.2.3 \\\n    --hash=sha256:00 \\\n    --hash=sha256:11\n    # via -r requirements-dev.in\n"
LOCK = "attrs==1.0 \\\n    --hash=sha256:22\n" + UV + "uvicorn==2.0 \\\n    --hash=sha256:33\n"

PRETENDER = """#!/bin/sh
# A Python that answers the probe, and writes down what else it is asked for
case "$1 $2 $3" in
  "-c import pip"* | "-m pip config") exit 0 ;;
  "-c "*) echo "{version} {able} $0"; exit 0 ;;
  "-m venv --clear")
    [ "$4" = --prompt ] || exit 3
    mkdir -p "$6/bin" && cp "$0" "$6/bin/python"
    printf "prompt = '%s'\\nversion = {version}\\n" "$5" > "$6/pyvenv.cfg"
    printf "command = %s -m venv --clear %s\\n" "$0" "$6" >> "$6/pyvenv.cfg" ;;
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
        self.uv_entry, self.lock = UV, LOCK
        (self.root / "requirements-dev.txt").write_text(LOCK)
        (self.root / "pyproject.toml").write_text("[project]\n")

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
def home(tmp_path: Path) -> Home:
    """Give an empty home."""
    home = Home(tmp_path)
    home.make()
    return home


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
