"""The loader: one DAG for each plan, whatever the others are."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.definitions.context import AirflowParsingContext
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drs_recovery.dag import loader
from drs_recovery.names import dag_id_of
from drs_recovery.plan import Plan, read_plan
from drs_recovery.tasks.actions.problems import operator_problems
from tests.budgets import examples
from tests.recovery.dag.dag_files import PLAN, ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

GOOD = PLAN.replace("name: A plan", "name: Good")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one good plan."""
    (tmp_path / "good.yaml").write_text(GOOD)
    return tmp_path


@pytest.fixture
def parse_for(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Make the loader believe a worker parses for one DAG."""

    def parse(dag_id: str | None) -> None:
        context = AirflowParsingContext(dag_id=dag_id, task_id=None)
        monkeypatch.setattr(loader, "get_parsing_context", lambda: context)

    return parse


def test_every_shipped_plan_is_a_dag() -> None:
    """The examples are runnable, not invalid."""
    dags = loader.load_dags(ROOT / "dags" / "plans")
    assert set(dags) == {"web_shop", "payroll", "file_server", "trading"}
    assert not any("invalid" in dag.tags for dag in dags.values())


def test_a_broken_plan_is_an_invalid_dag_and_hurts_no_other(folder: Path) -> None:
    """Its page shows the problem with its place, its one task fails with it; the good plan stands."""
    (folder / "bad.yaml").write_text(GOOD.replace("region:", "regoin:"))
    dags = loader.load_dags(folder)
    assert set(dags) == {"good", "bad"}
    assert "invalid" in dags["bad"].tags
    assert "bad.yaml:5:1" in (dags["bad"].doc_md or "")
    (task,) = dags["bad"].tasks
    assert task.task_id == "invalid_plan"
    with pytest.raises(AirflowFailException, match="regoin"):
        task.execute({})


def test_a_plan_that_cannot_be_built_is_an_invalid_dag(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever exception, also one of ours."""

    def fail(_: object, **__: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(loader, "build_dag", fail)
    (dag,) = loader.load_dags(folder).values()
    assert "RecursionError: too deep" in (dag.doc_md or "")


SNS = "airflow.providers.amazon.aws.operators.sns"


@pytest.mark.parametrize(
    ("operator", "why"),
    [
        (f"{SNS}.Nothing", "cannot be imported here: module"),
        ("airflow.providers.amazon.aws.operators.nothing.Nothing", "cannot be imported here: No module"),
        (f"{SNS}.AwsBaseOperator, with: {{retries: 9}}", "with: retries cannot be said here"),
        (f"{SNS}.SnsHook", "is no operator of Airflow"),
        (f"{SNS}.SnsPublishOperator", "missing keyword arguments 'message', 'target_arn'"),
        (f"{SNS}.SnsPublishOperator, with: {{message: x, target_arn: y, topic: z}}", "topic"),
    ],
)
def test_an_operator_that_is_not_there_or_takes_other_arguments_is_reported_with_its_place(
    folder: Path, operator: str, why: str
) -> None:
    """As any other mistake in a plan, by its DAG and by `recovery check`."""
    file = folder / "good.yaml"
    file.write_text(f"{GOOD}after:\n  - {{name: tell, operator: {operator}}}\n")
    (dag,) = loader.load_dags(folder).values()
    assert "invalid" in dag.tags
    assert re.search(rf"good.yaml:\d+:28: .*{re.escape(why)}", dag.doc_md or "")
    (problem,) = operator_problems(read_plan(file), file)
    assert why in problem


def test_a_stem_that_is_no_dag_id_takes_nobody_elses(folder: Path) -> None:
    """`web shop.yaml` is shown as invalid, and not under the id of web_shop."""
    (folder / "web shop.yaml").write_text(GOOD)
    (folder / "web_shop.yaml").write_text(GOOD)
    dags = loader.load_dags(folder)
    assert len(dags) == 3
    assert "invalid" not in dags["web_shop"].tags


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    """One invalid DAG says so; nothing raises."""
    (dag,) = loader.load_dags(tmp_path / "none").values()
    assert "invalid" in dag.tags


def test_a_worker_gets_only_the_dag_of_its_task(
    folder: Path, parse_for: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files are not even read."""
    (folder / "other.yaml").write_text(GOOD)
    read = []
    monkeypatch.setattr(os, "open", _recording(read))
    parse_for("good")
    assert set(loader.load_dags(folder)) == {"good"}
    assert [path.name for path in read] == ["good.yaml"]


def test_a_worker_finds_the_dag_of_an_odd_stem(folder: Path, parse_for: Callable[[str | None], None]) -> None:
    """Also an invalid plan's task runs, to fail with its message."""
    (folder / "web shop.yaml").write_text(GOOD)
    odd = dag_id_of("web shop")
    parse_for(odd)
    assert odd in loader.load_dags(folder)


def test_what_is_reported_of_a_bad_plan_is_the_same_wherever_its_folder_lies(tmp_path: Path) -> None:
    """A snapshot lies elsewhere than the one before: that alone makes no new version of a DAG."""
    docs = set()
    for place in ("one", "other"):
        folder = tmp_path / place / "plans"
        folder.mkdir(parents=True)
        (folder / "bad.yaml").write_text(GOOD.replace("region:", "regoin:"))
        docs.add(loader.load_dags(folder)["bad"].doc_md)
    assert len(docs) == 1
    assert "\nplans/bad.yaml:5:1" in docs.pop()


BROKEN, WORSE = GOOD.replace("region:", "regoin:"), "waves: ["


def test_the_last_good_version_stands_in_for_a_file_that_was_broken(take: Callable[..., Path]) -> None:
    """Runnable under the same dag id, marked where people look, with error and time; others as ever."""
    good = read_plan(take(good=GOOD, other=GOOD) / "good.yaml")
    folder = take(good=BROKEN)
    dags = loader.load_dags(folder)
    dag, doc = dags["good"], dags["good"].doc_md or ""
    assert dag.tags == {"recovery", "outdated"}
    assert dag.dag_display_name == "Good (outdated)"
    assert "plans/good.yaml:5:1" in doc
    assert doc.startswith("**This plan is outdated.** Its file cannot be read since 20")
    assert dag.get_task("open_execution").plan.hash == good.hash
    assert "its last good version runs" in dag.get_task("open_execution").remark
    assert dags["other"].tags == {"recovery"}
    assert "outdated" not in (dags["other"].doc_md or "")


def test_the_last_good_version_is_carried_on_until_the_file_is_mended(take: Callable[..., Path]) -> None:
    """Since the same moment, whatever else is edited; then the file counts again."""
    take(good=GOOD)
    docs = [loader.load_dags(take(good=BROKEN, other=text))["good"].doc_md for text in (GOOD, WORSE)]
    assert docs[0] == docs[1]
    worse = loader.load_dags(take(good=WORSE))["good"]
    assert "outdated" in worse.tags
    assert worse.doc_md != docs[0]
    mended = take(good=GOOD.replace("One", "Two"))
    assert not (mended / ".last_good" / "good.yaml").exists()
    dag = loader.load_dags(mended)["good"]
    assert dag.tags == {"recovery"}
    assert dag.has_task("two.approve")


def test_a_plan_that_never_was_good_has_no_stand_in(take: Callable[..., Path]) -> None:
    """It is invalid, as ever."""
    take(good=GOOD)
    dags = loader.load_dags(take(bad=BROKEN))
    assert "invalid" in dags["bad"].tags


def test_a_deleted_plan_has_no_stand_in(take: Callable[..., Path]) -> None:
    """Deleted is deleted, also when it was broken before."""
    take(good=GOOD, other=GOOD)
    take(good=BROKEN)
    folder = take(good=None)
    assert set(loader.load_dags(folder)) == {"other"}
    assert "invalid" in loader.load_dags(take(good=BROKEN))["good"].tags


def test_a_worker_finds_the_last_good_version(
    take: Callable[..., Path], parse_for: Callable[[str | None], None]
) -> None:
    """As the DAG processor does."""
    take(good=GOOD, other=GOOD)
    folder = take(good=BROKEN)
    parse_for("good")
    (dag,) = loader.load_dags(folder).values()
    assert "outdated" in dag.tags


@pytest.mark.parametrize("text", ["", "# Carried since 2026-01-01 00:00:00 UTC\nwaves: [", "\udcff"])
def test_a_last_good_version_that_is_none_leaves_the_plan_invalid(folder: Path, text: str) -> None:
    """Of an older release, or spoilt: nothing raises, and what is wrong with the file is shown."""
    (folder / "good.yaml").write_text(BROKEN)
    (folder / ".last_good").mkdir()
    (folder / ".last_good" / "good.yaml").write_text(text, errors="surrogateescape")
    (dag,) = loader.load_dags(folder).values()
    assert "invalid" in dag.tags
    assert "good.yaml:5:1" in (dag.doc_md or "")


def test_files_of_every_make_are_carried_as_they_are(take: Callable[..., Path]) -> None:
    """With Windows line ends and a byte order mark: the plan is the same."""
    text = "\ufeff" + GOOD.replace("\n", "\r\n")
    good = read_plan(take(good=text) / "good.yaml")
    carried = read_plan(take(good=BROKEN) / ".last_good" / "good.yaml")
    assert isinstance(carried, Plan)
    assert carried.hash == good.hash


@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=st.binary(max_size=300))
def test_the_loader_never_raises(folder: Path, content: bytes) -> None:
    """Whatever bytes stand in a plan file, the good plan is there."""
    (folder / "fuzz.yaml").write_bytes(content)
    dags = loader.load_dags(folder)
    assert "invalid" not in dags["good"].tags
    assert "fuzz" in dags


def _recording(read: list[Path]) -> object:
    original = os.open

    def recorded(path: Path, *args: int) -> int:
        read.append(Path(path))
        return original(path, *args)

    return recorded
