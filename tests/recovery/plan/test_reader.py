"""Reading files and folders of any content."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drs_recovery.errors import PlanError
from drs_recovery.plan import Plan, check_files, models, read_plan, read_plans, rules
from drs_recovery.plan import reader as reader_module

if TYPE_CHECKING:
    from collections.abc import Iterator


def problem_of(path: Path) -> str:
    """Return the only problem of a file, without its place."""
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    [line] = caught.value.problems
    return line.removeprefix(f"{path}:1:1: ")


def test_a_plan_is_named_by_its_file(folder: Path) -> None:
    """The DAG id of a plan is the stem of its file."""
    assert read_plan(folder / "good.yaml").id == "good"


def test_a_plan_is_validated_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a file says is asked for broken rules once, and the plan of it is as if validated again."""
    asked: list[rules.PlanSketch] = []

    def findings(sketch: rules.PlanSketch) -> Iterator[tuple[rules.Place, str]]:
        asked.append(sketch)
        return rules.findings(sketch)

    monkeypatch.setattr(models, "findings", findings)
    plan = read_plan(folder / "good.yaml")
    assert len(asked) == 1
    assert Plan.load(plan.dump()) == plan


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """A file that is not there is an error in the system's words."""
    assert problem_of(tmp_path / "gone.yaml") == "cannot be read: No such file or directory"


def test_a_folder_named_like_a_plan_is_reported(tmp_path: Path) -> None:
    """A folder x.yaml is an error."""
    (tmp_path / "x.yaml").mkdir()
    assert problem_of(tmp_path / "x.yaml") == "this is a folder; a plan is a file"


def test_a_pipe_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    """What would never end is not read."""
    os.mkfifo(tmp_path / "x.yaml")
    assert problem_of(tmp_path / "x.yaml") == "this is no regular file; a plan is a file"


def test_a_loop_of_links_is_reported(tmp_path: Path) -> None:
    """Symbolic links that lead to each other are an error in the system's words."""
    (tmp_path / "x.yaml").symlink_to(tmp_path / "y.yaml")
    (tmp_path / "y.yaml").symlink_to(tmp_path / "x.yaml")
    assert problem_of(tmp_path / "x.yaml").startswith("cannot be read: Too many levels of symbolic links")


def test_a_file_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    """A file that the system refuses to read, to root as well, is an error in the system's words."""
    (tmp_path / "file").touch()
    assert problem_of(tmp_path / "file" / "x.yaml") == "cannot be read: Not a directory"


def test_a_huge_file_is_not_read(tmp_path: Path, good: str) -> None:
    """A file of 256 KiB is read, and one with a byte more is shown."""
    path = tmp_path / "x.yaml"
    path.write_text(good.ljust(256 * 1024, "\n"))
    assert read_plan(path).name == "Shop"
    path.write_text(good.ljust(256 * 1024 + 1, "\n"))
    assert problem_of(path) == "the file is too large; at most 256 KiB are allowed"


def test_a_stem_longer_than_a_dag_id_is_reported(tmp_path: Path, good: str) -> None:
    """A DAG id has at most 250 characters."""
    path = tmp_path / f"{'x' * 251}.yml"
    path.write_text(good)
    assert "1 to 250 letters, digits, dashes, dots and underscores" in problem_of(path)


def test_another_suffix_is_reported(tmp_path: Path, good: str) -> None:
    """A file that the loader would not see is an error where it is asked for."""
    path = tmp_path / "x.txt"
    path.write_text(good)
    assert problem_of(path) == "the suffix is '.txt'; a plan file ends with .yaml or .yml"


@pytest.mark.parametrize("name", ["\udcff\udcfe", "a\nb", "\x1b[31m", "a'\"b", "a\u3000b"], ids=ascii)
def test_a_problem_can_be_printed_whatever_the_file_is_called(tmp_path: Path, good: str, name: str) -> None:
    """A problem is one printable line, even of a file whose name is not UTF-8 or breaks the line."""
    (tmp_path / f"{name}.yaml").write_text(good)
    [(stem, error)] = read_plans(tmp_path).items()
    assert stem == name
    assert isinstance(error, PlanError)
    assert all(line.isprintable() for line in error.problems)


def test_a_problem_can_be_printed_whatever_a_value_is(tmp_path: Path, good: str) -> None:
    """Words of others, here croniter's, that repeat a value are made printable too."""
    path = tmp_path / "x.yaml"
    path.write_text(f'{good}drill_schedule: "0 6 1 * \\e[31m"\n')
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert caught.value.problems[0].isprintable()
    assert "\\x1b[31m" in caught.value.problems[0]


@pytest.mark.parametrize(
    "text",
    ["[" * 250_000, "{a: " * 60_000, "? " * 100_000, "- " * 100_000, "a: &a [*a]\n"],
    ids=["flow lists", "flow mappings", "complex keys", "block lists", "an alias in itself"],
)
def test_endless_nesting_is_refused_at_its_beginning(tmp_path: Path, text: str) -> None:
    """Deep nesting, on which YAML libraries spend minutes or their stack, is shown after 20 levels."""
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(PlanError):
        read_plan(path)


def test_a_file_of_nothing_but_problems_tells_the_first_hundred(tmp_path: Path) -> None:
    """The list of problems ends after 100, and says so."""
    path = tmp_path / "x.yaml"
    path.write_text("".join(f"key{number}: x\n" for number in range(10_000)))
    with pytest.raises(PlanError) as caught:
        read_plan(path)
    assert len(caught.value.problems) == 101
    assert caught.value.problems[-1].endswith("and more problems; these 100 are shown")


def test_a_folder_is_read_by_stem_in_order(folder: Path, good: str) -> None:
    """Plans come by stem, bad ones as their errors; other files and hidden ones are no plans."""
    for name in ("b.yml", "a.yaml", ".#good.yaml", "notes.md", "plan.schema.json", "old.yaml.bak"):
        (folder / name).write_text(good)
    (folder / "bad.yaml").write_text("waves: [")
    plans = read_plans(folder)
    assert list(plans) == ["a", "b", "bad", "good"]
    assert [type(plan) for plan in plans.values()] == [Plan, Plan, PlanError, Plan]


def test_two_files_with_one_stem_are_both_an_error(folder: Path, good: str) -> None:
    """Neither of x.yaml and x.yml wins, whichever way they are read."""
    (folder / "good.yml").write_text(good)
    for plans in (read_plans(folder), read_plans(folder, only="good")):
        error = plans["good"]
        assert isinstance(error, PlanError)
        assert [line.split(": ")[1].split(",")[0] for line in error.problems] == ["good.yml", "good.yaml"]
    with pytest.raises(PlanError):
        read_plan(folder / "good.yaml")


def test_one_plan_costs_the_same_beside_a_thousand(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``only``, the folder is not even listed."""
    monkeypatch.delattr(Path, "iterdir")
    assert list(read_plans(folder, only="good")) == ["good"]


@pytest.mark.parametrize("stem", ["gone", "", ".", "..", "../good", "a/b", "x\0y", ".#good"], ids=ascii)
def test_a_stem_without_a_file_is_no_plan(folder: Path, stem: str) -> None:
    """``only`` finds nothing outside of the folder, and nothing hidden."""
    (folder / "sub").mkdir()
    (folder / "sub" / ".#good.yaml").touch()
    assert read_plans(folder / "sub", only=stem) == {}


@pytest.mark.parametrize("name", ["gone", "file", "x\0y"], ids=ascii)
def test_a_folder_that_cannot_be_listed_is_one_error(tmp_path: Path, name: str) -> None:
    """The error stands under the folder's name, so that somebody sees it."""
    (tmp_path / "file").touch()
    [(stem, error)] = read_plans(tmp_path / name).items()
    assert stem == name
    assert isinstance(error, PlanError)
    assert "cannot be read" in error.problems[0]


def test_a_mistake_of_ours_hurts_one_plan_only(
    folder: Path, good: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a read raises becomes that plan's error; the others are read."""
    (folder / "bad.yaml").write_text(good)
    read = reader_module.read_plan

    def fails_on_bad(path: Path) -> Plan:
        if path.stem == "bad":
            raise ZeroDivisionError("division by zero")
        return read(path)

    monkeypatch.setattr(reader_module, "read_plan", fails_on_bad)
    plans = read_plans(folder)
    assert isinstance(plans["good"], Plan)
    assert "ZeroDivisionError: division by zero" in str(plans["bad"])


def test_checking_good_files_finds_nothing(folder: Path) -> None:
    """Files and folders without a problem give no line."""
    assert check_files([folder, folder / "good.yaml"]) == []


def test_checking_a_folder_without_plans_is_a_problem(tmp_path: Path) -> None:
    """Who checks the wrong folder is not told that all is well."""
    assert check_files([tmp_path]) == [f"{tmp_path}:1:1: no plan is in this folder: no *.yaml and no *.yml"]


def test_checking_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    """A file that is not there is shown."""
    assert check_files([tmp_path / "x.yaml"]) == [
        f"{tmp_path}/x.yaml:1:1: cannot be read: No such file or directory"
    ]


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    """What it leads to is neither read nor quoted; one within the folder is followed, as of a ConfigMap."""
    (tmp_path / "secret").write_text("AIRFLOW__CORE__FERNET_KEY=secret")
    plans = tmp_path / "plans"
    plans.mkdir()
    (plans / "x.yaml").symlink_to("../secret")
    shown = problem_of(plans / "x.yaml")
    assert shown == "this is a link that leads out of its folder and is not followed; a plan is a file"
    (plans / "y.yaml").symlink_to("z.txt")
    (plans / "z.txt").write_text("waves: [")
    assert "not YAML" in problem_of(plans / "y.yaml")


@pytest.mark.parametrize("endless", ["/proc/self/environ", "/proc/kmsg", "/dev/zero", "/dev/tty"])
def test_what_is_no_file_of_the_folder_holds_nobody_up(tmp_path: Path, endless: str) -> None:
    """Neither is it opened."""
    (tmp_path / "x.yaml").symlink_to(endless)
    assert "is not followed" in problem_of(tmp_path / "x.yaml")
