"""One plan becomes one DAG: a gate, a start and a wait for each wave, then the one task that may finish."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow.sdk import DAG, CronTriggerTimetable, TaskGroup, TriggerRule, WeightRule, chain

from drs_recovery.dag.doc import plan_doc
from drs_recovery.dag.params import run_params
from drs_recovery.dag.priority import weight_of
from drs_recovery.dag.scheduled import FIRST_SLOT
from drs_recovery.names import OUTDATED_TAG, Role, task_id
from drs_recovery.settings import settings
from drs_recovery.tasks import (
    ApproveWave,
    CompleteExecution,
    OpenExecution,
    StartRecovery,
    WaitForRecovery,
)
from drs_recovery.tasks.actions import action_tasks
from drs_recovery.text.markdown import Markdown

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from airflow.sdk import BaseOperator

    from drs_recovery.dag.outdated import Outdated
    from drs_recovery.plan import Plan

MOST_RUNS = 100_000
"""DAG runs of a plan that Airflow lets run at once. The plan's lock in the table decides which of them goes
on. At Airflow's default of 16, a RECOVERY would wait until the drills asked for before it have ended."""

JUST_NOW = timedelta(minutes=5)
"""A slot that passed no longer ago than this is run, if the plan had no drill so far and nobody knows since
when it is there. It outlasts the time that a scheduler takes to run a slot: else the slot would be lost."""


def build_dag(
    plan: Plan,
    *,
    outdated: Outdated | None = None,
    since: datetime | None = None,
    folder: Path | None = None,
) -> DAG:
    """Return the DAG of a plan; its id is the plan's.

    ``outdated`` marks the last good version of a plan whose file cannot be read. Its drill schedule goes on:
    a drill rehearses what a recovery would run. ``since`` is when the plan was first there with its schedule,
    where that is known. ``folder`` is that of the plans.
    """
    with DAG(
        dag_id=plan.id,
        dag_display_name=f"{plan.name} ({OUTDATED_TAG})" if outdated else plan.name,
        description=plan.description,
        doc_md=str((outdated.doc if outdated else Markdown()) + plan_doc(plan)),
        schedule=_schedule(plan, since),
        start_date=since if plan.drill_schedule else FIRST_SLOT,
        catchup=False,
        max_active_runs=MOST_RUNS,
        is_paused_upon_creation=False,
        allowed_run_types=["manual", "scheduled", "operator_triggered"],  # type: ignore[list-item] # the enum is private
        tags=["recovery", OUTDATED_TAG] if outdated else ["recovery"],
        default_args=_default_args(plan),
    ) as dag:
        opened = OpenExecution(
            task_id=task_id(Role.OPEN),
            plan=plan,
            remark=outdated.remark if outdated else "",
            folder=folder,
        )
        before = [opened, *action_tasks(plan, "before")]
        waves = [_wave(plan, number) for number in range(len(plan.waves))]
        after = action_tasks(plan, "after")
        chain(*before)
        for (gate, _), dependencies in zip(waves, plan.dependencies, strict=True):
            gate.set_upstream([waves[number][1][-1] for number in dependencies] or before[-1])
        if after:
            chain([waves[number][1][-1] for number in plan.last_waves], *after)
        complete = CompleteExecution(task_id=task_id(Role.FINISH), plan=plan)
        complete.as_teardown(on_failure_fail_dagrun=True)
        # Every wave, not the last alone: marking a task of a later wave must not end one that runs
        complete.set_upstream([task for _, tasks in waves for task in tasks] + after)
    for step, task in enumerate(dag.tasks):
        task.priority_weight = weight_of(plan.tier, step)
    # Not before: each task would copy them, once for each class that it is made of
    dag.params.update(run_params(plan))
    return dag


def _schedule(plan: Plan, since: datetime | None) -> CronTriggerTimetable | str | None:
    """Return when drills run by themselves: at no time that passed before the plan was there."""
    if since is not None or not plan.drill_schedule:
        return plan.drill_schedule
    return CronTriggerTimetable(plan.drill_schedule, timezone="UTC", run_immediately=JUST_NOW)


def _default_args(plan: Plan) -> dict[str, object]:
    return {
        "owner": plan.owner,
        "pool": settings().pool,
        "weight_rule": WeightRule.ABSOLUTE,
        "retries": 3,
        "retry_delay": timedelta(seconds=2),
    }


def _wave(plan: Plan, number: int) -> tuple[ApproveWave, list[BaseOperator]]:
    """Return the first task of a wave, and from its launch on all that it waits for, the last one last."""
    wave = plan.waves[number]
    where: dict[str, Any] = {"plan": plan, "wave_number": number, "wave_name": wave.name}
    with TaskGroup(wave.slug, tooltip=wave.name):
        gate = ApproveWave(task_id=Role.GATE.value, trigger_rule=_rule_of_gate(plan, number), **where)
        start = StartRecovery(task_id=Role.START.value, **where)
        wait = WaitForRecovery(task_id=Role.WATCH.value, **where)
        before, after = action_tasks(plan, "before", number), action_tasks(plan, "after", number)
        chain(gate, *before, start, wait, *after)
    return gate, [wait, *after]


def _rule_of_gate(plan: Plan, number: int) -> TriggerRule:
    """Return when a gate runs: after a wave with `on_failure: continue`, however its tasks ended.

    The gate still asks the record, which holds how each wave ended, before it permits anything.
    """
    goes_on = any(plan.waves[before].on_failure == "continue" for before in plan.dependencies[number])
    return TriggerRule.ALL_DONE if goes_on else TriggerRule.ALL_SUCCESS
