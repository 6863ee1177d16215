"""A command: from its start to the end of its output, as a person at a terminal waits for it."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from statistics import median
from typing import TYPE_CHECKING

import boto3
from rich.table import Table

from drs_recovery.settings import settings
from drs_recovery.store.table import create_table
from launcher.environment import LOCAL_AWS_ACCOUNT, ROOT
from tests.simulator.process import simulator_process

if TYPE_CHECKING:
    from rich.console import Console

ROUNDS = 15
COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "recovery --help": ("-m", "drs_recovery", "--help"),
    "recovery list": ("-m", "drs_recovery", "list"),
    "recovery queue": ("-m", "drs_recovery", "queue"),
    "recovery check": ("-m", "drs_recovery", "check", str(ROOT / "dags" / "plans")),
}
"""All of them but one import the product; a person waits most often for the list."""


def measure(console: Console) -> None:
    """Run each command in turn, several times, against a local AWS with an empty table."""
    os.environ.update(LOCAL_AWS_ACCOUNT)
    with simulator_process("--port", "0", "--speed", "immediate") as (_, url):
        os.environ["AWS_ENDPOINT_URL"] = url
        create_table(boto3.client("dynamodb"), settings().table)
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
        with console.status("running commands"):
            for _ in range(ROUNDS):
                for name, arguments in COMMANDS.items():
                    took[name].append(_run(*arguments))
    table = Table("command", "median s", "most s", "work, median s", title="Commands", title_justify="left")
    for name, rounds in took.items():
        wall, work = zip(*rounds, strict=True)
        table.add_row(name, f"{median(wall):.2f}", f"{max(wall):.2f}", f"{median(work):.2f}")
    console.print(table)


def _run(*arguments: str) -> tuple[float, float]:
    """Return the seconds that a command took, and those on the processor; raises if it fails."""
    before, begin = _work(), time.monotonic()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - begin, _work() - before


def _work() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
