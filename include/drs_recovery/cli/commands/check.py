"""`check`: every problem and warning of plans and groups, each with its place, and when plans drill next."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.console import Group as Lines

from drs_recovery.cli.exits import Exit, UsageError
from drs_recovery.cli.paper import Text
from drs_recovery.cli.plan_files import PLANS
from drs_recovery.cli.regions import unknown_regions
from drs_recovery.clock import now
from drs_recovery.errors import PlanError
from drs_recovery.plan import (
    Group,
    Plan,
    files_of_stem,
    groups_beside,
    read_group,
    read_groups,
    read_plan,
    read_plans,
)
from drs_recovery.plan.groups import FOLDER as GROUPS
from drs_recovery.plan.schedule import next_dates
from drs_recovery.plan.warnings import warnings
from drs_recovery.report.actions import action_sentences, actions_by_type
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from drs_recovery.cli.screen import Screen


PROBLEM = re.compile(r"(?P<file>.*?):(?P<line>\d+):(?P<column>\d+): (?:warning: )?(?P<message>.*)", re.DOTALL)


def check(screen: Screen, paths: Sequence[Path]) -> Exit:
    """Read plans, of folders with the groups beside them; show what is wrong, and when they drill next."""
    read = dict(found for path in paths or [PLANS] for found in _read_path(path))
    files = {file: _with_operators(file, one) for file, one in read.items()}
    plans = {file: one for file, one in files.items() if isinstance(one, Plan)}
    groups = {file: one for file, one in files.items() if isinstance(one, Group)}
    broken = [one for one in files.values() if isinstance(one, PlanError)]
    problems = list(dict.fromkeys(problem for one in broken for problem in one.problems))
    folders = [path for path in paths or [PLANS] if path.is_dir() and path.name != GROUPS]
    odd = [str(one) for one in [*warnings(plans, folders, groups), *unknown_regions(plans, groups)]]
    drills = {
        plan.id: next_dates(plan.drill_schedule, now()) for plan in plans.values() if plan.drill_schedule
    }
    # A place is for editors to jump to: one line each, however long
    shown = [Text(line, overflow="ignore", no_wrap=True) for line in [*problems, *odd]]
    names, used = [plan.id for plan in plans.values()], [group.id for group in groups.values()]
    document = {
        "plans": names,
        "groups": used,
        "problems": [_document(problem) for problem in problems],
        "warnings": [_document(warning) for warning in odd],
        "actions": {plan.id: actions_by_type(plan) for plan in plans.values() if plan.all_actions},
        "nextDrills": {plan: [date.isoformat() for date in dates] for plan, dates in drills.items()},
    }
    runs = [Text(line) for plan in plans.values() for line in action_sentences(plan)]
    screen.result(document, Lines(*shown, *_next_drills(drills), *runs, _summary(names, used, problems, odd)))
    return Exit.NOT_RECOVERED if problems else Exit.OK


def _with_operators(file: Path, found: Plan | Group | PlanError) -> Plan | Group | PlanError:
    """Return a plan, or what is wrong with the operators it names; only such a plan imports Airflow."""
    if not isinstance(found, Plan) or not any(action.operator for *_, action in found.all_actions):
        return found
    from drs_recovery.tasks.actions.problems import operator_problems  # noqa: PLC0415

    wrong = operator_problems(found, file)
    return PlanError(wrong) if wrong else found


def _read_path(path: Path) -> list[tuple[Path, Plan | Group | PlanError]]:
    """Return what a path holds; raises UsageError for one that cannot be read."""
    try:
        return list(_found_at(path))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}") from error


def _found_at(path: Path) -> Iterator[tuple[Path, Plan | Group | PlanError]]:
    """Yield the plans of a folder, and the groups beside it; what a file is, its folder says."""
    if path.is_dir() and path.name == GROUPS:
        yield from _of_folder(path, read_groups(path))
    elif path.is_dir():
        if not (found := read_plans(path)):
            raise UsageError(f"{path}: no plan file, *.yaml or *.yml, in this folder{_below(path)}")
        yield from _of_folder(path, found)
        beside = groups_beside(path)
        yield from _of_folder(beside, read_groups(beside))
    elif not path.exists():
        raise UsageError(f"{path}: no such file or folder")
    else:
        try:
            yield path, read_group(path) if path.absolute().parent.name == GROUPS else read_plan(path)
        except PlanError as error:
            yield path, error


def _of_folder(
    folder: Path, found: Mapping[str, Plan | PlanError] | Mapping[str, Group | PlanError]
) -> Iterator[tuple[Path, Plan | Group | PlanError]]:
    for stem, one in found.items():
        yield next(iter(files_of_stem(folder, stem)), folder / stem), one


def _below(folder: Path) -> str:
    """Return where the plans may be that a folder does not have."""
    found = [str(warning.file) for warning in warnings({}, [folder])]
    return f"; passed over: {listed(found)}" if found else ""


def _next_drills(drills: Mapping[str, Sequence[datetime]]) -> Iterator[Text]:
    for plan, dates in drills.items():
        yield Text(f"{plan} drills next at {', '.join(f'{date:%a %Y-%m-%d %H:%M}' for date in dates)} (UTC)")


def _summary(
    plans: Sequence[str], groups: Sequence[str], problems: Sequence[str], odd: Sequence[str]
) -> Text:
    beside = f" and {plural(len(groups), 'group')}" if groups else ""
    good = f"{plural(len(plans), 'plan')}{beside} without problems"
    also = f", {plural(len(odd), 'warning')}" if odd else ""
    if problems:
        return Text(f"{plural(len(problems), 'problem')}{also}, {good}", style="bold red")
    return Text(f"{good}{also}: {', '.join([*plans, *groups])}", style="green")


def _document(problem: str) -> dict[str, Any]:
    if place := PROBLEM.fullmatch(problem):
        return {
            "file": place["file"],
            "line": int(place["line"]),
            "column": int(place["column"]),
            "message": place["message"],
        }
    return {"message": problem}
