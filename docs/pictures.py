"""Takes the README's pictures of the real thing: a drill of the web shop, on a stack of its own."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parents[1]
PICTURES = Path(__file__).parent / "pictures"
sys.path.insert(0, str(ROOT / "tests" / "integration"))

from browser import open_gate, signed_in  # noqa: E402
from rest import HOLD, Airflow  # noqa: E402

from launcher.stack import Stack  # noqa: E402

PLAN, WIDTH = "web_shop", 100
GATES = ("appwave2.approve", "webwave3.approve")


def main() -> None:
    """Run a drill; take its gate in the browser, its run in the grid, and its record in the terminal."""
    with (
        TemporaryDirectory(prefix="pictures-") as home,
        Stack(Path(home), speed="60", console=Console()) as stack,
    ):
        alice = Airflow(stack.airflow_url, "alice", stack.passwords["alice"])
        run_id = alice.trigger(PLAN, "drill-before-the-audit", reason="quarterly drill").json()["dag_run_id"]
        alice.wait_for_task(PLAN, run_id, GATES[0], "awaiting_input", seconds=120)
        take_gate(stack, run_id)
        for gate in GATES:
            alice.wait_for_task(PLAN, run_id, gate, "awaiting_input", seconds=120)
            time.sleep(HOLD)
            alice.answer(PLAN, run_id, gate, reason="checked").raise_for_status()
        alice.wait_for_end(PLAN, run_id, seconds=120)
        take_record(stack)


def take_gate(stack: Stack, run_id: str) -> None:
    """Take the page of a gate that waits, with the grid of its run beside it."""
    with signed_in(stack.airflow_url, "alice", stack.passwords["alice"]) as page:
        page.set_viewport_size({"width": 1300, "height": 960})
        open_gate(page, stack.airflow_url, PLAN, run_id, GATES[0])
        page.wait_for_timeout(2000)
        page.screenshot(path=PICTURES / "gate.png")


def take_record(stack: Stack) -> None:
    """Take what `recovery show` says at the end."""
    command = [sys.executable, "-m", "recovery", "show", PLAN]
    env = stack.env_of("alice") | {"FORCE_COLOR": "1", "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    shown = subprocess.run(command, env=env, check=True, capture_output=True, text=True).stdout  # noqa: S603
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(Text.from_ansi(f"$ python -m recovery show {PLAN}\n{shown}"))
    console.save_svg(str(PICTURES / "run.svg"), title="A drill of the web shop")


if __name__ == "__main__":
    main()
