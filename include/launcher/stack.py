"""A stack: PostgreSQL, local AWS and Airflow, started until healthy, and stopped without a trace.

Airflow's components run as processes of their own, as they do in docker-compose.yaml: Airflow's `standalone`
neither restarts nor reports a component that dies.
"""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING, Self

from launcher import distributed, postgres, processes
from launcher.airflow_api import AirflowApi, answers
from launcher.components import API_SERVER, BROKER, INITIALISE, LOCAL_AWS, MIGRATE, PROXY, Executor
from launcher.environment import HOST, ROOT, process_environment, shell_script, users
from launcher.errors import SettingRefused
from launcher.home import Home, write_private
from launcher.layout import Instance, Layout, Stage, inner_ports
from launcher.ports import choose_ports
from launcher.progress import Progress
from launcher.signals import signals_blocked
from launcher.starting import Starting
from launcher.state import State, locked, read_state

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path
    from types import TracebackType

    from launcher.console import Console
    from launcher.processes import Child
    from launcher.starting import Probe

ADMIN = "admin"
SERVERS = ("local-aws", API_SERVER, BROKER, PROXY)
"""How the names of what others need begin."""

DAG_FILES = ("recovery_plans.py", "recovery_maintenance.py")
GROUPS = "groups"
PLAN_FILES = (".yaml", ".yml")


class Stack:
    """One installation in a home. A port of 0 takes a free one; ``plans`` stands in for ``dags/plans``."""

    def __init__(
        self,
        home: Path,
        *,
        airflow_port: int = 0,
        aws_port: int = 0,
        speed: str = "60",
        plans: Path | None = None,
        console: Console | None = None,
        executor: Executor = "local",
    ) -> None:
        self.home = Home(home.resolve())
        self.plans = plans or ROOT / "dags" / "plans"
        self.speed = speed
        self.executor = executor
        self.passwords: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self._wanted = {"AIRFLOW_PORT": airflow_port, "LOCAL_AWS_PORT": aws_port}
        self._progress = Progress(console)
        self._own_plans = plans is not None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The processes that last, but for PostgreSQL and local AWS, once it is started."""
        return self.layout.instances

    @property
    def airflow_url(self) -> str:
        """Airflow's API server and UI."""
        return self.addresses.airflow_url

    @property
    def aws_url(self) -> str:
        """Local AWS."""
        return self.addresses.aws_url

    def env_of(self, user: str) -> dict[str, str]:
        """Return the environment for ``recovery`` as one of the users."""
        return self.env | {
            "RECOVERY_AIRFLOW_USER": user,
            "RECOVERY_AIRFLOW_PASSWORD": self.passwords[user],
        }

    def start(self) -> None:
        """Start everything, and return when it is healthy and every plan can be triggered.

        Raises SettingRefused before anything is started; raises StartFailed, or what interrupts it, after
        what was started is stopped again.
        """
        if self.executor == "celery":
            distributed.require_programs()
        with locked(self.home):
            self._stop()
            self.home.close()
            ports = choose_ports(self._wanted | dict.fromkeys(inner_ports(self.executor), 0))
            self.layout = Layout(self.executor, self.home, ports)
            self.addresses = self.layout.addresses
            try:
                with self._progress:
                    self._bring_up()
            except BaseException:
                self._stop()
                raise

    def stop(self) -> bool:
        """Stop what runs in this home, started by anybody; returns whether there was anything to stop."""
        with locked(self.home):
            return self._stop()

    def _stop(self) -> bool:
        state = read_state(self.home)
        with signals_blocked():
            for stage in _stages(state.children if state else ()):
                processes.stop(stage)
            had_database = postgres.stop(self.home.database)
            self.home.state.unlink(missing_ok=True)
            self.home.shell.unlink(missing_ok=True)
        return had_database or state is not None

    def _bring_up(self) -> None:
        addresses, broker = self.addresses, self.layout.broker
        state = State(
            airflow_port=addresses.airflow_port, aws_port=addresses.aws_port, executor=self.executor
        )
        database = self._start_postgres()
        self.env = process_environment(
            self.home, addresses, database=database, dags=self.dags(), broker=broker
        )
        self.passwords = self.home.passwords(users())
        starting = Starting(self.home, self.env, state, self._progress)
        starting.launch("local-aws", [*LOCAL_AWS, *self._local_aws_options()])
        probes: dict[str, Probe] = {"local-aws": self._local_aws_answers}
        if broker:
            distributed.configure_redis(self.home, self.layout.ports[BROKER], self.layout.password)
            probes |= self._celery_probes((BROKER,))
        starting.launch_all(self._of(Stage.AROUND))
        starting.wait({"tables": starting.one_off("tables", MIGRATE), **probes})
        with AirflowApi(self.airflow_url, ADMIN, self.passwords[ADMIN]) as airflow:
            self._start_airflow(starting, airflow)
        write_private(self.home.shell, shell_script(self.home, self.addresses))
        starting.state.model_copy(update={"ready": True}).write(self.home)

    def _start_airflow(self, starting: Starting, airflow: AirflowApi) -> None:
        """Start the components, those that need the API when it answers, and wait for all.

        The table is made meanwhile: a setting that cannot be read ends the start there, within seconds.

        The part of the API that tasks use is built at the first request, which takes seconds: a task that
        sent it would time out, and the first recovery would begin late.
        """
        layout = self.layout
        probes: dict[str, Probe] = {
            one.name: partial(airflow.healthy, one.health) for one in layout.components if one.health
        }
        healthy = probes.pop(API_SERVER)
        starting.launch_all(self._of(Stage.AIRFLOW))
        table = starting.one_off("table", (*INITIALISE, "--table-only"))
        starting.wait(
            {"table": table, API_SERVER: lambda: self._each_answers("/api/v2/version") and healthy()}
        )
        starting.launch_all(self._of(Stage.NEEDS_API))
        probes |= self._celery_probes(layout.workers)
        dags = count_plans(self.plans) + len(DAG_FILES) - 1  # one file makes the DAGs of all plans
        starting.env = self.env_of(ADMIN)
        starting.wait(
            {
                "task-api": partial(self._each_answers, "/execution/health"),
                "pool": starting.one_off("pool", (*INITIALISE, "--pool-only")),
                **probes,
                "plans": lambda: airflow.dags() >= dags,
            }
        )

    def _of(self, stage: Stage) -> list[Instance]:
        return [one for one in self.instances if one.stage is stage]

    def _celery_probes(self, names: Collection[str]) -> dict[str, Probe]:
        """Return the probes of Redis and of workers; without any, Celery is not imported."""
        if not names:
            return {}
        from launcher.celery_api import redis_answers, worker_answers  # noqa: PLC0415

        url = self.layout.broker
        return {
            name: partial(redis_answers, url) if name == BROKER else partial(worker_answers, url, name)
            for name in names
        }

    def _each_answers(self, path: str) -> bool:
        """Whether every API server answers, and the one port in front of them."""
        at = (*self.layout.api_ports, self.addresses.airflow_port)
        return all(answers(f"http://{HOST}:{port}{path}") for port in dict.fromkeys(at))

    def _start_postgres(self) -> str:
        self._progress.begin("postgresql")
        with signals_blocked():
            url = postgres.start(self.home.database)
        self._progress.ready("postgresql")
        return url

    def _local_aws_options(self) -> tuple[str, ...]:
        return ("--host", HOST, "--port", str(self.addresses.aws_port), "--speed", self.speed)

    def _local_aws_answers(self) -> bool:
        return answers(f"{self.aws_url}/simulator/clock")

    def dags(self) -> Path:
        """Return the folder of DAGs: the project's, or one of our own with other plans beside the loader."""
        if not self._own_plans:
            return ROOT / "dags"
        dags = self.home.path / "dags"
        plans = dags / "plans"
        groups = dags / GROUPS
        if dags.is_symlink() or any(one.exists() and not one.is_symlink() for one in (plans, groups)):
            raise SettingRefused(f"{dags} is not what a start makes there: move or remove it")
        dags.mkdir(exist_ok=True)
        for name in DAG_FILES:
            shutil.copy2(ROOT / "dags" / name, dags / name)
        plans.unlink(missing_ok=True)
        plans.symlink_to(self.plans.resolve())
        groups.unlink(missing_ok=True)
        if (beside := self.plans.resolve().with_name(GROUPS)).is_dir():
            groups.symlink_to(beside)
        return dags


def _stages(children: Collection[Child]) -> tuple[list[Child], list[Child]]:
    """Return the workers first, then the servers they need: a running task can still end its work."""
    servers = [child for child in children if child.name.startswith(SERVERS)]
    return [child for child in children if child not in servers], servers


def count_plans(folder: Path) -> int:
    """Return how many DAGs the plans of a folder make: one per file stem, valid or not."""
    return len({file.stem for file in folder.glob("[!.]*") if file.suffix in PLAN_FILES})
