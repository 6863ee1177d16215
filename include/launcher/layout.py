"""Which processes of a stack last, and where they are: each copy of each component, and what is around."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from launcher import processes
from launcher.components import API_SERVER, BROKER, PROXY, WORKER, Executor, components_of
from launcher.distributed import proxy_command, proxy_environment, redis_command
from launcher.environment import HOST, Addresses

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from launcher.components import Component
    from launcher.home import Home
    from launcher.processes import Child


class Stage(IntEnum):
    """When a process is started; what was started last is stopped first."""

    AROUND = 0
    AIRFLOW = 1
    NEEDS_API = 2


@dataclass(frozen=True)
class Instance:
    """A process that lasts, with what its environment has beside the stack's."""

    name: str
    command: tuple[str, ...]
    stage: Stage = Stage.AROUND
    env: Mapping[str, str] = field(default_factory=dict)
    end_together: bool = False

    def start(self, env: Mapping[str, str], log: Path) -> Child:
        """Start it, its output appended to a log."""
        own = {**env, **self.env}
        return processes.start(self.name, self.command, env=own, log=log, end_together=self.end_together)


def inner_ports(executor: Executor) -> tuple[str, ...]:
    """Return the names of what needs a port of its own behind that of Airflow."""
    if executor == "local":
        return ()
    return (
        BROKER,
        *(name for one in components_of(executor) if one.name == API_SERVER for name in one.names),
    )


@dataclass(frozen=True)
class Layout:
    """What a stack consists of, from the ports that were chosen for it, by setting or by name."""

    executor: Executor
    home: Home
    ports: Mapping[str, int]
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    """That of Redis, of one start."""

    @property
    def addresses(self) -> Addresses:
        """Where people find it."""
        return Addresses(self.ports["AIRFLOW_PORT"], self.ports["LOCAL_AWS_PORT"])

    @property
    def components(self) -> tuple[Component, ...]:
        """The components of Airflow."""
        return components_of(self.executor)

    @property
    def broker(self) -> str:
        """The URL of Redis; empty where there are no workers."""
        return f"redis://:{self.password}@{HOST}:{self.ports[BROKER]}/0" if self.executor == "celery" else ""

    @property
    def workers(self) -> tuple[str, ...]:
        """The names of the workers."""
        return tuple(name for one in self.components if one.name == WORKER.name for name in one.names)

    @property
    def api_ports(self) -> tuple[int, ...]:
        """The port of each API server."""
        behind = [name for name in inner_ports(self.executor) if name != BROKER]
        return tuple(self.ports[name] for name in behind) or (self.addresses.airflow_port,)

    @property
    def instances(self) -> tuple[Instance, ...]:
        """All that lasts, but for PostgreSQL and local AWS."""
        return (*self._around(), *self._airflow())

    def _around(self) -> Iterator[Instance]:
        if self.executor == "celery":
            where = proxy_environment(self.addresses.airflow_port, self.api_ports)
            yield Instance(BROKER, redis_command(self.home))
            yield Instance(PROXY, proxy_command(), env=where)

    def _airflow(self) -> Iterator[Instance]:
        """Yield the copies of components; on one machine some need a port or a name of their own."""
        for one in self.components:
            stage = Stage.NEEDS_API if one.needs_api else Stage.AIRFLOW
            for number, name in enumerate(one.names):
                command, env = one.command, {}
                if one.name == WORKER.name:
                    command = (*command, "--celery-hostname", name)
                if one.name == API_SERVER:
                    env = {"AIRFLOW__API__PORT": str(self.api_ports[number])}
                yield Instance(name, command, stage, env, one.end_together)
