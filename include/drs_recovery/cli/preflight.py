"""What is checked before a run is triggered: otherwise a run could wait silently for ever."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from drs_recovery.errors import AirflowRefused
from drs_recovery.names import INVALID_TAG, OUTDATED_TAG

if TYPE_CHECKING:
    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.airflow_models import Dag, Health

BLOCK = re.compile(r"^(?P<fence>`{3,})text\n(?P<text>.*?)\n(?P=fence)$", re.MULTILINE | re.DOTALL)
"""Where the page of such a DAG holds the problems of its file."""

MOST_NAMED = 20
"""Most plans that the message of an unknown plan names."""

STARTS = {
    "metadatabase": "airflow db check",
    "scheduler": "airflow scheduler",
    "triggerer": "airflow triggerer",
    "dag_processor": "airflow dag-processor",
}


def check_ready_to_run(client: AirflowClient, plan_id: str) -> str | None:
    """Raise AirflowRefused, with the command that helps, if a run of the plan would not progress.

    Returns a warning about the plan, if there is one.
    """
    check_health(client.health())
    dag = client.dag(plan_id)
    if dag is None:
        raise AirflowRefused(_missing(plan_id, client.plans()))
    check_dag(dag)
    if OUTDATED_TAG not in dag.tags:
        return None
    return (
        f"The file of the plan {plan_id!r} cannot be read; what runs is its last good version. "
        f"Correct the file; `recovery check` shows when it is valid.\n{_problems(dag)}"
    )


def check_health(health: Health) -> None:
    """Raise AirflowRefused if a part of Airflow has no recent heartbeat."""
    if not health.unhealthy:
        return
    named = ", ".join(part.replace("_", "-") for part in health.unhealthy)
    commands = ", ".join(f"`{STARTS[part]}`" for part in health.unhealthy)
    raise AirflowRefused(
        f"Not started: Airflow has no recent heartbeat of its {named}, so a run would not progress. "
        f"Start what is missing: {commands}; a local Airflow: `make up`."
    )


def check_dag(dag: Dag) -> None:
    """Raise AirflowRefused for a DAG whose runs would fail, wait, or not exist."""
    if INVALID_TAG in dag.tags:
        raise AirflowRefused(
            f"Not started: the plan {dag.dag_id!r} is invalid. Correct its file; `recovery check` "
            f"shows when it is valid.\n{_problems(dag)}"
        )
    if dag.is_stale or dag.has_import_errors:
        raise AirflowRefused(
            f"Not started: the DAG of {dag.dag_id!r} is stale: its plan file is gone, or the loader of the "
            "plans fails. `airflow dags list-import-errors` shows which; `airflow dags reserialize` reads "
            "the plans again."
        )
    if dag.is_paused:
        raise AirflowRefused(
            f"Not started: the DAG of {dag.dag_id!r} is paused, and its runs would wait silently. "
            f"`airflow dags unpause {dag.dag_id}` changes that."
        )


def _missing(plan_id: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(plan_id, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    plans = ", ".join(sorted(known)[:MOST_NAMED]) or "none"
    plans += " …" if len(known) > MOST_NAMED else ""
    return (
        f"Not started: Airflow has no plan {plan_id!r}.{hint} It has: {plans}. A new file is found within "
        "seconds; `recovery check` shows what is wrong with one, `airflow dags reserialize` "
        "reads them all again."
    )


def _problems(dag: Dag) -> str:
    """Return the problems of a plan file: the block of text on the page of its DAG."""
    page = dag.doc_md or ""
    block = BLOCK.search(page)
    return (block["text"] if block else page).strip()
