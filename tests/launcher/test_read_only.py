"""A checkout that nobody may write to: plans are checked, and what has to write says so in a line."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from launcher.environment import ROOT

if TYPE_CHECKING:
    from pathlib import Path

MOUNT = 'mount --bind "$1" "$2" && mount -o remount,ro,bind "$2" && cd "$2" && shift 2 && exec "$@"'


def in_read_only(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of Python in a checkout that is mounted read-only, for this process alone."""
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", MOUNT, "sh", str(folder), str(folder), sys.executable, *command],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": "include", "AIRFLOW_PORT": "0", "LOCAL_AWS_PORT": "0"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a fresh checkout, where this system lets us mount at all."""
    if not shutil.which("unshare") or (tried := in_read_only(tmp_path, "-c", "")).returncode:
        pytest.skip("nothing can be mounted here: only root may, and only on Linux")
    assert tried.stderr == ""
    for name in ("include", "dags"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "airflow.env", tmp_path)
    return tmp_path


def test_plans_are_checked_in_a_read_only_checkout(folder: Path) -> None:
    """As a pipeline has it."""
    ran = in_read_only(folder, "-m", "recovery", "check")
    assert ran.returncode == 0, ran.stderr
    assert "web_shop" in ran.stdout


@pytest.mark.parametrize("command", ["up", "env"])
def test_what_has_to_write_says_so(folder: Path, command: str) -> None:
    """With the place, and before anything is started."""
    ran = in_read_only(folder, "-m", "launcher", command)
    assert ran.returncode == 1
    assert f"make {command}: " in ran.stderr
    assert "Read-only file system" in ran.stderr
    assert "Traceback" not in ran.stderr
