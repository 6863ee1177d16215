"""`check`: every problem and warning of plan files, each with its place, and when they drill next."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group

from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.paper import Text
from drs_recovery.cli.regions import unknown_regions
from drs_recovery.clock import now
from drs_recovery.errors import PlanError
from drs_recovery.plan import Plan, files_of_stem, read_plan, read_plans
from drs_recovery.plan.schedule import next_dates
from drs_recovery.plan.warnings import warnings
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.cli.screen import Screen

PLANS = Path("dags/plans")
PROBLEM = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?:warning: )?(?P<message>.*)", re.DOTALL)


def check(screen: Screen, paths: Sequence[Path]) -> Exit:
    """Read plan files, and all those of folders; show problems, warnings, and when they drill next."""
    plans: dict[Path, Plan] = {}
    problems: list[str] = []
    for path in paths or [PLANS]:
        for file, found in _read_path(path):
            if isinstance(found, PlanError):
                problems += [problem for problem in found.problems if problem not in problems]
            else:
                plans[file] = found
    folders = [path for path in paths or [PLANS] if path.is_dir()]
    odd = [str(warning) for warning in [*warnings(plans, folders), *unknown_regions(plans)]]
    drills = {
        plan.id: next_dates(plan.drill_schedule, now()) for plan in plans.values() if plan.drill_schedule
    }
    # A place is for editors to jump to: one line each, however long
    shown = [Text(line, overflow="ignore", no_wrap=True) for line in [*problems, *odd]]
    names = [plan.id for plan in plans.values()]
    document = {
        "plans": names,
        "problems": [_document(problem) for problem in problems],
        "warnings": [_document(warning) for warning in odd],
        "nextDrills": {plan: [date.isoformat() for date in dates] for plan, dates in drills.items()},
    }
    screen.result(document, Group(*shown, *_next_drills(drills), _summary(names, problems, odd)))
    return Exit.NOT_RECOVERED if problems else Exit.OK


def _read_path(path: Path) -> list[tuple[Path, Plan | PlanError]]:
    """Return what a path holds; raises UsageError for one that cannot be read."""
    try:
        return list(_plans_of(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _plans_of(path: Path) -> Iterator[tuple[Path, Plan | PlanError]]:
    if path.is_dir():
        found = read_plans(path)
        if not found:
            raise UsageError(f"{path}: no plan file, *.yaml or *.yml, in this folder{_below(path)}")
        for stem, plan in found.items():
            yield next(iter(files_of_stem(path, stem)), path / stem), plan
        return
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    try:
        yield path, read_plan(path)
    except PlanError as error:
        yield path, error


def _below(folder: Path) -> str:
    """Return where the plans may be that a folder does not have."""
    found = [str(warning.file) for warning in warnings({}, [folder])]
    return f"; passed over: {listed(found)}" if found else ""


def _next_drills(drills: Mapping[str, Sequence[datetime]]) -> Iterator[Text]:
    for plan, dates in drills.items():
        yield Text(f"{plan} drills next at {', '.join(f'{date:%a %Y-%m-%d %H:%M}' for date in dates)} (UTC)")


def _summary(plans: Sequence[str], problems: Sequence[str], odd: Sequence[str]) -> Text:
    good = f"{plural(len(plans), 'plan')} without problems"
    also = f", {plural(len(odd), 'warning')}" if odd else ""
    if problems:
        return Text(f"{plural(len(problems), 'problem')}{also}, {good}", style="bold red")
    return Text(f"{good}{also}: {', '.join(plans)}", style="green")


def _document(problem: str) -> dict[str, Any]:
    if place := PROBLEM.fullmatch(problem):
        return {
            "file": place["file"],
            "line": int(place["line"]),
            "column": int(place["column"]),
            "message": place["message"],
        }
    return {"message": problem}
