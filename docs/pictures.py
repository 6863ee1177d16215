"""Takes the README's pictures of the real thing: a drill of the web shop, on a stack of its own."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = Path(__file__).parent / "pictures"
sys.path.insert(0, str(ROOT))

from launcher.stack import Stack  # noqa: E402
from tests.airflow_rest import HOLD, Airflow  # noqa: E402
from tests.integration.browser import open_gate, signed_in  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import FloatRect, Locator

PLAN, WIDTH, MARGIN = "web_shop", 100, 20
GATES = ("appwave2.approve", "webwave3.approve")


def main() -> None:
    """Run a drill; take its graph and its gate in the browser, and its record in the terminal."""
    with (
        TemporaryDirectory(prefix="pictures-") as home,
        Stack(Path(home), speed="60", plans=plans_in(Path(home)), console=Console()) as stack,
    ):
        alice = Airflow(stack.airflow_url, "alice", stack.passwords["alice"])
        run_id = alice.trigger(PLAN, "drill-before-the-audit", reason="quarterly drill").json()["dag_run_id"]
        alice.wait_for_task(PLAN, run_id, GATES[0], "deferred", seconds=120)
        take_graph(stack, run_id)
        take_gate(stack, run_id)
        for gate in GATES:
            alice.wait_for_task(PLAN, run_id, gate, "deferred", seconds=120)
            time.sleep(HOLD)
            alice.answer(PLAN, run_id, gate, reason="checked").raise_for_status()
        alice.wait_for_end(PLAN, run_id, seconds=120)
        take_record(stack)


def plans_in(home: Path) -> Path:
    """Return a folder with the plan alone, without its schedule.

    Airflow would run the missed slot of the schedule at once, and its late drill would stand in the grid.
    """
    folder = home / "plans"
    folder.mkdir()
    lines = (ROOT / "dags" / "plans" / f"{PLAN}.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("drill_schedule:")]
    (folder / f"{PLAN}.yaml").write_text("".join(kept))
    return folder


def take_graph(stack: Stack, run_id: str) -> None:
    """Take the graph of the run, opened at the wave whose gate waits."""
    with signed_in(stack.airflow_url, "alice", stack.passwords["alice"]) as page:
        page.set_viewport_size({"width": 1500, "height": 640})
        page.goto(f"{stack.airflow_url}/dags/{PLAN}/runs/{run_id}")
        for name in ("Show Graph", "Expand all task groups", "Collapse Details Panel"):
            page.get_by_role("button", name=name).click()
            page.wait_for_timeout(1000)
        groups = page.get_by_role("button", name="- 3 Tasks")
        for finished_or_to_come in (groups.last, groups.first):
            finished_or_to_come.click()
            page.wait_for_timeout(1000)
        page.get_by_role("button", name="Fit View").click()
        page.wait_for_timeout(1500)
        page.screenshot(path=PICTURES / "graph.png", clip=around(page.locator(".react-flow__node")))


def around(nodes: Locator) -> FloatRect:
    """Return the rectangle around some elements, with a margin."""
    boxes = [box for node in nodes.all() if (box := node.bounding_box())]
    left, top = (min(box[side] for box in boxes) - MARGIN for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + MARGIN
    bottom = max(box["y"] + box["height"] for box in boxes) + MARGIN
    return {"x": left, "y": top, "width": right - left, "height": bottom - top}


def take_gate(stack: Stack, run_id: str) -> None:
    """Take the page of a gate that waits, with the grid of its run beside it."""
    with signed_in(stack.airflow_url, "alice", stack.passwords["alice"]) as page:
        page.set_viewport_size({"width": 1300, "height": 960})
        open_gate(page, stack.airflow_url, PLAN, run_id, GATES[0])
        page.wait_for_timeout(2000)
        page.screenshot(path=PICTURES / "gate.png")


def take_record(stack: Stack) -> None:
    """Take what `recovery show` says at the end: the waves, then the record with its audit trail."""
    command = [sys.executable, "-m", "drs_recovery", "show", PLAN]
    env = stack.env_of("alice") | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    shown = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout  # noqa: S603
    text = Text.from_ansi(f"$ recovery show {PLAN}\n{shown}")
    waves, record = text.divide([text.plain.index("\nRecord\n")])
    save(waves, "run.svg", "A drill of the web shop")
    save(record, "record.svg", "Its record and audit trail")


def save(text: Text, name: str, title: str) -> None:
    """Save text as the picture of a terminal."""
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(text)
    console.save_svg(str(PICTURES / name), title=title)


if __name__ == "__main__":
    main()
