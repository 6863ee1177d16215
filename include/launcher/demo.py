"""``make demo``: a drill of the web shop in an installation of its own, which is gone afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

from launcher.environment import ROOT
from launcher.errors import LauncherError
from launcher.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from launcher.console import Console

PLAN = "web_shop"
PERSON = "alice"
REASON = "make demo"
# A job of local AWS then takes no longer than the ten seconds that a wave is held in any case
SPEED = "120"


class DemoFailed(LauncherError):
    """A drill that did not end COMPLETED, or whose instances were not terminated."""


def demo(console: Console) -> int:
    """Run the drill; returns 0 only if the record says COMPLETED and its instances are gone."""
    home = Path(tempfile.mkdtemp(prefix="recovery-demo-"))
    seconds: dict[str, float] = {}
    stack = Stack(home, speed=SPEED, console=console)
    try:
        with _timed(seconds, "everything"):
            _drill(stack, console, seconds)
    except Exception:
        console.print(f"The logs are kept in {stack.home.logs}", highlight=False, soft_wrap=True)
        raise
    except BaseException:
        shutil.rmtree(home)
        raise
    shutil.rmtree(home)
    took = Table("step", "seconds", title="What took how long", title_justify="left")
    for step, spent in seconds.items():
        took.add_row(step, f"{spent:.1f}")
    console.print(took)
    return 0


def _drill(stack: Stack, console: Console, seconds: dict[str, float]) -> None:
    console.rule("Starting PostgreSQL, local AWS and Airflow")
    try:
        with _timed(seconds, "starting"):
            stack.start()
        console.print(f"Airflow is at {stack.airflow_url}, local AWS at {stack.aws_url}", highlight=False)
        console.rule(f"A drill of {PLAN}, as {PERSON}")
        with _timed(seconds, "the drill"):
            code = _recovery(stack, "run", PLAN, "--approve", "--reason", REASON)
        execution = _execution_on_record(stack)
        console.rule("The execution record")
        _recovery(stack, "show", execution["executionId"])
        console.rule("Terminating the drill's recovery instances")
        with _timed(seconds, "terminating the drill's instances"):
            cleaned = _recovery(stack, "clean-up", execution["executionId"], "--reason", REASON) == 0
    finally:
        with _timed(seconds, "stopping"):
            stack.stop()
    if code or execution["status"] != "COMPLETED":
        raise DemoFailed(f"the drill ended {execution['status']}: {execution.get('outcome', 'no outcome')}")
    if not cleaned:
        raise DemoFailed("the drill's recovery instances were not terminated")


def _execution_on_record(stack: Stack) -> dict[str, Any]:
    """Return the execution that was asked for here, not one that the plan's schedule started."""
    answer = _recovery_json(stack, "list", PLAN, "--json")
    ours = [one for one in answer["executions"] if one["dagRunId"].startswith("manual__")]
    if not ours:
        raise DemoFailed(f"no execution of {PLAN} is on record")
    document = _recovery_json(stack, "show", ours[0]["executionId"], "--json")
    execution: dict[str, Any] = document["execution"]
    return execution


def _recovery(stack: Stack, *arguments: str) -> int:
    """Run a command of the product as the person, with its output shown; returns its exit code."""
    command = [sys.executable, "-m", "drs_recovery", *arguments]
    return subprocess.run(command, env=stack.env_of(PERSON), cwd=ROOT, check=False).returncode


def _recovery_json(stack: Stack, *arguments: str) -> Any:
    command = [sys.executable, "-m", "drs_recovery", *arguments]
    answer = subprocess.run(
        command, env=stack.env_of(PERSON), cwd=ROOT, check=False, stdout=subprocess.PIPE, text=True
    )
    if answer.returncode:
        raise DemoFailed(f"`recovery {' '.join(arguments)}` ended with exit code {answer.returncode}")
    return json.loads(answer.stdout)


@contextmanager
def _timed(seconds: dict[str, float], step: str) -> Iterator[None]:
    begin = time.monotonic()
    try:
        yield
    finally:
        seconds[step] = time.monotonic() - begin
