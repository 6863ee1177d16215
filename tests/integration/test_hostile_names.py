"""A plan whose every name is hostile runs like any other, and is read like any other."""

from __future__ import annotations

import subprocess
import sys
import time
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from drs_recovery.names import Role, group_id, task_id
from drs_recovery.plan import read_plan
from tests.airflow_rest import HOLD, LIMIT, until
from tests.integration.browser import answer_gate, find_chromium, open_gate

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.integration.running_stack import Run, World

pytestmark = [
    pytest.mark.stack,
    pytest.mark.browser,
    pytest.mark.skipif(
        find_chromium() is None, reason="no Chromium is installed: the gates are looked at in it"
    ),
]

PLAN = "hostile_names"
WAVES = [
    wave.name for wave in read_plan(Path(__file__).parents[1] / "plans" / "stack" / f"{PLAN}.yaml").waves
]
GATE, LATER = (task_id(Role.GATE, name) for name in WAVES[1:3])

EVIL = "http://evil.example"
REASON = (
    "{{ conn.aws_default.get_uri() }} {# \x1b[2J\x1b]52;c;ZXZpbA==\x07 \u202e | yes |\n\n## Approved already"
    f"\n\n![x]({EVIL}/x.png) [click]({EVIL}) {EVIL} www.evil.example <img src={EVIL}> " + "長" * 200
)
NAME = f"app | yes | `{{{{ 7 * 191 }}}}` ![x]({EVIL}/x.png) שרת \x1b[31m\u202e <b>x</b>"
SERVER = "s-00000000000app001"


def name_in_drs(world: World, name: str) -> None:
    """Give the application server a Name tag in DRS, as anybody who may tag there can."""
    drs = world.client("drs")
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [SERVER]})["items"]
    drs.tag_resource(resourceArn=server["arn"], tags={"Name": name})


def check_page(page: Page, headings: list[str]) -> None:
    """See that a page shows what hostile words say, and obeys none of them."""
    shown = page.locator("main, body").first.inner_text()
    assert "1337" not in shown, "a template was evaluated"
    assert "aws://" not in shown, "a template was evaluated"
    assert page.locator("[href*='evil.example'], [src*='evil.example']").count() == 0
    for heading in headings:
        expect(page.get_by_role("heading", name=heading, exact=True)).to_be_visible()
    assert page.get_by_role("heading", name="Approved already").count() == 0


def rows(page: Page) -> list[list[str]]:
    """Return the cells of the table of a gate."""
    table = page.get_by_role("table").filter(has_text="Source server").first
    return [[cell.inner_text() for cell in row.locator("th, td").all()] for row in table.locator("tr").all()]


def command_line(world: World, *arguments: str) -> str:
    """Return what a command of ours writes, to both of its streams."""
    command = [sys.executable, "-m", "drs_recovery", *arguments]
    done = subprocess.run(
        command, env=world.stack.env_of("alice"), capture_output=True, check=False, timeout=LIMIT
    )
    assert done.returncode == 0, done.stderr
    return (done.stdout + done.stderr).decode()


def hidden(text: str) -> set[str]:
    """Return the characters that a terminal obeys, or nobody sees."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Zl", "Zp"}} - {"\n"}


@pytest.mark.parametrize(
    "asked",
    [{}, {"execution_type": "RECOVERY", "confirm": PLAN}],
    ids=["DRILL", "RECOVERY"],
)
def test_an_execution_of_hostile_names_is_read_and_approved_like_any_other(
    world: World, tmp_path: Path, asked: dict[str, str]
) -> None:
    """Its gates show rows and columns as they are, evaluate nothing, link nowhere; it ends COMPLETED."""
    name_in_drs(world, NAME)
    run = world.start(PLAN, reason=REASON, **asked)
    try:
        run.wait_for(GATE, "deferred")
        assert run.record["reason"] == REASON
        time.sleep(HOLD)
        with world.browser("alice") as page:
            look_at_the_plan(world, page)
            page.screenshot(path=tmp_path / "plan.png")
            open_gate(page, world.stack.airflow_url, *run.task(GATE))
            check_page(page, [f"Starts on approval: {WAVES[1]}", "So far", "Who may answer"])
            head, first, second = rows(page)
            assert head == ["Source server", "Hostname", "Name"]
            assert first[:2] == [SERVER, "app-1.shop.example"]
            assert first[2].replace("\\x1b", "\x1b").replace("\\u202e", "\u202e").split() == NAME.split()
            assert second == ["s-00000000000app002", "app-2.shop.example", "shop-app-2"]
            page.screenshot(path=tmp_path / "gate.png")
            answer_gate(page, "Approve", f"{REASON[:300]} seen")
        finish(world, run)
    finally:
        name_in_drs(world, "shop-app-1")
        world.terminate_all()


def look_at_the_plan(world: World, page: Page) -> None:
    """See the DAG's own page, of which the plan's file is the author."""
    page.goto(f"{world.stack.airflow_url}/dags/{PLAN}")
    page.get_by_role("button", name="Dag Docs").click()
    expect(page.get_by_text("Recovers into")).to_be_visible()
    check_page(page, [])
    table = page.get_by_role("table").filter(has_text="Starts after").first
    assert [row.locator("th, td").count() for row in table.locator("tr").all()] == [7] * 5
    expect(page.get_by_role("heading", name="A heading that is none")).to_have_count(0)


def finish(world: World, run: Run) -> None:
    """Approve the next gate by REST, and see how the execution ended, there and in a terminal."""
    run.wait_for(LATER, "deferred")
    time.sleep(HOLD)
    world.user("alice").answer(*run.task(LATER), reason=REASON[:500]).raise_for_status()
    assert run.wait_for_end() == "success"
    assert until("the end on record", lambda: run.record.get("outcome"))
    assert (run.record["status"], run.statuses) == ("COMPLETED", ["COMPLETED"] * 4)
    tags = [start["parameters"]["tags"]["recovery:wave"] for start in run.starts]
    assert tags == [f"{number:02}-{group_id(name)}" for number, name in enumerate(WAVES)]
    for command in (["show", run.record["executionId"]], ["list", PLAN], ["show", PLAN, "--json"]):
        reported = command_line(world, *command)
        assert not hidden(reported), command
        assert "COMPLETED" in reported
    assert r"\x1b[2J" in command_line(world, "show", PLAN)
