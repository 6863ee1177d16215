"""What a stack has to say when a test on it failed: once pytest ends, it is gone with its logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from launcher.processes import last_lines

if TYPE_CHECKING:
    from tests.integration.running_stack import World

RUNS = 10
"""The newest runs of all DAGs, whose tasks are told."""
LINES = 40
"""The last lines of the log of each process."""
COLUMNS = 300
"""Characters of a line."""


def evidence(world: World) -> str:
    """Return the tasks of the newest runs, and the end of each process's log."""
    try:
        runs = "\n".join(_runs(world))
    except (httpx.HTTPError, AssertionError) as error:
        runs = f"Airflow did not tell its runs: {error}"
    logs = world.stack.home.logs
    ends = [f"-- {log.name}\n{last_lines(log, LINES)}" for log in sorted(logs.glob("*.log"))]
    return "\n".join(line[:COLUMNS] for line in "\n".join([runs, *ends]).splitlines())


def _runs(world: World) -> list[str]:
    newest = {"order_by": "-run_after", "limit": RUNS}
    found = world.admin.call("GET", "/dags/~/dagRuns", params=newest).raise_for_status().json()
    return [line for run in found["dag_runs"] for line in _tasks(world, run)]


def _tasks(world: World, run: dict[str, Any]) -> list[str]:
    key = run["dag_id"], run["dag_run_id"]
    told = ("state", "try_number", "queued_when", "start_date", "end_date")
    return [f"{run['state']} {' '.join(key)}, created {run['run_after']}"] + [
        f"  {one['task_id']}: {', '.join(str(one.get(field)) for field in told)}"
        for one in world.admin.task_instances(*key)
    ]
