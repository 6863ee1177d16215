"""What a stack is made of: the one list, which docker-compose.yaml is tested against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """A part of Airflow that runs on its own; ``health`` is its key in Airflow's health answer."""

    name: str
    command: tuple[str, ...]
    health: str
    needs_api: bool = True
    """Whether it is started when the API server answers: a task that started earlier would fail."""
    end_together: bool = False
    """Whether all its processes are asked to end, not it alone."""


MIGRATE = ("airflow", "db", "migrate")

# Logs are read from the shared folder: servers for them would only take ports that a second stack needs too.
# One worker: a second one would double the memory, and is of no use to a handful of people.
COMPONENTS = (
    Component("api-server", ("airflow", "api-server", "--workers", "1"), "metadatabase", needs_api=False),
    Component("scheduler", ("airflow", "scheduler", "--skip-serve-logs"), "scheduler"),
    Component("dag-processor", ("airflow", "dag-processor"), "dag_processor", needs_api=False),
    # Asked alone it waits ten seconds for a child that has long ended (Airflow 3.3.2)
    Component("triggerer", ("airflow", "triggerer", "--skip-serve-logs"), "triggerer", end_together=True),
)

LOCAL_AWS = ("python", "-m", "drs_simulator")
INITIALISE = ("python", "-m", "drs_recovery", "init")
