"""A plan's DAG: its tasks, their order, who may run it, and what it tells people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from drs_recovery.dag.builder import build_dag
from drs_recovery.plan import Plan

if TYPE_CHECKING:
    from airflow.sdk import DAG


def dag_of(*waves: dict[str, Any], **fields: Any) -> DAG:
    """Return the DAG of a plan with these waves."""
    content = {
        "id": "shop",
        "name": "Shop",
        "description": "All of it.",
        "owner": "team",
        "region": "eu-west-1",
    }
    named = [{"servers": [f"s-{n:017d}"], **wave} for n, wave in enumerate(waves)]
    return build_dag(Plan.model_validate(content | {"waves": named} | fields))


def upstream(dag: DAG, task_id: str) -> set[str]:
    return set(dag.get_task(task_id).upstream_task_ids)


def test_a_wave_is_a_gate_a_start_and_a_wait_and_one_task_completes() -> None:
    """The order of DESIGN: open, then wave after wave, then complete."""
    dag = dag_of({"name": "DBWave1"}, {"name": "AppWave2", "pause_before_wave": True})
    assert set(dag.task_ids) == {
        "open_execution",
        "dbwave1.approve",
        "dbwave1.start_recovery",
        "dbwave1.wait_for_recovery",
        "appwave2.approve",
        "appwave2.start_recovery",
        "appwave2.wait_for_recovery",
        "complete_execution",
    }
    assert upstream(dag, "dbwave1.approve") == {"open_execution"}
    assert upstream(dag, "dbwave1.start_recovery") == {"dbwave1.approve"}
    assert upstream(dag, "dbwave1.wait_for_recovery") == {"dbwave1.start_recovery"}
    assert upstream(dag, "appwave2.approve") == {"dbwave1.wait_for_recovery"}
    assert upstream(dag, "complete_execution") == {
        "dbwave1.wait_for_recovery",
        "appwave2.wait_for_recovery",
    }


def test_o2_dependencies_of_a_plan_are_those_of_its_dag() -> None:
    """Waves side by side start together; a wave after both waits for both, and so does the end."""
    dag = dag_of(
        {"name": "Left"},
        {"name": "Right", "depends_on": []},
        {"name": "Both", "depends_on": ["Left", "Right"]},
    )
    assert upstream(dag, "right.approve") == {"open_execution"}
    assert upstream(dag, "both.approve") == {"left.wait_for_recovery", "right.wait_for_recovery"}
    assert upstream(dag, "complete_execution") == {
        "left.wait_for_recovery",
        "right.wait_for_recovery",
        "both.wait_for_recovery",
    }


def test_only_a_gate_after_a_wave_that_says_continue_runs_whatever_became_of_it() -> None:
    """Airflow asks for no success there; the record alone permits."""
    dag = dag_of(
        {"name": "One", "on_failure": "continue"},
        {"name": "Two"},
        {"name": "Three", "depends_on": ["One", "Two"]},
        {"name": "Four"},
    )
    rules = {task.task_id: task.trigger_rule for task in dag.tasks if not task.is_teardown}
    after = {"two.approve", "three.approve"}
    assert {task_id for task_id, rule in rules.items() if rule == "all_done"} == after
    assert {rule for task_id, rule in rules.items() if task_id not in after} == {"all_success"}


def test_completing_is_a_teardown_that_decides_the_run() -> None:
    """An `all_done` task is skipped when a person forces the run; a teardown runs."""
    complete = dag_of({"name": "One"}).get_task("complete_execution")
    assert complete.is_teardown
    assert complete.on_failure_fail_dagrun


def test_only_people_and_the_schedule_run_a_plan() -> None:
    """By a person, its schedule or another DAG; no backfills, no asset events; no catching up; not paused."""
    dag = dag_of({"name": "One"}, drill_schedule="0 6 1 * *")
    allowed = {run_type.value for run_type in dag.allowed_run_types or ()}
    assert allowed == {"manual", "scheduled", "operator_triggered"}
    assert dag.catchup is False
    assert dag.is_paused_upon_creation is False


def test_every_task_retries_and_has_the_pool_of_the_recoveries() -> None:
    """Other work in the default pool cannot keep a recovery waiting."""
    for task in dag_of({"name": "One"}, {"name": "Two"}).tasks:
        assert task.pool == "recovery"
        assert (task.retries or 0) >= 2
    assert dag_of({"name": "One"}).get_task("complete_execution").retries >= 100


def test_the_page_of_the_dag_shows_the_plan() -> None:
    """Name, waves, tags and approvers, as a table; a pipe in a name does not break it."""
    waves = [
        {"name": "Data | base"},
        {"name": "App", "pause_before_wave": True, "servers": {"tags": {"Tier": "app"}}},
    ]
    doc = dag_of(*waves, approvers=["alice"]).doc_md or ""
    assert "| Data \\| base | the start | no |" in doc
    assert "| App | Data \\| base | yes | all with the DRS tags `Tier=app` |" in doc
    assert "`alice`" in doc


def test_the_page_of_the_dag_shows_what_each_wave_demands() -> None:
    """Optional servers, how many must be launched, what a failure means, and the time-out."""
    waves: list[dict[str, Any]] = [
        {"name": "Data"},
        {
            "name": "App",
            "servers": {"tags": {"Tier": "app"}},
            "optional": {"tags": {"Spare": "yes"}},
            "minimum_launched": "80%",
            "on_failure": "continue",
            "timeout": "90m",
        },
    ]
    doc = dag_of(*waves).doc_md or ""
    assert "| `s-00000000000000000` | all | stop | 4 hours |\n" in doc
    demanded = "80%, not counting all with the DRS tags `Spare=yes`"
    assert f"| {demanded} | continue | 1 hour 30 minutes |\n" in doc


def test_the_page_of_a_plan_says_its_targets() -> None:
    """RTO and RPO, where the plan has them."""
    wave = {"name": "Database", "servers": ["s-000000000000db001"]}
    assert "Targets: RTO 4h, RPO 15m." in (dag_of(wave, rto="4h", rpo="15m").doc_md or "")
    assert "Targets" not in (dag_of(wave).doc_md or "")


@pytest.mark.parametrize(
    ("fields", "texts"),
    [
        ({}, "stay until `recovery clean-up shop`"),
        ({"cleanup": "always"}, "are terminated at its end."),
        (
            {"cleanup": "after_approval", "cleanup_after": "8h"},
            "are terminated 8 hours after its end, once an approver says so.",
        ),
    ],
)
def test_the_page_of_the_dag_tells_what_becomes_of_a_drills_instances(
    fields: dict[str, str], texts: str
) -> None:
    """They cost money until they are terminated."""
    assert texts in (dag_of({"name": "One"}, **fields).doc_md or "")


@pytest.mark.parametrize("waves", [1, 3, 100])
def test_building_is_deterministic(waves: int) -> None:
    """Two builds serialise alike: any difference would make a new DAG version at every parse."""
    described = [{"name": f"Wave {n}", "servers": [f"s-{n:017d}"]} for n in range(waves)]
    one, two = (DagSerialization.to_dict(dag_of(*described)) for _ in range(2))
    assert one == two


PAGE = {"name": "page", "http": {"connection": "pager"}}


def test_actions_stand_between_the_tasks_of_a_wave_and_around_all_waves() -> None:
    """In their order; what follows waits for the last of them, and so does the end."""
    dag = dag_of(
        {"name": "One", "before": [PAGE, PAGE | {"name": "then"}], "after": [PAGE]},
        {"name": "Two"},
        before=[PAGE],
        after=[PAGE, PAGE | {"name": "last"}],
    )
    assert upstream(dag, "before_page") == {"open_execution"}
    assert upstream(dag, "one.approve") == {"before_page"}
    assert upstream(dag, "one.before_page") == {"one.approve"}
    assert upstream(dag, "one.before_then") == {"one.before_page"}
    assert upstream(dag, "one.start_recovery") == {"one.before_then"}
    assert upstream(dag, "one.after_page") == {"one.wait_for_recovery"}
    assert upstream(dag, "two.approve") == {"one.after_page"}
    assert upstream(dag, "after_page") == {"two.wait_for_recovery"}
    assert upstream(dag, "after_last") == {"after_page"}
    ends = {"one.wait_for_recovery", "one.after_page", "two.wait_for_recovery", "after_page", "after_last"}
    assert upstream(dag, "complete_execution") == ends


def test_the_longest_names_of_a_wave_and_its_action_fit_into_a_task_id() -> None:
    """Airflow takes 250 characters."""
    dag = dag_of({"name": "w" * 200, "before": [PAGE | {"name": "データ" * 60}]})
    assert max(map(len, dag.task_ids)) <= 250
