"""Plan files and folders of them, read into plans; all that is wrong is reported at once, with its place."""

from __future__ import annotations

import logging
import os
from itertools import groupby
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from drs_recovery.errors import PlanError
from drs_recovery.names import complaint_of_dag_id
from drs_recovery.plan.document import parse, place_of
from drs_recovery.plan.explain import content_of, group_of
from drs_recovery.plan.group_use import GroupUse
from drs_recovery.plan.groups import Group, contradictions, groups_beside, repeated
from drs_recovery.plan.models import Plan
from drs_recovery.plan.plain_file import NoPlainFile, plain_bytes
from drs_recovery.plan.problems import MOST_PROBLEMS, Mark, Problem, Rejected
from drs_recovery.text.lists import quoted
from drs_recovery.text.visible import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")

log = logging.getLogger(__name__)

SUFFIXES = (".yaml", ".yml")
LARGEST = 256 * 1024
"""Bytes of a plan file; a plan with 100 waves of 50 servers has a quarter of that."""


def read_plan(path: Path) -> Plan:
    """Return the plan in a file; raises PlanError with every problem as ``file:line:col: message``.

    The groups that it uses are read with it, and their problems are problems of the plan. The name of the
    file and its content are each validated once; the plan is made of both as they are.
    """
    folder = groups_beside(path.parent)
    groups = GroupUse(folder, lambda group: _group_of(folder, group), lambda: _ids_of(folder))
    problems = _problems_of_name(path)
    try:
        root, found = parse(text_of(path))
        problems += found
        groups.resolve(root)
        content = content_of(root)
    except Rejected as rejected:
        problems += [*groups.problems, *rejected.problems]
        raise PlanError([*_lines(path, problems), *groups.of_groups]) from rejected
    if problems := problems + groups.problems:
        raise PlanError([*_lines(path, problems), *groups.of_groups])
    return Plan.model_construct(id=path.stem, **dict(content))


def read_group(path: Path) -> Group:
    """Return the group in a file; raises PlanError with every problem as ``file:line:col: message``."""
    problems = _problems_of_name(path, "group")
    try:
        root, found = parse(text_of(path, "group"), "group")
        problems += found
        content = group_of(root)
        problems += repeated(root) + contradictions(root)
    except Rejected as rejected:
        problems += rejected.problems
        raise PlanError(_lines(path, problems)) from rejected
    if problems:
        raise PlanError(_lines(path, problems))
    return Group.model_construct(id=path.stem, **dict(content))


def read_groups(folder: Path) -> dict[str, Group | PlanError]:
    """Return the group, or what is wrong with it, of every ``*.yaml`` and ``*.yml`` of a folder.

    It never raises: without a folder there are no groups.
    """
    found = {stem: _group_of(folder, stem) for stem in _ids_of(folder)}
    return {stem: group for stem, group in found.items() if group is not None}


def _group_of(folder: Path, stem: str) -> Group | PlanError | None:
    """Return the group of an id, or what is wrong with it; None if it has no file."""
    outcomes = [_outcome(path, read_group) for path in files_of_stem(folder, stem)]
    lines = [line for error in outcomes if isinstance(error, PlanError) for line in error.problems]
    return PlanError(lines) if lines else next(iter(outcomes), None)


def _ids_of(folder: Path) -> list[str]:
    try:
        return sorted(plan_stems(folder))
    except OSError:
        return []


def read_plans(folder: Path, *, only: str | None = None) -> dict[str, Plan | PlanError]:
    """Return the plan, or what is wrong with it, of every ``*.yaml`` and ``*.yml`` of a folder; never raises.

    Keys are file stems, in order; a stem that is no DAG id is a key too, with its error. A folder that cannot
    be listed is one error, under the folder's name. Hidden files are passed over. With ``only``, the plan of
    that stem is looked for and nothing else, in a time that does not depend on the number of plans.
    """
    try:
        paths = _plan_files(folder) if only is None else files_of_stem(folder, only)
    except (OSError, ValueError) as error:
        return {folder.absolute().name: PlanError(_lines(folder, [_unreadable(error)]))}
    return {stem: _of_one_stem(files) for stem, files in groupby(paths, key=lambda path: path.stem)}


def check_files(paths: Iterable[Path]) -> list[str]:
    """Return every problem of some plan files and of those in some folders, as ``file:line:col: message``."""
    lines = [line for path in paths for line in _check(path)]
    return list(dict.fromkeys(lines))


def _check(path: Path) -> list[str]:
    if not os.path.isdir(path):  # noqa: PTH112 - Path.is_dir raises where the folder above is closed to us
        outcomes = [_outcome(path, read_plan)]
    elif not (outcomes := [*read_plans(path).values()]):
        return _lines(path, [Problem(Mark(), "no plan is in this folder: no *.yaml and no *.yml")])
    return [line for error in outcomes if isinstance(error, PlanError) for line in error.problems]


def _plan_files(folder: Path) -> list[Path]:
    files = [path for path in folder.iterdir() if is_plan_file(path)]
    return sorted(files, key=lambda path: (path.stem, path.suffix))


def is_plan_file(path: PurePath) -> bool:
    """Whether a file in the folder of plans is a plan, by its name."""
    return path.suffix in SUFFIXES and not path.name.startswith(".")


def plan_stems(folder: Path) -> frozenset[str]:
    """Return the stems of all plan files of a folder, readable or not; raises OSError."""
    return frozenset(path.stem for path in _plan_files(folder))


def files_of_stem(folder: Path, stem: str) -> list[Path]:
    """Return the plan files of a stem: one, or none, or two by mistake."""
    if stem.startswith(".") or Path(stem).name != stem:
        return []
    return [path for suffix in SUFFIXES if os.path.lexists(path := folder / f"{stem}{suffix}")]


def _of_one_stem(paths: Iterable[Path]) -> Plan | PlanError:
    outcomes = [_outcome(path, read_plan) for path in paths]
    lines = [line for error in outcomes if isinstance(error, PlanError) for line in error.problems]
    return PlanError(lines) if lines else outcomes[0]


def _outcome(path: Path, read: Callable[[Path], T]) -> T | PlanError:
    try:
        return read(path)
    except PlanError as error:
        return error
    except Exception as error:  # one bad plan never hurts another, not even by a mistake of ours
        log.exception("The file %s cannot be read", path)
        message = f"cannot be read: {type(error).__name__}: {error}"
        return PlanError(_lines(path, [Problem(Mark(), message)]))


def _problems_of_name(path: Path, noun: str = "plan") -> list[Problem]:
    messages = []
    same = "would have the same DAG id" if noun == "plan" else "would be the same group"
    if complaint := complaint_of_dag_id(path.stem):
        messages.append(f"the file's stem, {quoted(path.stem)}, {complaint}")
    if path.suffix not in SUFFIXES:
        messages.append(f"the suffix is {quoted(path.suffix)}; a plan file ends with .yaml or .yml")
    others = [path.with_suffix(suffix) for suffix in SUFFIXES if path.suffix in {*SUFFIXES} - {suffix}]
    messages += [
        f"{printable(other.name)}, beside it, {same}; rename or remove one of the two"
        for other in others
        if os.path.lexists(other)
    ]
    return [Problem(Mark(), message) for message in messages]


def text_of(path: Path, noun: str = "plan") -> str:
    """Return the text of a file; raises Rejected. ``noun`` is what it holds."""
    content = _bytes_of(path, noun)
    if len(content) > LARGEST:
        raise Rejected(Problem(Mark(), f"the file is too large; at most {LARGEST // 1024} KiB are allowed"))
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        before = content[: error.start].decode()
        message = f"the byte 0x{content[error.start]:02x} is not UTF-8; save the file as UTF-8"
        raise Rejected(Problem(place_of(before, len(before)), message)) from error


def _bytes_of(path: Path, noun: str) -> bytes:
    try:
        return plain_bytes(path, LARGEST + 1, within=(path.parent,))
    except NoPlainFile as error:
        raise Rejected(Problem(Mark(), f"{error}; a {noun} is a file")) from error
    except (OSError, ValueError) as error:
        raise Rejected(_unreadable(error)) from error


def _unreadable(error: OSError | ValueError) -> Problem:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Problem(Mark(), f"cannot be read: {reason}")


def _lines(path: Path, problems: Iterable[Problem]) -> list[str]:
    ordered = sorted(set(problems))
    if len(ordered) > MOST_PROBLEMS:
        more = Problem(ordered[-1].mark, f"and more problems; these {MOST_PROBLEMS} are shown")
        ordered = [*ordered[:MOST_PROBLEMS], more]
    name = printable(str(path))
    return [f"{name}:{mark.line}:{mark.column}: {printable(message)}" for mark, message in ordered]
