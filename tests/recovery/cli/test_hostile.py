"""No word of a record moves the cursor of whoever reads it, hides there, or looks like a line of ours."""

from __future__ import annotations

import json
import re
import unicodedata
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from rich.cells import cell_len
from rich.table import Table

from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.details import details
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.follow import LinesView, LiveView
from drs_recovery.cli.paper import Console, Text
from drs_recovery.cli.progress import Canvas
from drs_recovery.cli.screen import Screen
from drs_recovery.cli.watcher import Watcher
from drs_recovery.plan import Plan
from drs_recovery.record.approvals import GateRules
from drs_recovery.record.parts import Approval
from drs_recovery.report.snapshot import Snapshot, Target, WaitingGate
from drs_recovery.settings import settings
from drs_recovery.store.read_trail import read_events
from tests.hostile import TERMINAL, TRIED, texts
from tests.recovery.cli import execution_story
from tests.recovery.cli.cli_surroundings import recovery

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore
    from tests.recovery.cli.execution_story import Story

SAID = "shop " + " ".join(TERMINAL) + " COMPLETED"
OWN = re.compile(
    r"\x1b\[(\d+;)*\d*m|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\r"
    r"|\x1b\]8;id=\d+;[!-~]*\x1b\\|\x1b\]8;;\x1b\\"
)
"""What rich writes by itself: colours, the cursor of a live picture, and links to addresses."""

FREE = frozenset(
    {"reason", "requestedBy", "outcome", "detail", "actor", "hostname", "name", "error", "failure", "phase"}
    | {"message", "by", "check", "refusal", "waveName", "planName", "privateIp"}
)
"""What people, DRS, AWS and Airflow put into a record in words of their own."""


def hidden(text: str) -> set[str]:
    """Return the characters that a terminal obeys, or nobody sees."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


def spoilt(value: Any) -> Any:
    """Return an item of the table with hostile words wherever words are free."""
    if "M" in value:
        return {"M": {key: _free(key, one) for key, one in value["M"].items()}}
    return {"L": [spoilt(one) for one in value["L"]]} if "L" in value else value


def _free(key: str, value: Any) -> Any:
    return {"S": SAID} if key in FREE and "S" in value else spoilt(value)


@pytest.fixture
def reported(store: ExecutionStore, story: Any, local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Story:
    """An execution that failed, at a gate before, whose record says the worst there is."""
    reported: Story = story().freeze().launch(0).land(0).pause(1).answer(1)
    reported.launch(1).land(1, failed={"s-00000000000app002": "no capacity"}).finish()
    client = local_aws.client("dynamodb")
    for item in client.scan(TableName=settings().table)["Items"]:
        if not item["item"]["S"].startswith(("PLAN", "LOCK")):
            client.put_item(TableName=settings().table, Item=spoilt({"M": item})["M"])
    return reported


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["as text", "as JSON"])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        *(("list", Exit.OK), ("show", Exit.OK), ("watch", Exit.NOT_RECOVERED)),
        *((command, Exit.REFUSED) for command in ("approve", "reject", "cancel")),
        *(("clean-up", Exit.USAGE), ("unlock", Exit.USAGE)),
    ],
)
def test_no_command_writes_anything_hidden(
    reported: Story, command: str, code: Exit, more: list[str]
) -> None:
    """Results, progress, errors and JSON, which says the same all the same."""
    arguments = {"list": ["list"], "unlock": ["unlock", "web_shop", "--reason", "it hangs"]}
    options = ["--reason", "looks right"] if command in {"approve", "reject", "cancel"} else []
    result = recovery(*arguments.get(command, [command, reported.id, *options]), *more)
    assert result.exit_code == code
    assert result.output.strip()
    assert not hidden(result.output)
    if more:
        json.loads(result.stdout)


def test_json_holds_what_is_on_record(reported: Story) -> None:
    """Escaped, and not changed."""
    document = json.loads(recovery("show", reported.id, "--json").stdout)
    assert "error" not in document, document
    assert document["execution"]["reason"] == SAID
    assert document["servers"][0]["hostname"] == SAID


def snapshot(reported: Story) -> Snapshot:
    """Return how the execution stands, with a gate and a note that say the worst too."""
    seen = Watcher(reported.store, Target("web_shop", reported.run_id), AirflowView(None)).look()
    rules = GateRules((SAID,), needed=2, break_glass=(SAID,), excluded=SAID)
    given = (Approval(decision="APPROVED", by=SAID, time=seen.at),)
    gate = WaitingGate(SAID, "w.approve", "http://a/b", rules=rules, given=given, note=SAID)
    return Snapshot(seen.target, seen.at, seen.execution, seen.servers, (gate,), notes=(SAID,), stranded=SAID)


@pytest.mark.parametrize("view", [LiveView, LinesView])
def test_a_terminal_gets_no_codes_but_our_own(reported: Story, width: int, view: Any) -> None:
    """In colours, in a live picture that is drawn over itself, and in lines."""
    paper = Console(file=StringIO(), force_terminal=True, width=width, height=40, color_system="truecolor")
    with view(Screen(out=paper)) as shown:
        shown.show(snapshot(reported))
    paper.print(details(snapshot(reported), reported.store.run(read_events(reported.id)), Canvas.of(paper)))
    written = paper.file.getvalue()
    assert "\x1b[" in written
    assert not hidden(OWN.sub("", written))
    assert r"\x1b[2J" in written
    assert r"\u202e" in written


def test_what_is_shown_has_the_width_that_was_counted(reported: Story, width: int) -> None:
    """A column is as wide as what is shown of a value, so nothing runs over the edge."""
    paper = Console(file=StringIO(), width=width, record=True)
    paper.print(details(snapshot(reported), reported.store.run(read_events(reported.id)), Canvas.of(paper)))
    lines = paper.export_text().splitlines()
    assert max(map(cell_len, (line for line in lines if "http" not in line))) <= width


@TRIED
@given(texts().filter(lambda text: len(text) < 300))
def test_a_value_is_one_line_of_a_text(value: str) -> None:
    """A line is broken by a line break of ours, and by nothing else; a table of plain text is safe too."""
    shown = Text("a ").append(value).append("\n").append("b")
    assert shown.plain.count("\n") == (1 if value.strip("\n") else 1 + len(value))
    assert not hidden(shown.plain)
    paper = Console(file=StringIO(), width=200)
    table = Table()
    table.add_row(value)
    paper.print(table, value, Text(value), markup=False)
    assert not hidden(paper.file.getvalue())


def test_a_hostile_plan_is_checked_and_followed(
    store: ExecutionStore, story: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of waves that a plan file may hold: right to left, braces, bars, 200 characters."""
    plan = Plan.model_validate(
        {**execution_story.SHOP.model_dump(), "waves": [
            {"name": name, "servers": [f"s-{number:017}"]}
            for number, name in enumerate(["{{ x }} | ` |", "שכבת היישום", "長" * 200])
        ]}
    )  # fmt: skip
    for number, wave in enumerate(plan.waves):
        monkeypatch.setitem(execution_story.FLEET, wave.name, ((f"s-{number:017}", SAID, SAID),))
    execution = story(plan=plan).freeze().launch(0).land(0)
    result = recovery("show", execution.id)
    assert (result.exit_code, hidden(result.output)) == (0, set())
    assert "長長長" in result.output
