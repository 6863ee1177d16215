"""Servers that another plan launches too, or that two groups have, are warned of before a start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.dag.builder import build_dag
from drs_recovery.errors import PlanError
from drs_recovery.plan import claims as files
from tests.recovery.tasks.checked import warned
from tests.recovery.tasks.conftest import APP, DB, Drive, plan

if TYPE_CHECKING:
    from pathlib import Path

ABOUT = "description: For tests.\nowner: tests\nregion: {}\n"


@pytest.fixture
def drive(table: Any, tmp_path: Path) -> Drive:
    """A drill of the shop, whose file lies beside those of other plans and groups."""
    drive = Drive(plan())
    drive.dag = build_dag(drive.plan, folder=tmp_path / "plans")
    return drive


def write(folder: Path, path: str, servers: str, region: str = "eu-west-1") -> None:
    (folder / path).parent.mkdir(exist_ok=True)
    wave = f"waves: [{{name: W, servers: {servers}}}]\n" if "plans" in path else f"servers: {servers}\n"
    (folder / path).write_text(f"name: N\n{ABOUT.format(region)}{wave}")


def overlaps(drive: Drive) -> list[str]:
    drive.execute("open_execution")
    return [one.message for one in drive.record.warnings if one.check == "overlap"]


def test_other_plans_and_groups_with_the_same_servers_are_named(drive: Drive, tmp_path: Path) -> None:
    """By tags too, as DRS has them now; what is elsewhere, or broken, or the plan itself, is not."""
    write(tmp_path, "plans/shop.yaml", f"[{DB}]")
    write(tmp_path, "plans/other.yaml", "{tags: {Application: web-shop, Tier: app}}")
    write(tmp_path, "plans/listed.yaml", f"[{DB}]", "eu-central-1")
    write(tmp_path, "plans/far.yaml", "{tags: {Tier: db}}", "eu-central-1")
    write(tmp_path, "plans/broken.yaml", "[s-1]")
    write(tmp_path, "groups/a.yaml", f"[{DB}, {APP}]")
    write(tmp_path, "groups/b.yaml", "{tags: {Tier: db}}")
    write(tmp_path, "groups/c.yaml", "[s-00000000000web001]")
    db, app = f"{DB} (db-1.shop.example, shop-db-1)", f"{APP} (app-1.shop.example, shop-app-1)"
    assert overlaps(drive) == [
        f"the plan 'listed' launches these too: {db}",
        f"the plan 'other' launches these too: {app}",
        f"the group 'a' and the group 'b' both have {db}",
    ]


def test_a_plan_alone_overlaps_with_nothing(drive: Drive, tmp_path: Path) -> None:
    """One group that has its servers is how it is meant; without a folder nobody knows others."""
    write(tmp_path, "plans/shop.yaml", "{group: a}")
    write(tmp_path, "groups/a.yaml", f"[{DB}, {APP}]")
    assert overlaps(drive) == []
    assert warned(drive) == {}


def test_a3_files_that_cannot_be_looked_at_do_not_pass(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """A problem of the check, which only warns: no recovery is kept out by another plan's file."""

    def broken(_: Path) -> None:
        raise PlanError(["out of reach"])

    monkeypatch.setattr(files, "read_plans", broken)
    (message,) = overlaps(drive)
    assert message.startswith("what other plans and groups have cannot be asked for: ")
