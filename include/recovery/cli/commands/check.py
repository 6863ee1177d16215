"""`check`: every problem of plan files, each with its place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from recovery.cli.exits import Exit, Misused
from recovery.errors import PlanError
from recovery.plan import Plan, read_plan, read_plans

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from recovery.cli.screen import Screen

PLANS = Path("dags/plans")
PROBLEM = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?P<message>.*)", re.DOTALL)


def check(screen: Screen, paths: Sequence[Path]) -> Exit:
    """Read plan files, and all those of folders; tell what is wrong."""
    plans: list[str] = []
    problems: list[str] = []
    for path in paths or [PLANS]:
        for stem, found in _read(path):
            if isinstance(found, PlanError):
                problems += [problem for problem in found.problems if problem not in problems]
            else:
                plans.append(stem)
    # A place is for editors to jump to: one line each, however long
    shown = [Text(problem, overflow="ignore", no_wrap=True) for problem in problems]
    screen.result(
        {"plans": plans, "problems": [_document(problem) for problem in problems]},
        Group(*shown, _verdict(plans, problems)),
    )
    return Exit.NOT_RECOVERED if problems else Exit.OK


def _read(path: Path) -> Iterator[tuple[str, Plan | PlanError]]:
    if path.is_dir():
        found = read_plans(path)
        if not found:
            raise Misused(f"{path}: no plan file, *.yaml or *.yml, in this folder")
        yield from found.items()
        return
    if not path.exists():
        raise Misused(f"{path}: no such file or folder")
    try:
        yield path.stem, read_plan(path)
    except PlanError as error:
        yield path.stem, error


def _verdict(plans: Sequence[str], problems: Sequence[str]) -> Text:
    good = f"{len(plans)} plan{'' if len(plans) == 1 else 's'} without problems"
    if problems:
        return Text(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}, {good}", style="bold red")
    return Text(f"{good}: {', '.join(plans)}", style="green")


def _document(problem: str) -> dict[str, Any]:
    if place := PROBLEM.fullmatch(problem):
        return {
            "file": place["file"],
            "line": int(place["line"]),
            "column": int(place["column"]),
            "message": place["message"],
        }
    return {"message": problem}
