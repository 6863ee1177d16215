"""`check` names every problem with its place, and a look at nothing is no success."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cli_surroundings import document, recovery

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]
BROKEN = "name: Broken\nwaves: []\ncolour: red\n"


def test_check_finds_nothing_wrong_with_the_example_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = recovery("check")
    assert result.exit_code == 0
    assert "web_shop" in result.stdout


def test_check_tells_every_problem_with_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line each, however narrow the terminal: editors jump to `file:line:col:`."""
    monkeypatch.setenv("COLUMNS", "60")
    shutil.copytree(ROOT / "dags/plans", tmp_path / "plans")
    bad = tmp_path / "plans" / "broken.yaml"
    bad.write_text(BROKEN)
    result = recovery("check", str(tmp_path / "plans"))
    assert result.exit_code == 1
    lines = [line for line in result.stdout.splitlines() if "broken.yaml" in line]
    assert any(line.startswith(f"{bad}:3:1: ") and "colour" in line for line in lines)
    problems = document("check", str(bad))["problems"]
    assert {"file": str(bad), "line": 3, "column": 1} in [
        {key: problem[key] for key in ("file", "line", "column")} for problem in problems
    ]
    assert len(problems) == len(lines)


def test_check_takes_files_one_by_one(tmp_path: Path) -> None:
    good, bad = ROOT / "dags/plans/web_shop.yaml", tmp_path / "broken.yaml"
    bad.write_text(BROKEN)
    checked = document("check", str(good), str(bad))
    assert checked["plans"] == ["web_shop"]
    assert recovery("check", str(good), str(bad)).exit_code == 1


def test_check_of_nothing_is_usage(tmp_path: Path) -> None:
    """A check that looked at no plan must not say that all is well."""
    assert recovery("check", str(tmp_path)).exit_code == 2
    assert recovery("check", str(tmp_path / "gone.yaml")).exit_code == 2
