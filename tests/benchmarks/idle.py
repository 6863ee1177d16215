"""Idle: what each component costs of a core and of memory while nothing happens, and how often AWS is called.

One stack with the shipped settings, to which plans are added. What is measured is time on the processor,
which other work on the machine changes little, once Airflow has read all plans.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from rich.table import Table

from drs_simulator.client import Control
from launcher.airflow_api import AirflowApi
from launcher.environment import ROOT
from launcher.stack import ADMIN, DAG_FILES, Stack
from launcher.state import read_state
from tests.airflow_rest import until
from tests.benchmarks.memory import memory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

SIZES = (1, 100, 1000)
COMPONENTS = ("dag-processor", "scheduler", "triggerer", "api-server", "postgresql", "local-aws")
WINDOW = 120.0
"""Seconds; two runs of the maintenance are in any such time."""
REST = 30.0
"""Seconds after the last DAG is there, for what follows upon it."""
LONGEST = 1800
"""Seconds in which all plans must be there."""


def measure(console: Console) -> None:
    """Start a stack, add plans, and print what each component costs at rest."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        home = Path(folder)
        plans = home / "plans"
        plans.mkdir()
        bench = Bench(plans, console)
        bench.write(SIZES[0])
        with Stack(home, plans=plans, console=console) as stack:
            rows = [bench.measured(stack, size) for size in SIZES]
    _print(console, rows)


@dataclass(frozen=True)
class Row:
    """A number of plans, the seconds until all could be triggered, and what each part costs then.

    ``shares`` are of a core, ``memory`` is in bytes, ``calls`` are those to AWS in an hour, by operation.
    """

    plans: int
    there: float
    shares: dict[str, float]
    memory: dict[str, int]
    calls: Counter[str]


class Bench:
    """Plans in a folder, alike but for their ids, and without a schedule: nothing is due."""

    def __init__(self, plans: Path, console: Console) -> None:
        self.plans = plans
        self.console = console
        text = (ROOT / "dags" / "plans" / "web_shop.yaml").read_text()
        self.text = "".join(line for line in text.splitlines(keepends=True) if "drill_" not in line)

    def write(self, size: int) -> None:
        """Add plans until there are so many."""
        for number in range(size):
            file = self.plans / f"plan_{number:04}.yaml"
            if not file.exists():
                file.write_text(self.text)

    def measured(self, stack: Stack, size: int) -> Row:
        """Add plans, wait until Airflow has them, and measure."""
        begin = time.monotonic()
        with AirflowApi(stack.airflow_url, ADMIN, stack.passwords[ADMIN]) as airflow:
            with self.console.status(f"adding plans: {size}"):
                self.write(size)
                wanted = size + len(DAG_FILES) - 1
                until(f"{size} plans", lambda: airflow.dags() >= wanted, LONGEST, 0.5)
            there = time.monotonic() - begin
        with self.console.status(f"resting with {size} plans"):
            time.sleep(REST)
            with Control(stack.aws_url) as control:
                control.clear_requests()
                before, start = dict(_seconds(stack)), time.monotonic()
                time.sleep(WINDOW)
                after, took = dict(_seconds(stack)), time.monotonic() - start
                calls = Counter(str(request["operation"]) for request in control.requests())
        shares = {name: (after[name] - before[name]) / took for name in COMPONENTS}
        hourly = Counter({name: round(number * 3600 / took) for name, number in calls.items()})
        return Row(size, there, shares, dict(memory(stack)), hourly)


def _seconds(stack: Stack) -> Iterator[tuple[str, float]]:
    """Yield how long each component was on the processor, with all that it started."""
    state = read_state(stack.home)
    if state is None:
        raise RuntimeError("the stack is gone")
    pids = {child.name: child.pid for child in state.children}
    pids["postgresql"] = int((stack.home.database / "postmaster.pid").read_text().split()[0])
    for name in COMPONENTS:
        process = psutil.Process(pids[name])
        yield name, sum(map(_time, [process, *process.children(recursive=True)]))


def _time(process: psutil.Process) -> float:
    try:
        return sum(process.cpu_times()[:4])
    except psutil.NoSuchProcess:
        return 0.0


def _print(console: Console, rows: list[Row]) -> None:
    table = Table(
        "component",
        *(f"{row.plans:,} plans" for row in rows),
        title="Idle: per cent of a core, memory, calls to AWS",
        caption=f"Time on the processor in {WINDOW:.0f} s in which no plan changes, but for the maintenance "
        "every minute; the last row: until all plans could be triggered after their files were written",
        title_justify="left",
        caption_justify="left",
    )
    for name in COMPONENTS:
        table.add_row(name, *(f"{row.shares[name] * 100:.1f}" for row in rows))
    table.add_section()
    for name in rows[0].memory:
        table.add_row(f"{name}, MiB", *(f"{row.memory[name] / 2**20:.0f}" for row in rows))
    table.add_section()
    for name in sorted({name for row in rows for name in row.calls}):
        table.add_row(f"{name}, calls an hour", *(f"{row.calls[name]:,}" for row in rows))
    table.add_row("all plans there, s", *(f"{row.there:.0f}" for row in rows), end_section=True)
    console.print(table)
