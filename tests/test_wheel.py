"""What others install: the product and local AWS, their data, and nothing else."""

from __future__ import annotations

import subprocess
import zipfile
from email import message_from_string
from importlib.metadata import EntryPoints
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

import drs_recovery

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).parents[1]
INCLUDE = ROOT / "include"
PACKAGES = ("drs_recovery", "drs_simulator")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build it, which takes a tenth of a second and downloads nothing."""
    folder = tmp_path_factory.mktemp("dist")
    command = [find_uv_bin(), "build", "--quiet", "--offline", "--no-config", "--wheel", "--out-dir", folder]
    subprocess.run([*command, ROOT], check=True)
    (file,) = folder.glob("*.whl")
    assert file.name == f"drs_recovery_plans-{drs_recovery.__version__}-py3-none-any.whl"
    return zipfile.ZipFile(file)


def meta(wheel: zipfile.ZipFile, name: str) -> str:
    """Return a file of its metadata."""
    return wheel.read(f"drs_recovery_plans-{drs_recovery.__version__}.dist-info/{name}").decode()


@pytest.fixture
def metadata(wheel: zipfile.ZipFile) -> Message:
    return message_from_string(meta(wheel, "METADATA"))


def test_it_holds_the_packages_and_their_data_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    """Of tests, launcher and the old name `recovery`, which is no name for others' site-packages, nothing."""
    names = {name for name in wheel.namelist() if not name.endswith("/") and ".dist-info/" not in name}
    ours = (path for package in PACKAGES for path in (INCLUDE / package).rglob("*") if path.is_file())
    assert names == {path.relative_to(INCLUDE).as_posix() for path in ours if path.suffix != ".pyc"}
    assert {
        "drs_recovery/py.typed",
        "drs_recovery/aws/waiters/drs.json",
        "drs_recovery/starter/.github/workflows/check.yaml",
        "drs_recovery/starter/dags/recovery_plans.py",
        "drs_simulator/py.typed",
        "drs_simulator/fleet.yaml",
    } <= names


def test_it_says_what_it_is(metadata: Message) -> None:
    """Licence, Pythons and page, as indexes show them."""
    assert metadata["Name"] == "drs-recovery-plans"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["License-File"] == "LICENSE"
    assert metadata["Requires-Python"].replace(" ", "") == ">=3.11,<3.14"
    assert "Framework :: Apache Airflow" in metadata.get_all("Classifier", [])
    assert str(metadata.get_payload()).strip() == (ROOT / "README.md").read_text().strip()
    assert "local" in metadata.get_all("Provides-Extra", [])


def test_airflow_and_shells_find_what_is_in_it(wheel: zipfile.ZipFile) -> None:
    """The command and the plugin; both can be loaded."""
    points = EntryPoints._from_text_for(meta(wheel, "entry_points.txt"), None)
    assert {(point.group, point.name) for point in points} == {
        ("airflow.plugins", "recovery"),
        ("console_scripts", "recovery"),
    }
    assert all(callable(point.load()) for point in points)
