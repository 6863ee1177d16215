"""What a name becomes where it goes, for the worst names there are."""

from __future__ import annotations

import ast
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from airflow.sdk import DAG, TaskGroup
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from drs_recovery import names
from drs_recovery.names import CleanUpTask, Role
from drs_recovery.record.base import DagId
from tests.hostile import EXAMPLES, TRIED, texts

if TYPE_CHECKING:
    from collections.abc import Iterator

COMMANDS = {"command_for"}
TAG_OF_EVERY_SERVICE = re.compile(r"[A-Za-z0-9 _.:/=+@-]{0,256}")
OF_A_WAVE = [role for role in Role if role not in names.OF_THE_RUN]


@TRIED
@given(texts())
def test_a_stem_becomes_a_dag_id_that_airflow_takes(stem: str) -> None:
    """Whatever a file is called, its DAG can stand somewhere, and never where a DAG of ours stands."""
    dag_id = names.dag_id_of(stem)
    DAG(dag_id, schedule=None)
    assert re.fullmatch(names.DAG_ID, dag_id)
    assert TypeAdapter(DagId).validate_python(dag_id) == dag_id
    assert dag_id.lower() not in names.RESERVED_DAG_IDS


@pytest.mark.parametrize("stem", ["..", "web..shop", "web...", "..web", "web./..", "a..." * 70])
def test_two_dots_are_reported_and_are_in_no_dag_id(stem: str) -> None:
    """Airflow, and the record, take none for a path's sake: the run could not even be opened."""
    assert "'..'" in (names.complaint_of_dag_id(stem) or "") or not re.fullmatch(names.DAG_ID, stem)
    assert TypeAdapter(DagId).validate_python(names.dag_id_of(stem)) == names.dag_id_of(stem)


@TRIED
@given(texts(), texts())
def test_two_stems_never_become_one_dag_id(one: str, other: str) -> None:
    """A file that is no plan cannot take the place of another's DAG, nor can it be named after a stand-in."""
    assert (names.dag_id_of(one) == names.dag_id_of(other)) == (one == other)
    assert names.dag_id_of(names.dag_id_of(one)) != names.dag_id_of(one) or names.dag_id_of(one) == one


@pytest.mark.parametrize("stem", ["recovery_maintenance", "Recovery_Clean_Up", "RECOVERY_PLANS"])
def test_ids_of_the_products_dags_are_reserved_in_any_case(stem: str) -> None:
    """File systems and people mix cases up."""
    assert "the product itself" in (names.complaint_of_dag_id(stem) or "")
    assert names.dag_id_of(stem) not in {stem, stem.lower()}
    assert names.complaint_of_dag_id(f"{stem}_2") is None


@TRIED
@given(texts().filter(bool))
def test_a_wave_becomes_a_task_group_that_airflow_takes(name: str) -> None:
    """Group and task ids are legal at any length, and a task id tells its group."""
    group = names.group_id(name)
    assert re.fullmatch(r"[a-z0-9_]{1,200}", group)
    with DAG("shop", schedule=None):
        TaskGroup(group)
    for role in OF_A_WAVE:
        task_id = names.task_id(role, name)
        assert len(task_id) <= 250
        assert names.role_of(task_id) == (role, group, role.value)


@TRIED
@given(st.text(alphabet=st.characters(max_codepoint=127), min_size=1, max_size=200))
def test_an_ascii_name_keeps_the_task_group_it_always_had(name: str) -> None:
    """Runs in flight and records of earlier releases hold these ids."""
    assert names.group_id(name) == re.sub(r"[^a-z0-9]+", "_", name.lower())


def test_names_that_leave_nothing_in_ascii_have_groups_of_their_own() -> None:
    """Two waves in Japanese are two task groups; what is the same however composed is one."""
    japanese = ["データベース", "アプリケーション", "ウェブ", "1 号", "2 号", "＿"]  # noqa: RUF001
    groups = [names.group_id(name) for name in japanese]
    assert len(set(groups)) == len(groups)
    assert groups[0] == "wave_24be0ba6"
    assert names.group_id("Größe") == names.group_id(unicodedata.normalize("NFD", "Größe")) != "gr_e"


def test_a_name_that_is_too_long_is_cut_and_reported_apart() -> None:
    """A digest of the whole name ends the id."""
    one, other = names.group_id("x" * 300), names.group_id("x" * 299)
    assert len(one) == len(other) == 200
    assert one != other


@TRIED
@given(texts())
def test_a_tag_holds_what_every_aws_service_takes(value: str) -> None:
    """Some refuse ``( ) & , #`` and all letters but ASCII's; a wave's tag tells its number."""
    assert TAG_OF_EVERY_SERVICE.fullmatch(names.tag_value(value))
    tag = names.wave_tag(99, value)
    assert TAG_OF_EVERY_SERVICE.fullmatch(tag)
    assert tag.startswith("99-")
    assert names.tag_value("shop.dr-2_x") == "shop.dr-2_x"


@pytest.mark.parametrize(
    "hidden", ["\u3164", "\u115f\u1160", "\u034f", "\ufe0f", "\u2800", "\uffa0", "\U000e0100"]
)
def test_names_that_differ_in_what_nobody_sees_are_alike(hidden: str) -> None:
    """Wherever it stands, and however it is composed; letters that are seen tell names apart."""
    for other in (f"Web{hidden}", f"{hidden}Web", f"W{hidden}EB"):
        assert names.likeness(other) == names.likeness("Web")
    assert names.likeness("Web") != names.likeness("Wed")


@pytest.mark.parametrize("value", EXAMPLES)
def test_a_log_has_a_line_for_a_name_and_a_path_has_a_part(value: str) -> None:
    """No second line that looks like one of ours; no slash that opens another page."""
    assert "\n" not in names.in_log(value)
    assert "/" not in names.path_part(value)


@pytest.mark.parametrize(
    ("task_id", "message"),
    [
        ("open_execution", (Role.OPEN, None, "open_execution")),
        ("complete_execution", (Role.FINISH, None, "complete_execution")),
        ("db.approve", (Role.GATE, "db", "approve")),
        ("approve", (None, None, "approve")),
        ("db.open_execution", (None, "db", "open_execution")),
        ("db.before_switch_dns", (None, "db", "before_switch_dns")),
        ("db.inner.approve", (None, "db", "inner.approve")),
        ("notify", (None, None, "notify")),
        ("", (None, None, "")),
    ],
)
def test_a_task_id_says_role_wave_and_name(task_id: str, message: object) -> None:
    """A task of another operator has no role, whatever it is called, nor has one in the wrong place."""
    assert names.role_of(task_id) == message


def test_no_module_but_one_spells_a_task_id() -> None:
    """Who needs one asks for it by its role; ``command_for`` names commands, one of which is alike."""
    ids = {*Role, *CleanUpTask}
    ends = tuple(f".{role}" for role in ids)
    package = Path(names.__file__).parent
    spelt = [
        f"{path.relative_to(package)}:{node.lineno}: {node.value}"
        for path in package.rglob("*.py")
        if path != Path(names.__file__)
        for node in _texts(ast.parse(path.read_text()))
        if node.value in ids or node.value.endswith(ends)
    ]
    assert spelt == []


def _texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield the texts of a module, without names of commands, attributes and modules."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in COMMANDS:
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node
        yield from _texts(node)
