"""The loader: one DAG for each plan, whatever the others are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.definitions.context import AirflowParsingContext
from airflow.sdk.exceptions import AirflowFailException
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recovery.dag import loader

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]

GOOD = """
name: Good
description: A plan.
owner: team
region: eu-west-1
waves:
  - name: One
    servers: [s-000000000000db001]
"""


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
    assert set(dags) == {"web_shop", "payroll", "file_server"}
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

    def fail(_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(loader, "build_dag", fail)
    (dag,) = loader.load_dags(folder).values()
    assert "RecursionError: too deep" in (dag.doc_md or "")


def test_a_stem_that_is_no_dag_id_takes_nobody_elses(folder: Path) -> None:
    """`web shop.yaml` is told as invalid, and not under the id of web_shop."""
    (folder / "web shop.yaml").write_text(GOOD)
    (folder / "web_shop.yaml").write_text(GOOD)
    dags = loader.load_dags(folder)
    assert len(dags) == 3
    assert "invalid" not in dags["web_shop"].tags


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """One invalid DAG says so; nothing raises."""
    (dag,) = loader.load_dags(tmp_path / "none").values()
    assert "invalid" in dag.tags


def test_a_worker_gets_only_the_dag_of_its_task(
    folder: Path, parse_for: Callable[[str | None], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other files are not even read."""
    (folder / "other.yaml").write_text(GOOD)
    read = []
    monkeypatch.setattr(Path, "open", _recording(read))
    parse_for("good")
    assert set(loader.load_dags(folder)) == {"good"}
    assert [path.name for path in read] == ["good.yaml"]


def test_a_worker_finds_the_dag_of_an_odd_stem(folder: Path, parse_for: Callable[[str | None], None]) -> None:
    """Also an invalid plan's task runs, to fail with its message."""
    (folder / "web shop.yaml").write_text(GOOD)
    odd = loader.dag_id_for("web shop")
    parse_for(odd)
    assert odd in loader.load_dags(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300))
def test_the_loader_never_raises(folder: Path, content: bytes) -> None:
    """Whatever bytes stand in a plan file, the good plan is there."""
    (folder / "fuzz.yaml").write_bytes(content)
    dags = loader.load_dags(folder)
    assert "invalid" not in dags["good"].tags
    assert "fuzz" in dags


def _recording(read: list[Path]) -> object:
    original = Path.open

    def recorded(self: Path, *args: object, **kwargs: object) -> object:
        read.append(self)
        return original(self, *args, **kwargs)  # type: ignore[call-overload]

    return recorded
