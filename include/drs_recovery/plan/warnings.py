"""What is allowed in plans, and most likely not meant; each function finds one such thing.

A warning keeps nobody from anything. One about a single plan goes into ``OF_A_PLAN``, one about several into
``BETWEEN_PLANS``, one about several groups into ``BETWEEN_GROUPS``, one about what lies around them into
``OF_A_FOLDER``.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import defaultdict, deque
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.names import likeness
from drs_recovery.plan.document import parse
from drs_recovery.plan.gate_rules import gate_rules
from drs_recovery.plan.problems import Mark, Rejected
from drs_recovery.plan.reader import SUFFIXES, is_plan_file, text_of
from drs_recovery.plan.schedule import either_day
from drs_recovery.plan.servers import listed_ids, tag_selections
from drs_recovery.text.lists import listed, quoted
from drs_recovery.text.visible import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping

    from drs_recovery.plan.groups import Group
    from drs_recovery.plan.models import Plan
    from drs_recovery.plan.wave import Wave

Key = tuple[str | int, ...]
"""Keys and indexes from the top of a plan down to what is warned of; empty: the file."""

JOINED = re.compile(r"[,;\s]")
IN_PROGRESS = (".swp", ".swx", ".swo", ".tmp")
"""What editors keep beside a file while it is open."""

LIKE_A_PLAN = re.compile(r"^\s*[\"']?waves[\"']?\s*:\s*(\[|#|$)", re.MULTILINE)
MOST_ENTRIES = 2000
"""Entries of a folder, and of those below it, that are looked at."""

LATIN_LIKE = str.maketrans(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u04bb\u0501\u051b"
    "\u051d\u043a\u043c\u0442\u0432\u043d\u03b1\u03bf\u03c1\u03bd\u03b9\u03ba\u03c4\u03c5",
    "aeopcyxijshdqwkmtbhaopvikty",
)
"""Letters of other alphabets, in Latin ones that nobody distinguishes from them."""


class Warned(NamedTuple):
    """A warning, and its place."""

    file: Path
    mark: Mark
    message: str

    def __str__(self) -> str:
        name = printable(str(self.file))
        return f"{name}:{self.mark.line}:{self.mark.column}: warning: {printable(self.message)}"


def warnings(
    plans: Mapping[Path, Plan], folders: Iterable[Path] = (), groups: Mapping[Path, Group] | None = None
) -> list[Warned]:
    """Return all warnings about plans and groups, by their files, and about what lies in some folders."""
    found = [warned(file, key, message) for file, plan in plans.items() for key, message in _of(plan)]
    found += [warned(file, key, message) for look in BETWEEN_PLANS for file, key, message in look(plans)]
    found += [
        warned(file, key, message) for look in BETWEEN_GROUPS for file, key, message in look(groups or {})
    ]
    found += [
        Warned(file, Mark(), message)
        for folder in folders
        for look in OF_A_FOLDER
        for file, message in look(folder)
    ]
    return sorted(set(found), key=lambda one: (str(one.file), one.mark, one.message))


def warned(file: Path, key: Key, message: str) -> Warned:
    """Return a warning about a value of a plan file, with the place where it stands."""
    mark = Mark()
    with suppress(OSError, ValueError, Rejected):
        node, _ = parse(text_of(file))
        for part in key:
            node = node.children[part]
            mark = node.mark
    return Warned(file, mark, message)


def _of(plan: Plan) -> Iterator[tuple[Key, str]]:
    for look in OF_A_PLAN:
        yield from look(plan)


def joined_approvers(plan: Plan) -> Iterator[tuple[Key, str]]:
    """Find user ids that are several, written as one."""
    for key, user in _users(plan):
        if JOINED.search(user):
            message = f"{key[-2]}: {quoted(user)} is one user id with a blank, comma or semicolon in it"
            yield key, f"{message}; several are a list: [alice, bob]"


def look_alike_approvers(plan: Plan) -> Iterator[tuple[Key, str]]:
    """Find user ids that people take for one another; Airflow lets only one of them answer."""
    seen: dict[str, str] = {}
    for key, user in _users(plan):
        other = seen.setdefault(_looks(user), user)
        if other != user:
            yield key, f"{key[-2]}: {quoted(user)} looks like {quoted(other)}, and is another user"
        elif len({_alphabet(letter) for letter in user if letter.isalpha()}) > 1:
            yield key, f"{key[-2]}: {quoted(user)} has letters of several alphabets"


def too_few_without_the_requester(plan: Plan) -> Iterator[tuple[Key, str]]:
    """Find gates that nobody could pass in a run that one of the approvers asks for."""
    for number, wave in enumerate(plan.waves):
        for drill in (True, False):
            rules = gate_rules(plan, number, drill=drill, requested_by="")
            left = len(rules.approvers) - 1
            if (
                rules.excluded is not None
                and rules.approvers
                and rules.needed > left
                and not rules.break_glass
            ):
                message = (
                    f"{rules.needed} must approve, and {left} are left where an approver asks for the run"
                )
                yield ("waves", number), f"requester_may_approve: the gate of {quoted(wave.name)}: {message}"
                break


def both_days(plan: Plan) -> Iterator[tuple[Key, str]]:
    """Find schedules that restrict the day of the month and the weekday."""
    if plan.drill_schedule and (message := either_day(plan.drill_schedule)):
        yield ("drill_schedule",), f"drill_schedule: {message}"


def same_plans(plans: Mapping[Path, Plan]) -> Iterator[tuple[Path, Key, str]]:
    """Find plans that drill the same servers at the same times, or say all the same: copied files."""
    alike: dict[Hashable, list[tuple[Path, Plan]]] = defaultdict(list)
    for file, plan in plans.items():
        if plan.drill_schedule:
            alike[_target(plan), plan.drill_schedule].append((file, plan))
        else:
            alike[plan.model_copy(update={"id": "", "name": "", "description": ""}).hash].append((file, plan))
    for (first, plan), *others in alike.values():
        for file, other in others:
            if other.id == plan.id:
                continue
            when = f" at the same times ({other.drill_schedule})" if other.drill_schedule else ""
            key: Key = ("drill_schedule",) if other.drill_schedule else ()
            yield (
                file,
                key,
                f"launches the same source servers{when} as {printable(first.name)}; is it a copy?",
            )


def in_two_groups(groups: Mapping[Path, Group]) -> Iterator[tuple[Path, Key, str]]:
    """Find source servers that are listed in two groups."""
    first: dict[str, Path] = {}
    for file, group in groups.items():
        for server in listed_ids(group.servers):
            other = first.setdefault(server, file)
            if other != file:
                message = f"servers: {quoted(server)} is in the group of {printable(other.name)} too"
                yield file, ("servers",), f"{message}; a plan launches a server once"


def passed_over(folder: Path) -> Iterator[tuple[Path, str]]:
    """Find files that seem to be plans and become none: those in folders below, and of other names."""
    for path in _files(folder):
        if path.parent != folder and path.suffix in SUFFIXES:
            yield (
                path,
                f"passed over: plans are read from {printable(str(folder))} itself, not from folders below",
            )
        elif path.parent == folder and _seems_a_plan(path):
            hidden = path.name.startswith(".")
            why = "a hidden file" if hidden else f"its name does not end in {listed(SUFFIXES)}"
            yield path, f"passed over: {why}, so it makes no DAG"


OF_A_PLAN: tuple[Callable[[Plan], Iterator[tuple[Key, str]]], ...] = (
    joined_approvers,
    look_alike_approvers,
    too_few_without_the_requester,
    both_days,
)
BETWEEN_PLANS: tuple[Callable[[Mapping[Path, Plan]], Iterator[tuple[Path, Key, str]]], ...] = (same_plans,)
BETWEEN_GROUPS: tuple[Callable[[Mapping[Path, Group]], Iterator[tuple[Path, Key, str]]], ...] = (
    in_two_groups,
)
OF_A_FOLDER: tuple[Callable[[Path], Iterator[tuple[Path, str]]], ...] = (passed_over,)


def _users(plan: Plan) -> Iterator[tuple[Key, str]]:
    """Yield the user ids of a plan, with the keys that lead to them."""
    places: list[tuple[Key, Plan | Wave]] = [((), plan)]
    places += [(("waves", number), wave) for number, wave in enumerate(plan.waves)]
    for place, said in places:
        for name, users in (("approvers", said.approvers), ("break_glass", said.break_glass)):
            for index, user in enumerate(users or ()):
                yield (*place, name, index), user


def _looks(user: str) -> str:
    return likeness(user).translate(LATIN_LIKE)


def _alphabet(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]


def _target(plan: Plan) -> Hashable:
    """Return which source servers a plan launches, as far as its text shows."""
    chosen = [(plan.target(number), wave.servers) for number, wave in enumerate(plan.waves)]
    ids = {(at, one) for at, servers in chosen for one in listed_ids(servers)}
    tags = {(at, frozenset(one.tags.items())) for at, servers in chosen for one in tag_selections(servers)}
    return frozenset(ids), frozenset(tags)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder, then of those below that are neither hidden nor links; not without end."""
    left, folders = MOST_ENTRIES, deque([str(folder)])
    while folders and left:
        with suppress(OSError), os.scandir(folders.popleft()) as entries:
            some = sorted(islice(entries, left), key=lambda entry: entry.name)
            left -= len(some)
            for entry in some:
                if entry.is_dir(follow_symlinks=False):
                    folders += [] if entry.name.startswith(".") else [entry.path]
                elif Path(entry.path).is_file():
                    yield Path(entry.path)


def _seems_a_plan(path: Path) -> bool:
    if path.name.endswith(IN_PROGRESS) or is_plan_file(path):
        return False
    if ".yaml" in path.name.lower() or ".yml" in path.name.lower():
        return True
    with suppress(Rejected):
        return bool(LIKE_A_PLAN.search(text_of(path)))
    return False
