"""A checkout that nobody may write to: plans are checked, and what has to write says so in a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from launcher.environment import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MOUNT = 'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && cd "$2" && shift 2 && exec "$@"'
MOUNTED = ("sh", "-c", MOUNT, "sh")
PRIVILEGES = "-dac_override,-dac_read_search,-fowner"
"""By which root writes whatever the modes say."""
OWNER = ("setpriv", f"--bounding-set={PRIVILEGES}", f"--inh-caps={PRIVILEGES}") if os.geteuid() == 0 else ()
WAYS = {
    "mounted by root": ("unshare", "--mount", *MOUNTED),
    "mounted by a user": ("unshare", "--map-root-user", "--mount", *MOUNTED),
    "closed by its modes": OWNER,
}
"""How a folder is read-only for one process alone."""


@dataclass(frozen=True)
class Checkout:
    """A fresh checkout that can be read only."""

    folder: Path
    way: tuple[str, ...]

    @property
    def mounted(self) -> bool:
        return self.way is not OWNER

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Python in it."""
        place = (str(self.folder), str(self.folder)) if self.mounted else ()
        return subprocess.run(
            [*self.way, *place, sys.executable, *command],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": "include",
                "AIRFLOW_PORT": "0",
                "LOCAL_AWS_PORT": "0",
            },
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(params=WAYS)
def checkout(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Checkout]:
    """Give one in every way that works here; its modes close it everywhere, for root without privileges."""
    checkout = Checkout(tmp_path, WAYS[request.param])
    if checkout.mounted and (not shutil.which("unshare") or checkout.run("-c", "").returncode):
        pytest.skip("this system does not let us mount so")
    for name in ("include", "dags"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "airflow.env", tmp_path)
    if not checkout.mounted:
        _set_modes(tmp_path, 0o555, 0o444)
    yield checkout
    if not checkout.mounted:
        _set_modes(tmp_path, 0o755, 0o644)


def _set_modes(folder: Path, of_folders: int, of_files: int) -> None:
    folder.chmod(of_folders)
    for path in folder.rglob("*"):
        path.chmod(of_folders if path.is_dir() else of_files)


def test_plans_are_checked_in_a_read_only_checkout(checkout: Checkout) -> None:
    """As a pipeline has it."""
    ran = checkout.run("-m", "drs_recovery", "check")
    assert ran.returncode == 0, ran.stderr
    assert "web_shop" in ran.stdout


@pytest.mark.parametrize(("command", "place"), [("up", ".airflow'"), ("env", "..env.")])
def test_what_has_to_write_says_so(checkout: Checkout, command: str, place: str) -> None:
    """With the place, and before anything is started."""
    ran = checkout.run("-m", "launcher", command)
    assert ran.returncode == 1
    assert f"make {command}: " in ran.stderr
    why = "Read-only file system" if checkout.mounted else "Permission denied"
    assert f"{why}: '{checkout.folder}/{place}" in ran.stderr
    assert "Traceback" not in ran.stderr
