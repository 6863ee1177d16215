"""What is allowed in plans and most likely not meant is shown, with its place; what is meant is not."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from drs_recovery.plan import Plan, read_plan, read_plans
from drs_recovery.plan import warnings as module
from drs_recovery.plan.schedule import either_day, next_dates
from drs_recovery.plan.warnings import BETWEEN_PLANS, OF_A_FOLDER, OF_A_PLAN, warnings

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """\
name: {name}
description: A shop.
owner: team
region: eu-west-1
{more}
waves:
- name: One
  servers: [s-00000000000000001, s-00000000000000002]
- name: Two
  servers: {{tags: {{Tier: web}}}}
"""


def put(folder: Path, name: str, more: str = "approvers: [alice]") -> Path:
    """Write a plan."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXT.format(name=path.stem, more=more))
    return path


def shown(*files: Path, folders: tuple[Path, ...] = ()) -> list[str]:
    """Return the warnings about some files, without the folder."""
    plans = {file: read_plan(file) for file in files}
    return [str(warning).replace(f"{warning.file.parent}/", "", 1) for warning in warnings(plans, folders)]


@pytest.mark.parametrize(
    ("more", "texts"),
    [
        ("approvers: ['alice, bob']", "shop.yaml:5:13: warning: approvers: 'alice, bob' is one user id"),
        ("approvers: [carol, alice;bob]", "shop.yaml:5:20: warning: approvers: 'alice;bob' is one user id"),
        ("approvers: [alice bob]", "'alice bob' is one user id"),
        ("approvers: [alice, Alice]", "'Alice' looks like 'alice', and is another user"),
        ("approvers: [alice, \u0430lice]", "looks like 'alice', and is another user"),
        ("approvers: [alice, alice\ufe0f]", "looks like 'alice', and is another user"),
        ("approvers: [alice, alice\ufe0f]", r"'alice\ufe0f' looks like"),
        ("approvers: [\u0430lice]", "has letters of several alphabets"),
        ("drill_schedule: 0 6 1-7 * 1", "shop.yaml:5:17: warning: drill_schedule: it fires on the days 1-7"),
        ("drill_schedule: 0 6 */2 * mon", "also on each weekday mon, not only where both meet"),
    ],
)
def test_what_is_most_likely_not_meant_is_reported(tmp_path: Path, more: str, texts: str) -> None:
    """A line, with the place of the value."""
    (line,) = shown(put(tmp_path, "shop.yaml", more))
    assert texts in line


@pytest.mark.parametrize(
    "more",
    [
        "approvers: [alice, bob@example.com, '17', jean-luc, \u0430\u043b\u0438\u0441\u0430]",
        "drill_schedule: 0 6 1 * *",
        "drill_schedule: 0 6 * * mon",
        "drill_schedule: 0 6 * * sat#1",
    ],
)
def test_what_is_meant_is_not_reported(tmp_path: Path, more: str) -> None:
    """A warning that comes for nothing is one that nobody reads."""
    assert shown(put(tmp_path, "shop.yaml", more)) == []


def test_a_copied_plan_is_reported_once(tmp_path: Path) -> None:
    """Both drill the same servers at the same times; that they have other names changes nothing."""
    schedule = "drill_schedule: 0 6 1 * *"
    files = [put(tmp_path, "shop.yaml", schedule), put(tmp_path, "shop_copy.yaml", schedule)]
    (line,) = shown(*files)
    assert line.startswith("shop_copy.yaml:5:17: warning: launches the same source servers at the same times")
    assert "as shop.yaml; is it a copy?" in line


def test_a_copied_plan_without_a_schedule_is_reported(tmp_path: Path) -> None:
    """It says all the same but for its name."""
    (line,) = shown(put(tmp_path, "shop.yaml"), put(tmp_path, "shop_copy.yaml"))
    assert line.startswith("shop_copy.yaml:1:1: warning: launches the same source servers as shop.yaml")


def test_plans_of_the_same_servers_at_other_times_are_meant(tmp_path: Path) -> None:
    """And so is another Region, or one of two without a schedule."""
    first = put(tmp_path, "a.yaml", "drill_schedule: 0 6 1 * *")
    second = put(tmp_path, "b.yaml", "drill_schedule: 0 6 15 * *")
    third = put(tmp_path, "c.yaml", "rto: 4h")
    fourth = put(tmp_path, "d.yaml", "drill_schedule: 0 6 1 * *")
    fourth.write_text(fourth.read_text().replace("eu-west-1", "eu-west-2"))
    assert shown(first, second, third, fourth) == []


PASSED_OVER = {
    "below/shop.yaml": "not from folders below",
    "below/deeper/shop.yml": "not from folders below",
    "shop.yml~": "does not end in .yaml, .yml",
    "shop.yaml.bak": "does not end in .yaml, .yml",
    "shop.YAML": "does not end in .yaml, .yml",
    "shop.txt": "does not end in .yaml, .yml",
    "shop": "does not end in .yaml, .yml",
    ".shop.yaml": "a hidden file",
}


@pytest.mark.parametrize(("name", "why"), PASSED_OVER.items(), ids=PASSED_OVER)
def test_a_file_that_seems_a_plan_and_is_none_is_reported(tmp_path: Path, name: str, why: str) -> None:
    """It makes no DAG, whatever its author thinks."""
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    put(path.parent, path.name)
    assert path.stem not in read_plans(tmp_path) or path.parent != tmp_path
    (warning,) = warnings({}, [tmp_path])
    assert warning.file == path
    assert "passed over" in warning.message
    assert why in warning.message


def test_a_plan_in_json_is_reported(tmp_path: Path) -> None:
    """By what it says; a schema for editors says it in another way."""
    (tmp_path / "shop.json").write_text('{"name": "Shop",\n "waves": [\n]}')
    (tmp_path / "plan.schema.json").write_text('{"properties": {\n "waves": {"type": "array"}}}')
    (warning,) = warnings({}, [tmp_path])
    assert warning.file.name == "shop.json"


def test_what_is_no_plan_is_passed_over_in_silence(tmp_path: Path) -> None:
    """Also a pipe, which would never end, and folders that lead in a circle."""
    for name in ("README.md", ".shop.yaml.swp", ".gitignore", "notes.txt"):
        (tmp_path / name).write_text("what waves are: water\n")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to(tmp_path)
    assert warnings({}, [tmp_path]) == []


def test_a_folder_without_end_is_looked_at_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of files, and of folders with no file in them; what lies at the top comes first."""
    (tmp_path / "/".join("a" * 60)).mkdir(parents=True)
    monkeypatch.setattr(module, "MOST_ENTRIES", 50)
    put(tmp_path, "shop.txt")
    listed, scandir = [], os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed.append(path) or scandir(path))
    (warning,) = warnings({}, [tmp_path])
    assert warning.file.name == "shop.txt"
    assert len(listed) == 49


def test_no_link_leads_the_look_out_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is elsewhere is not opened; nor is the folder of a mounted ConfigMap, whose files are links."""
    plans, secret = tmp_path / "plans", put(tmp_path, "secret")
    put(plans, "..2026_1/shop.yaml")
    (plans / "..data").symlink_to("..2026_1")
    (plans / "shop.yaml").symlink_to("..data/shop.yaml")
    (plans / "out").symlink_to(secret)
    opened, original = [], os.open
    monkeypatch.setattr(os, "open", lambda path, *rest: opened.append(path) or original(path, *rest))
    assert warnings({}, [plans]) == []
    assert opened == []


def test_every_warning_is_in_a_list() -> None:
    """One that is not would never be asked."""
    assert {look.__name__ for look in (*OF_A_PLAN, *BETWEEN_PLANS, *OF_A_FOLDER)} == {
        "joined_approvers",
        "look_alike_approvers",
        "too_few_without_the_requester",
        "both_days",
        "same_plans",
        "passed_over",
    }


def test_the_next_dates_are_those_that_cron_gives() -> None:
    """Either day field will do where both are restricted: the days 1 to 7, and each Monday."""
    after = datetime(2026, 11, 27, 12, tzinfo=UTC)
    days = [f"{date:%a %d}" for date in next_dates("0 6 1-7 * 1", after, count=9)]
    assert days == ["Mon 30", "Tue 01", "Wed 02", "Thu 03", "Fri 04", "Sat 05", "Sun 06", "Mon 07", "Mon 14"]
    assert either_day("0 6 1-7 * 1") is not None


def test_the_page_of_a_plan_says_what_its_schedule_means_and_no_date(tmp_path: Path) -> None:
    """A text that changes with time would be a new version of the DAG at each parse."""
    from drs_recovery.dag.doc import plan_doc  # noqa: PLC0415 - the one test that needs Airflow

    plan: Plan = read_plan(put(tmp_path, "shop.yaml", "drill_schedule: 0 6 1-7 * 1"))
    doc = plan_doc(plan)
    assert "also on each weekday 1" in " ".join(doc.split())
    assert str(datetime.now(UTC).year) not in doc
