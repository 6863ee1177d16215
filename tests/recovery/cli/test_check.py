"""`check` names every problem with its place, and a look at nothing is no success."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from drs_recovery.cli.regions import regions_of
from tests.recovery.cli.cli_surroundings import document, recovery

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[3]
WITHOUT_ACTIONS = """
name: Shop
description: For tests.
owner: tests
region: eu-west-1
waves:
  - {name: Database, servers: [s-000000000000db001]}
"""
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


def test_a_path_that_the_system_refuses_is_usage(tmp_path: Path) -> None:
    """It is theirs to mend, and no mistake of ours."""
    long = str(tmp_path / ("x" * 300))
    result = recovery("check", str(ROOT / "dags/plans/web_shop.yaml"), long)
    assert result.exit_code == 2
    assert f"{long}: File name too long" in result.stderr.replace("\n", "")
    assert document("check", long)["error"]["kind"] == "UsageError"


def test_regions_are_read_once() -> None:
    """Botocore's list of them is long, and is asked about every plan."""
    assert regions_of("drs") is regions_of("drs")


def plan(folder: Path, name: str, **changed: str) -> Path:
    """Write the plan of the web shop with some lines changed."""
    lines = (ROOT / "dags/plans/web_shop.yaml").read_text().splitlines()
    known = dict(line.split(": ", 1) for line in lines[: lines.index("waves:")] if ": " in line)
    head = [f"{key}: {value}" for key, value in (known | changed).items()]
    path = folder / name
    path.write_text("\n".join([*head, *lines[lines.index("waves:") :]]) + "\n")
    return path


def test_a_warning_is_reported_and_changes_no_exit_code(tmp_path: Path) -> None:
    """To people as a line with its place, in JSON beside the problems."""
    file = plan(tmp_path, "shop.yaml", region="eu-west-9", approvers="['alice, bob']")
    result = recovery("check", str(tmp_path))
    assert result.exit_code == 0
    lines = [line for line in result.stdout.splitlines() if ": warning: " in line]
    assert len(lines) == 2
    assert all(line.startswith(f"{file}:") for line in lines)
    assert "no Region 'eu-west-9'; did you mean 'eu-west-" in result.stdout
    assert "1 plan without problems, 2 warnings" in result.stdout
    checked = document("check", str(tmp_path))
    assert checked["problems"] == []
    assert {(one["file"], one["line"] > 1) for one in checked["warnings"]} == {(str(file), True)}
    assert not any(one["message"].startswith("warning") for one in checked["warnings"])


def test_a_region_without_drs_is_reported(tmp_path: Path) -> None:
    """By botocore's data, of all partitions."""
    (warning,) = document("check", str(plan(tmp_path, "shop.yaml", region="cn-north-1")))["warnings"]
    assert "knows no DRS in 'cn-north-1'" in warning["message"]
    assert document("check", str(plan(tmp_path, "shop.yaml", region="us-gov-west-1")))["warnings"] == []


def test_no_setting_of_a_person_is_read_for_regions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that is not there is no reason not to check a plan."""
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert recovery("check", str(plan(tmp_path, "shop.yaml"))).exit_code == 0


def test_check_shows_the_next_three_drills(tmp_path: Path) -> None:
    """In UTC, in order; a plan without a schedule has none."""
    file = plan(tmp_path, "shop.yaml", drill_schedule="0 6 1-7 * 1")
    dates = [datetime.fromisoformat(date) for date in document("check", str(file))["nextDrills"]["shop"]]
    assert len(dates) == 3
    assert dates == sorted(dates)
    assert all(date.utcoffset() == timedelta(0) and date.hour == 6 for date in dates)
    assert f"shop drills next at {dates[0]:%a %Y-%m-%d %H:%M}, " in recovery("check", str(file)).stdout


def test_plans_in_a_folder_below_are_named_where_none_is_found(tmp_path: Path) -> None:
    """Who keeps plans by team in folders learns why there is no DAG."""
    (tmp_path / "team").mkdir()
    plan(tmp_path / "team", "shop.yaml")
    result = recovery("check", str(tmp_path))
    assert result.exit_code == 2
    assert "team/shop.yaml" in result.stderr


def test_the_example_plans_have_no_warning() -> None:
    """They are copied."""
    assert document("check", str(ROOT / "dags/plans"))["warnings"] == []


def test_groups_are_checked_beside_the_plans_and_by_themselves(tmp_path: Path) -> None:
    """Used or not; a server of two groups, and a Region that nobody knows, are warned of."""
    (tmp_path / "plans").mkdir()
    plan(tmp_path / "plans", "p.yaml")
    about = "name: G\ndescription: A group.\nowner: team\nservers: [s-000000000000db001]\n"
    (groups := tmp_path / "groups").mkdir()
    for name, region in (("a", "eu-west-1"), ("b", "eu-north-9"), ("c", "eu-west")):
        (groups / f"{name}.yaml").write_text(f"{about}region: {region}\n")
    found = document("check", str(tmp_path / "plans"))
    assert (found["plans"], found["groups"]) == (["p"], ["a", "b"])
    assert [(Path(one["file"]).name, one["line"]) for one in found["problems"]] == [("c.yaml", 5)]
    warned = {(Path(one["file"]).name, one["line"]): one["message"] for one in found["warnings"]}
    assert "'s-000000000000db001' is in the group of a.yaml too" in warned["b.yaml", 4]
    assert "botocore knows no Region 'eu-north-9'" in warned["b.yaml", 5]
    assert document("check", str(groups))["groups"] == ["a", "b"]
    assert document("check", str(groups / "c.yaml"))["problems"] == found["problems"]


def test_what_a_drill_and_a_recovery_would_run_is_shown(tmp_path: Path) -> None:
    """In the order of the plan, with kinds."""
    file = tmp_path / "shop.yaml"
    page, switch = "{name: page, http: {connection: pager}}", "{name: switch, only: recovery, wait: 5m}"
    file.write_text(f"{WITHOUT_ACTIONS}before: [{page}]\nafter: [{switch}]\n")
    first, last = "before the plan: page (http)", "after the plan: switch (wait)"
    shown = document("check", str(file))["actions"]["shop"]
    assert shown == {"DRILL": [first], "RECOVERY": [first, last]}
    assert f"shop runs in a DRILL: {first}\n" in recovery("check", str(file)).stdout
