"""Plans become DAGs here, and one bad plan never hurts another.

Airflow marks every DAG of a file stale when the file raises, and a stale DAG can neither be triggered nor are
its runs in flight scheduled. So nothing here raises, with any content of the folder.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow.sdk import get_parsing_context

from drs_recovery.dag.builder import build_dag
from drs_recovery.dag.files.last_good import last_good
from drs_recovery.dag.files.shards import ALL, Shard
from drs_recovery.dag.invalid import invalid_dag
from drs_recovery.dag.outdated import Outdated
from drs_recovery.dag.scheduled import scheduled_since
from drs_recovery.errors import PlanError
from drs_recovery.names import UNREADABLE_FOLDER, dag_id_of
from drs_recovery.plan import files_of_stem, plan_stems, read_plans
from drs_recovery.tasks.actions.problems import operator_problems

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

log = logging.getLogger(__name__)


def load_dags(folder: Path, shard: Shard = ALL) -> dict[str, DAG]:
    """Return a DAG for every plan of a folder, or of a share of it, by dag id; never raises.

    A worker that parses for one task gets only the DAG of that task, so what a task costs does not grow with
    the number of plans.
    """
    try:
        stems = _stems(folder, shard)
    except Exception as error:
        log.exception("The plans in %s cannot be listed", folder)
        if not shard.is_first(folder.parent):
            return {}
        message = _message(folder, f"The plans in {folder} cannot be listed: {error}")
        return (
            {UNREADABLE_FOLDER: invalid_dag(UNREADABLE_FOLDER, message)}
            if shard.is_first(folder.parent)
            else {}
        )
    dags = [_dag(folder, stem) for stem in stems]
    return {dag.dag_id: dag for dag in dags}


def _stems(folder: Path, shard: Shard) -> list[str]:
    wanted = get_parsing_context().dag_id
    if wanted and dag_id_of(wanted) == wanted and files_of_stem(folder, wanted):
        return [wanted]
    stems = sorted(plan_stems(folder))
    # A stem that is no dag id stands under another: it is found only among all
    return [stem for stem in stems if (dag_id_of(stem) == wanted if wanted else shard.has(dag_id_of(stem)))]


def _dag(folder: Path, stem: str) -> DAG:
    try:
        plan = read_plans(folder, only=stem)[stem]
        if isinstance(plan, PlanError):
            return _stand_in(folder, stem, plan)
        if wrong := operator_problems(plan, next(iter(files_of_stem(folder, stem)))):
            return _stand_in(folder, stem, PlanError(wrong))
        return build_dag(plan, since=scheduled_since(folder, stem), folder=folder)
    except Exception as error:
        log.exception("The plan %s cannot be built", stem)
        return invalid_dag(dag_id_of(stem), _message(folder, f"{stem}: {type(error).__name__}: {error}"))


def _stand_in(folder: Path, stem: str, broken: PlanError) -> DAG:
    """Return the DAG of a plan that cannot be read: that of its last good version, if one is carried."""
    message = _message(folder, str(broken))
    try:
        good = last_good(folder, stem)
        if good is not None:
            return build_dag(
                good.plan,
                outdated=Outdated(good.since, message),
                since=scheduled_since(folder, stem),
                folder=folder,
            )
    except Exception as error:
        log.exception("The last good version of the plan %s is of no use", stem)
        message = f"{message}\nIts last good version is of no use: {_message(folder, str(error))}"
    return invalid_dag(dag_id_of(stem), message)


def _message(folder: Path, text: str) -> str:
    """Return a text without where the folder lies: that differs from snapshot to snapshot."""
    return text.replace(f"{folder.parent}/", "")
