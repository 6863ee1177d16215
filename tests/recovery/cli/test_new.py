"""`new` makes a folder that works as it is, from what this repository itself runs with."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from drs_recovery.cli.commands.new import STARTER, contents
from tests.recovery.cli.cli_surroundings import document, recovery

ROOT = Path(__file__).parents[3]
SHARED = (
    "config/airflow_local_settings.py",
    "dags/groups/group.schema.json",
    "dags/plans/plan.schema.json",
    "dags/recovery_maintenance.py",
    "dags/recovery_plans.py",
)
"""What a new folder has and this repository runs with."""


@pytest.mark.parametrize("name", SHARED)
def test_what_is_given_is_what_is_used_here(name: str) -> None:
    """A change of one is a change of the other: copy it to `include/drs_recovery/starter/`."""
    assert contents()[name] == (ROOT / name).read_text()


def test_a_new_folder_passes_its_own_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As its CI runs it: `recovery check`, with neither problem nor warning, and nothing drills by itself."""
    folder = tmp_path / "our" / "plans"
    made = document("new", str(folder))
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert set(made["files"]) == there == {*SHARED, *made["files"]}
    monkeypatch.chdir(folder)
    steps = yaml.safe_load((folder / ".github/workflows/check.yaml").read_text())["jobs"]["check"]["steps"]
    assert steps[-1] == {"run": "recovery check"}
    checked = document("check")
    assert (checked["plans"], checked["problems"], checked["warnings"]) == (["example"], [], [])
    assert checked["nextDrills"] == {}


def test_its_page_is_short(tmp_path: Path) -> None:
    """It is read by whoever made the folder, and names every part of it."""
    page = (STARTER / "README.md").read_text()
    assert len(page.splitlines()) <= 12
    assert all(part in page for part in ("dags/plans/", "config/", "requirements.txt", ".github/workflows/"))


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    """What is there is named."""
    for name in ("dags", ".git"):
        (tmp_path / name).mkdir()
    refused = document("new", str(tmp_path))["error"]
    assert (refused["kind"], refused["exitCode"]) == ("UsageError", 2)
    assert "is not empty: '.git', 'dags'. Name a new folder" in refused["message"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == [".git", "dags"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    """It may have been made with rights of its own."""
    assert recovery("new", str(tmp_path)).exit_code == 0


@pytest.mark.parametrize("name", ["file", "file/below"])
def test_what_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    """In a sentence that names it."""
    (tmp_path / "file").write_text("mine")
    result = recovery("new", str(tmp_path / name))
    assert result.exit_code == 2
    assert str(tmp_path / "file") in result.stderr.replace("\n", "")
    assert (tmp_path / "file").read_text() == "mine"
