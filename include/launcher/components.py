"""What a stack is made of: the one list, which docker-compose.yaml is tested against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Component:
    """A part of Airflow that runs on its own; ``health`` is its key in Airflow's health answer."""

    name: str
    command: tuple[str, ...]
    health: str
    end_together: bool = False


MIGRATE = ("airflow", "db", "migrate")

# Logs are read from the shared folder: servers for them would only take ports that a second stack needs too.
# One worker: a second one would double the memory, and is of no use to a handful of people.
COMPONENTS = (
    Component("api-server", ("airflow", "api-server", "--workers", "1"), "metadatabase"),
    Component("scheduler", ("airflow", "scheduler", "--skip-serve-logs"), "scheduler"),
    Component("dag-processor", ("airflow", "dag-processor"), "dag_processor"),
    # Asked alone it waits ten seconds for a child that has long ended (Airflow 3.3.2)
    Component("triggerer", ("airflow", "triggerer", "--skip-serve-logs"), "triggerer", end_together=True),
)

LOCAL_AWS = ("python", "-m", "simulator")
INITIALISE = ("python", "-m", "recovery", "init")
