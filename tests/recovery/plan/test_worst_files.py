"""No file costs more than its size allows: one that is twice as long takes about twice the work.

The work is counted in calls of functions, of Python's and of C's, which no busy machine changes.
"""

# ruff: noqa: E501 - a file is a line

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from recovery.errors import PlanError
from recovery.plan import read_plan
from recovery.plan.document import parse
from recovery.plan.explain import content_of
from recovery.plan.problems import Rejected
from recovery.plan.reader import LARGEST
from recovery.plan.rules import MOST_WAVES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEAD = "name: Shop\ndescription: A shop.\nowner: team\nregion: eu-west-1\n"
WAVE = "waves:\n- name: One\n  servers: [s-00000000000000001]\n"
SMALL, LARGE = 300, 600
LINEAR = 2.6
"""Times the work for twice the size: sorting takes a little more than twice."""


def server(number: int) -> str:
    return f"s-{number:017}"


def listed(item: Callable[[int], str]) -> Callable[[int], str]:
    """Return what writes so many items as a list."""
    return lambda size: "[" + ", ".join(item(number) for number in range(size)) + "]"


def lines(line: Callable[[int], str]) -> Callable[[int], str]:
    """Return what writes so many lines."""
    return lambda size: "".join(f"{line(number)}\n" for number in range(size))


servers, wrong = listed(server), listed(lambda number: server(10**6 + number))
names = listed(lambda number: f"Wave {number}")
waves = lines(lambda number: f"- name: W{number}\n  servers: [{server(number)}]")

FILES: dict[str, Callable[[int], str]] = {
    "a good plan": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n  optional: {servers(size)}\n",
    "wrong optional servers": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n  optional: {wrong(size)}\n",
    "waves of wrong optional servers": lambda size: f"{HEAD}waves:\n"
    + lines(lambda number: f"- name: W{number}\n  servers: [{server(number)}]\n  optional: [{server(10**6 + number)}]")(size),
    "wrong waves to wait for": lambda size: f"{HEAD}waves:\n{waves(50)}  depends_on: {names(size)}\n",
    "a good wave to wait for, many times": lambda size: f"{HEAD}waves:\n{waves(50)}  depends_on: {listed(lambda _: 'W1')(size)}\n",
    "the same server again": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda _: server(1))(size)}\n",
    "servers in two waves": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {servers(size)}\n- name: Two\n  servers: {servers(size)}\n",
    "the same optional server again": lambda size: f"{HEAD}{WAVE}  optional: {listed(lambda _: server(1))(size)}\n",
    "the same approver again": lambda size: f"{HEAD}approvers: {listed(lambda _: 'alice')(size)}\n{WAVE}",
    "approvers": lambda size: f"{HEAD}approvers: {listed(lambda number: f'user{number}')(size)}\n{WAVE}",
    "too many waves": lambda size: f"{HEAD}waves:\n{waves(size)}",
    "waves of one name": lambda size: f"{HEAD}waves:\n" + lines(lambda number: f"- name: W\n  servers: [{server(number)}]")(size),
    "waves of one task group": lambda size: f"{HEAD}waves:\n"
    + lines(lambda number: f"- name: W{'-' * (number % 9)}\n  servers: [{server(number)}]")(size),
    "unknown keys": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"regiom{number}: x")(size),
    "unknown keys of a wave": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"  servrs{number}: x")(size),
    "unknown checks": lambda size: f"{HEAD}{WAVE}preflight:\n" + lines(lambda number: f"  lagg{number}: x")(size),
    "duplicate keys": lambda size: f"{HEAD}{WAVE}" + lines(lambda _: "owner: x")(size),
    "keys without values": lambda size: f"{HEAD}{WAVE}" + lines(lambda number: f"k{number}:")(size),
    "servers that are none": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda number: f'i-{number}')(size)}\n",
    "servers that are numbers": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(str)(size)}\n",
    "servers that are nothing": lambda size: f"{HEAD}waves:\n- name: One\n  servers: {listed(lambda _: '~')(size)}\n",
    "waves that are none": lambda size: f"{HEAD}waves: {listed(lambda _: 'x')(size)}\n",
    "waves without anything": lambda size: f"{HEAD}waves: {listed(lambda _: '{}')(size)}\n",
    "anchors": lambda size: f"{HEAD}waves: {listed(lambda number: f'&a{number} x')(size)}\n",
    "aliases": lambda size: f"{HEAD}waves: {listed(lambda _: '*a')(size)}\n",
    "YAML tags": lambda size: f"{HEAD}waves: {listed(lambda _: '!!str x')(size)}\n",
    "DRS tags": lambda size: f"{HEAD}waves:\n- name: One\n  servers:\n    tags:\n" + lines(lambda number: f"      k{number}: v")(size),
    "optional DRS tags": lambda size: f"{HEAD}{WAVE}  optional:\n    tags:\n" + lines(lambda number: f"      {'k' * 130}{number}: v")(size),
    "characters that are none": lambda size: HEAD + WAVE + "description: " + "\x01" * size + "\n",
    "comments": lambda size: HEAD + lines(lambda _: "# so it is")(size) + WAVE,
    "brackets": lambda size: HEAD + "waves: " + "[" * size + "\n",
    "braces": lambda size: HEAD + "waves: " + "{a: " * size + "\n",
    "a long name": lambda size: f"{HEAD}{WAVE}aws_conn_id: {'x' * 20 * size}\n",
    "a long number": lambda size: f"{HEAD}{WAVE}rto: {'1' * 20 * size}x\n",
    "a long Region": lambda size: HEAD.replace("eu-west-1", "eu" + "-a" * 10 * size) + WAVE,
    "a long duration": lambda size: f"{HEAD}{WAVE}rto: {'1d' * 10 * size}\n",
    "a long schedule": lambda size: f"{HEAD}{WAVE}drill_schedule: '0 0 {'1,' * 10 * size}1 * *'\n",
    "a long percentage": lambda size: f"{HEAD}{WAVE}  minimum_launched: {'9' * 10 * size}%\n",
    "a long key": lambda size: f"{HEAD}{WAVE}? {'k' * 20 * size}\n: x\n",
    "a text of lines": lambda size: HEAD.replace("A shop.", "|\n" + lines(lambda _: "  text")(size)) + WAVE,
}  # fmt: skip


def work_of(path: Path) -> int:
    """Return how many functions are called to read a plan, be it good or not."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        read_plan(path)
    except PlanError:
        pass
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("write", FILES.values(), ids=FILES)
def test_the_work_grows_as_the_file_does(write: Callable[[int], str], tmp_path: Path) -> None:
    """Whatever a file is full of; problems are told of it as before."""
    path = tmp_path / "plan.yaml"
    work = []
    for size in (SMALL, SMALL, LARGE):
        path.write_text(write(size))
        work.append(work_of(path))
    assert work[2] < LINEAR * work[1]


@pytest.mark.parametrize(
    "kind",
    [
        "anchors",
        "aliases",
        "YAML tags",
        "duplicate keys",
        "keys without values",
        "servers that are nothing",
    ],
)
def test_a_file_of_problems_is_read_no_further_than_they_are_told(kind: str, tmp_path: Path) -> None:
    """The first hundred; what comes after them costs nothing."""
    path = tmp_path / "plan.yaml"
    work = []
    for size in (SMALL, SMALL, LARGE):
        path.write_text(FILES[kind](size))
        work.append(work_of(path))
    assert work[2] < 1.1 * work[1]
    with pytest.raises(PlanError, match="these 100 are told"):
        read_plan(path)


@pytest.mark.parametrize("kind", ["waves that are none", "waves without anything"])
def test_of_too_many_waves_the_first_are_looked_at_one_by_one(kind: str) -> None:
    """That they are too many, and how many, is told as well."""
    root, _ = parse(FILES[kind](LARGE))
    with pytest.raises(Rejected, match=f"at most {MOST_WAVES} waves; these are {LARGE}") as rejected:
        content_of(root)
    found = rejected.value.__cause__
    assert isinstance(found, ValidationError)
    assert MOST_WAVES < found.error_count() < 3 * MOST_WAVES


def test_a_file_of_many_misspelt_words_gets_hints_for_the_first(tmp_path: Path) -> None:
    """The others are told without."""
    path = tmp_path / "plan.yaml"
    path.write_text(FILES["wrong optional servers"](50))
    with pytest.raises(PlanError) as broken:
        read_plan(path)
    assert len(broken.value.problems) == 50
    hinted = [problem for problem in broken.value.problems if "did you mean" in problem]
    assert hinted == broken.value.problems[:10]


def largest(write: Callable[[int], str]) -> str:
    """Return the largest file of its kind that is read at all; for measuring by hand."""
    size = 100
    while len(write(2 * size).encode()) <= LARGEST:
        size *= 2
    return write(size)
