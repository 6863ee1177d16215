"""The actions of a plan as tasks: real operators that obey the record, one file for each kind.

Each is imported when a plan has one of its kind: a plan without actions pays for none.
"""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from drs_recovery.errors import PlanError

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from drs_recovery.plan import Plan
    from drs_recovery.plan.actions import Action, Moment

KINDS = {
    "http": ("http", "HttpAction"),
    "lambda": ("aws_lambda", "LambdaAction"),
    "ssm": ("ssm", "SsmAction"),
    "route53": ("route53", "Route53Action"),
    "wait": ("wait", "WaitAction"),
    "dag": ("dag", "DagAction"),
}
"""File and operator of each kind but ``operator``, which names its own."""

OF_AIRFLOW_ITSELF = 3
"""Retries of a task that could not even ask the record; the record says how often an action runs."""


def action_tasks(plan: Plan, moment: Moment, number: int | None = None) -> list[BaseOperator]:
    """Return the tasks of the actions before or after a wave, or the plan; PlanError for a wrong one."""
    return [action_task(plan, moment, number, action) for action in plan.actions(moment, number)]


def action_task(plan: Plan, moment: Moment, number: int | None, action: Action) -> BaseOperator:
    """Return the task of an action; PlanError for an operator that is not there, or its arguments."""
    from drs_recovery.tasks.actions.obeys import target_of  # noqa: PLC0415 - see above
    from drs_recovery.tasks.actions.operator import complaint_of_arguments  # noqa: PLC0415

    kind = _operator_of(action)
    if complaint := complaint_of_arguments(action.with_ or {}):
        raise PlanError([f"{moment} {action.name!r}: {complaint}"])
    try:
        task: Any = kind(
            task_id=action.task_name(moment),
            retries=OF_AIRFLOW_ITSELF + action.retries,
            retry_delay=timedelta(seconds=2),
            execution_timeout=None if kind.action_ends_itself else action.limit,
            do_xcom_push=False,
            **kind.arguments_of(action, target_of(plan, number)),
        )
    except Exception as error:  # whatever an operator raises that is made with wrong arguments
        raise PlanError([f"{moment} {action.name!r}: {action.operator or action.kind}: {error}"]) from error
    task.action_moment = moment
    task.action_wave = None if number is None else (number, plan.waves[number].name)
    made: BaseOperator = task
    return made


def _operator_of(action: Action) -> Any:
    if action.operator:
        from drs_recovery.tasks.actions.operator import operator_class  # noqa: PLC0415

        return operator_class(action.operator)
    file, name = KINDS[action.kind]
    return getattr(import_module(f"{__name__}.{file}"), name)
