"""No file costs more than its size allows: one that is twice as long takes about twice the work.

The work is counted in calls of functions, of Python's and of C's, which no busy machine changes.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from drs_recovery.errors import PlanError
from drs_recovery.names import MOST_WAVES
from drs_recovery.plan import read_plan
from drs_recovery.plan.document import parse
from drs_recovery.plan.explain import content_of
from drs_recovery.plan.problems import Rejected
from tests.recovery.plan.worst_files import FILES, largest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL, LARGE = 300, 600
LINEAR = 2.6
"""Times the work for twice the size: sorting takes a little more than twice."""
LONGEST = 5
"""Seconds of the processor, which no busy machine stretches much: twenty times what the worst one takes."""


def work_of(path: Path) -> int:
    """Return how many functions are called to read a plan, be it good or not."""
    calls = 0

    def count(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        with suppress(PlanError):
            read_plan(path)
    finally:
        sys.setprofile(None)
    return calls


@pytest.mark.parametrize("write", FILES.values(), ids=FILES)
def test_the_work_grows_as_the_file_does(write: Callable[[int], str], tmp_path: Path) -> None:
    """Whatever a file is full of; problems are shown of it as before."""
    path = tmp_path / "plan.yaml"
    work = []
    for size in (SMALL, SMALL, LARGE):
        path.write_text(write(size))
        work.append(work_of(path))
    assert work[2] < LINEAR * work[1]


@pytest.mark.parametrize("write", FILES.values(), ids=FILES)
def test_the_largest_file_there_is_takes_no_time_to_speak_of(
    write: Callable[[int], str], tmp_path: Path
) -> None:
    """What a call does within C is not counted: libyaml needs minutes for a quarter of a million brackets."""
    path = tmp_path / "plan.yaml"
    path.write_text(largest(write))
    began = time.process_time()
    with suppress(PlanError):
        read_plan(path)
    assert time.process_time() - began < LONGEST


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
def test_a_file_of_problems_is_read_no_further_than_they_are_reported(kind: str, tmp_path: Path) -> None:
    """The first hundred; what comes after them costs nothing."""
    path = tmp_path / "plan.yaml"
    work = []
    for size in (SMALL, SMALL, LARGE):
        path.write_text(FILES[kind](size))
        work.append(work_of(path))
    assert work[2] < 1.1 * work[1]
    with pytest.raises(PlanError, match="these 100 are shown"):
        read_plan(path)


@pytest.mark.parametrize("kind", ["waves that are none", "waves without anything"])
def test_of_too_many_waves_the_first_are_looked_at_one_by_one(kind: str) -> None:
    """That they are too many, and how many, is shown as well."""
    root, _ = parse(FILES[kind](LARGE))
    with pytest.raises(Rejected, match=f"at most {MOST_WAVES} waves; these are {LARGE}") as rejected:
        content_of(root)
    found = rejected.value.__cause__
    assert isinstance(found, ValidationError)
    assert MOST_WAVES < found.error_count() < 3 * MOST_WAVES


def test_a_file_of_many_misspelt_keys_gets_hints_for_the_first(tmp_path: Path) -> None:
    """The others are shown without."""
    path = tmp_path / "plan.yaml"
    path.write_text(FILES["wrong optional servers"](50))
    with pytest.raises(PlanError) as broken:
        read_plan(path)
    assert len(broken.value.problems) == 50
    hinted = [problem for problem in broken.value.problems if "did you mean" in problem]
    assert hinted == broken.value.problems[:10]
