"""Every broken plan of ``tests/plans/invalid`` gets exactly the lines of the ``.expected`` file beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from drs_recovery.errors import PlanError
from drs_recovery.plan import check_files, read_plans

INVALID = Path(__file__).parents[2] / "plans" / "invalid"
STEMS = sorted({path.stem for path in INVALID.iterdir()})


@pytest.mark.parametrize("stem", STEMS)
def test_every_problem_is_reported_with_its_place(stem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A broken plan is an error that tells each problem as ``file:line:col: message``, and nothing else."""
    monkeypatch.chdir(INVALID)
    outcome = read_plans(Path(), only=stem)[stem]
    assert isinstance(outcome, PlanError)
    assert outcome.problems == Path(f"{stem}.expected").read_text().splitlines()


def test_check_tells_the_problems_of_a_whole_folder() -> None:
    """Checking a folder tells what reading each of its plans tells."""
    plans = read_plans(INVALID)
    shown = [line for error in plans.values() if isinstance(error, PlanError) for line in error.problems]
    assert sorted(plans) == STEMS
    assert check_files([INVALID]) == shown


def test_a_file_that_is_named_twice_is_reported_once() -> None:
    """A folder and a file in it, both given, tell the file's problems once."""
    file = INVALID / "cycle.yaml"
    assert check_files([file, file]) == check_files([file])
    assert check_files([INVALID, file]) == check_files([INVALID])
