"""No plan file takes the place of a DAG that is no plan."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG

from drs_recovery.dag.loader import load_dags
from drs_recovery.names import CLEAN_UP, MAINTENANCE, PUT_BACK, RESERVED_DAG_IDS, UNREADABLE_FOLDER

FOLDER = Path(__file__).parents[3] / "dags"
GOOD = (FOLDER / "plans" / "file_server.yaml").read_text()


def made_in(file: Path) -> set[str]:
    """Return the ids of the DAGs that a file of the product makes."""
    found: set[str] = set()
    for value in runpy.run_path(str(file)).values():
        for one in value.values() if isinstance(value, dict) else [value]:
            found |= {one.dag_id} if isinstance(one, DAG) else set()
    return found


def test_every_dag_of_the_product_that_is_no_plan_has_a_reserved_id() -> None:
    """Whatever file makes it, and those that tell of a folder of plans which cannot be listed."""
    plans = {path.stem for path in (FOLDER / "plans").glob("*.yaml")}
    made = {dag_id for file in FOLDER.glob("*.py") for dag_id in made_in(file)}
    assert plans < made
    assert {MAINTENANCE, CLEAN_UP, PUT_BACK} <= made - plans <= RESERVED_DAG_IDS
    assert {*RESERVED_DAG_IDS} == {MAINTENANCE, CLEAN_UP, PUT_BACK, UNREADABLE_FOLDER}


@pytest.mark.parametrize("content", [GOOD, "}{ broken"], ids=["a plan", "a broken file"])
@pytest.mark.parametrize("stem", [*sorted(RESERVED_DAG_IDS), MAINTENANCE.upper()])
def test_a_plan_with_a_reserved_name_stands_under_another_id(tmp_path: Path, stem: str, content: str) -> None:
    """It tells what is wrong there, and can do nothing; the plan beside it is there as ever."""
    (tmp_path / f"{stem}.yaml").write_text(content)
    (tmp_path / "beside.yaml").write_text(GOOD)
    dags: dict[str, Any] = load_dags(tmp_path)
    assert not {dag_id.lower() for dag_id in dags} & RESERVED_DAG_IDS
    (other,) = dags.keys() - {"beside"}
    assert "is the id of a DAG of the product itself; rename the file" in dags[other].doc_md
    assert dags[other].task_ids == ["invalid_plan"]


def test_the_last_good_version_of_a_file_with_a_reserved_name_does_not_run(tmp_path: Path) -> None:
    """A release before may have carried it: it would stand under the reserved id."""
    (tmp_path / ".last_good").mkdir()
    since = "# Carried since 2026-01-01 00:00:00 UTC\n"
    (tmp_path / ".last_good" / f"{MAINTENANCE}.yaml").write_text(since + GOOD)
    (tmp_path / f"{MAINTENANCE}.yaml").write_text("}{ broken")
    (dag,) = load_dags(tmp_path).values()
    assert (dag.dag_id.lower() in RESERVED_DAG_IDS, dag.task_ids) == (False, ["invalid_plan"])


def test_a_plan_named_like_the_stand_in_of_another_file_is_refused(tmp_path: Path) -> None:
    """Two files would make one DAG, and Airflow take either."""
    (tmp_path / "web shop.yaml").write_text(GOOD)
    (stand_in,) = load_dags(tmp_path)
    (tmp_path / f"{stand_in}.yaml").write_text(GOOD)
    dags = load_dags(tmp_path)
    assert len(dags) == 2
    assert all(dag.task_ids == ["invalid_plan"] for dag in dags.values())
