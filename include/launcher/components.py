"""What a stack is made of: the one list, which docker-compose.yaml is tested against."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Executor = Literal["local", "celery"]


@dataclass(frozen=True)
class Component:
    """A part of Airflow that runs on its own; ``health`` is its key in Airflow's health answer, if any."""

    name: str
    command: tuple[str, ...]
    health: str | None
    needs_api: bool = True
    """Whether it is started when the API server answers: a task that started earlier would fail."""
    end_together: bool = False
    """Whether all its processes are asked to end, not it alone."""
    copies: int = 1
    """So many run at once; each goes on alone when the others are gone."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its copies."""
        if self.copies == 1:
            return (self.name,)
        return tuple(f"{self.name}-{number}" for number in range(1, self.copies + 1))


MIGRATE = ("airflow", "db", "migrate")
API_SERVER = "api-server"

# Logs are read from the shared folder: servers for them would only take ports that a second stack needs too.
# One worker: a second one would double the memory, and is of no use to a handful of people.
COMPONENTS = (
    Component(API_SERVER, ("airflow", "api-server", "--workers", "1"), "metadatabase", needs_api=False),
    Component("scheduler", ("airflow", "scheduler", "--skip-serve-logs"), "scheduler"),
    Component("dag-processor", ("airflow", "dag-processor"), "dag_processor", needs_api=False),
    # Asked alone it waits ten seconds for a child that has long ended (Airflow 3.3.2)
    Component("triggerer", ("airflow", "triggerer", "--skip-serve-logs"), "triggerer", end_together=True),
)
WORKER = Component("worker", ("airflow", "celery", "worker", "--skip-serve-logs"), None, copies=2)

DISTRIBUTED = (
    *(replace(one, copies=1 if one.name == "dag-processor" else 2) for one in COMPONENTS),
    WORKER,
)
"""With Celery: two of what recoveries wait for. Without a DAG processor only new plans wait."""

BROKER, PROXY = "redis", "proxy"
"""What Celery needs besides: Redis has the queue of tasks, HAProxy the one port of all API servers."""

LOCAL_AWS = ("python", "-m", "drs_simulator")
INITIALISE = ("python", "-m", "drs_recovery", "init")


def components_of(executor: Executor) -> tuple[Component, ...]:
    """Return the components of Airflow that an executor needs."""
    return DISTRIBUTED if executor == "celery" else COMPONENTS
