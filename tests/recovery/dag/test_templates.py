"""Nothing of ours is a template: what people, DRS and AWS say is evaluated nowhere."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk import BaseOperator

import drs_recovery
from drs_recovery.dag.builder import build_dag
from drs_recovery.dag.clean_up import clean_up_dag
from drs_recovery.dag.invalid import invalid_dag
from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.dag.outdated import Outdated
from drs_recovery.plan import read_plan
from tests.hostile import TEMPLATES

if TYPE_CHECKING:
    from airflow.sdk import DAG

HOSTILE = read_plan(Path(__file__).parents[2] / "plans" / "stack" / "hostile_names.yaml")
SAID = " ".join(TEMPLATES)


def operator_classes() -> list[type[BaseOperator]]:
    """Return every class of tasks in the package, whatever module it is in."""
    modules = [
        importlib.import_module(found.name)
        for found in pkgutil.walk_packages(drs_recovery.__path__, "drs_recovery.")
        if not found.name.endswith("__main__")
    ]
    members = [member for module in modules for _, member in inspect.getmembers(module, inspect.isclass)]
    ours = {member for member in members if member.__module__.startswith("drs_recovery.")}
    return sorted((one for one in ours if issubclass(one, BaseOperator)), key=lambda one: one.__qualname__)


def dags() -> list[DAG]:
    """Return one DAG of each kind there is, as hostile as it can be."""
    broken = Outdated("2026-01-01 00:00:00 UTC", SAID)
    return [
        build_dag(HOSTILE),
        build_dag(HOSTILE.model_copy(update={"id": "outdated"}), outdated=broken),
        invalid_dag("invalid", SAID),
        maintenance_dag(Path("plans")),
        clean_up_dag(),
    ]


TASKS = [pytest.param(task, id=f"{dag.dag_id}.{task.task_id}") for dag in dags() for task in dag.tasks]


def test_there_are_task_classes_of_every_kind() -> None:
    """The walk finds what it is to find: those that plans are made of, and those that maintain."""
    used = {type(task.values[0]) for task in TASKS}
    assert {one.__name__ for one in used} <= {one.__name__ for one in operator_classes()}
    assert len(operator_classes()) >= 15


@pytest.mark.parametrize("kind", operator_classes(), ids=lambda kind: kind.__qualname__)
def test_no_class_of_tasks_has_a_templated_field(kind: type[BaseOperator]) -> None:
    """Neither as text nor as a file that is read and rendered; also not what it has from Airflow's own."""
    assert (tuple(kind.template_fields), tuple(kind.template_ext)) == ((), ())


@pytest.mark.parametrize("task", TASKS)
def test_no_task_is_mapped_or_shows_what_it_rendered(task: Any) -> None:
    """A mapped task renders what another one, or whoever edits its XCom, hands over."""
    assert not task.is_mapped
    assert task.map_index_template is None if hasattr(task, "map_index_template") else True
    assert not task.get_closest_mapped_task_group()


@pytest.mark.parametrize("task", TASKS)
def test_rendering_a_task_changes_nothing_in_it(task: Any) -> None:
    """Airflow renders before it runs: names, errors and reasons are the same afterwards."""
    message = dict.fromkeys(("subject", "body", "error", "aws_conn_id", "region_name", "wave_name"), SAID)
    for name in message.keys() & vars(task).keys():
        object.__setattr__(task, name, SAID)
    before = {name: repr(value) for name, value in vars(task).items()}
    task.render_template_fields({"conn": SimpleNamespace(), "params": {}, "dag": task.dag, "task": task})
    assert {name: repr(value) for name, value in vars(task).items()} == before


@pytest.mark.parametrize("dag", dags(), ids=lambda dag: dag.dag_id)
def test_a_dag_hands_nothing_to_templates_and_reads_no_file_for_its_page(dag: DAG) -> None:
    """A `doc_md` that ends with `.md` is taken for a file; macros of ours would be code within reach."""
    assert not (dag.doc_md or "").endswith(".md")
    assert not dag.user_defined_macros
    assert not dag.user_defined_filters
    assert all(task.doc_md is None for task in dag.tasks)
