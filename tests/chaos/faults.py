"""Faults around, as the schedule has them: killed processes, a restarted database, spoiled calls of AWS."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil

from launcher import postgres
from launcher.components import BROKER
from tests.background import Background
from tests.chaos.chaos_stack import APART, APART_KEY
from tests.chaos.evidence import Hit, utc
from tests.chaos.schedule import Kind
from tests.chaos.supervisor import busy_workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Run
    from tests.chaos.schedule import Disturbance
    from tests.chaos.supervisor import Supervisor

COMPONENT = {
    Kind.KILL_SCHEDULER: "scheduler",
    Kind.KILL_TRIGGERER: "triggerer",
    Kind.KILL_API_SERVER: "api-server",
    Kind.KILL_DAG_PROCESSOR: "dag-processor",
    Kind.KILL_WORKER: "worker",
}
ALONE = {*COMPONENT, Kind.RESTART_POSTGRESQL, Kind.RESTART_REDIS}
"""Kinds after which what was killed comes back, before the next of them."""

WAIT_FOR_TASK = 15.0
LOOK_EVERY = 0.05
WORKS = 8.0
"""Seconds that everything works before the next kill."""

COMES_BACK = 60.0
"""Seconds that killed components have before the next is killed all the same."""


class Faults(Background):
    """Lets disturbances happen, one after the other, while something is in flight."""

    def __init__(
        self,
        world: World,
        supervisor: Supervisor,
        schedule: Iterator[Disturbance],
        log: Callable[[str], None],
    ) -> None:
        self.world = world
        self.supervisor = supervisor
        self.schedule = schedule
        self.log = log
        self.trouble: list[str] = []
        """Faults that could not be set: a mistake of chaos itself."""
        self._turns: Counter[Kind] = Counter()
        self._windows = ThreadPoolExecutor(max_workers=4, thread_name_prefix="window")
        super().__init__()

    def __exit__(self, *ended: object) -> None:
        super().__exit__(*ended)
        self._windows.shutdown()
        self.world.control.clear_faults()

    def _go_on(self) -> None:
        for disturbance in self.schedule:
            if self._stop.wait(disturbance.after):
                return
            kills = disturbance.kind in ALONE
            if kills:
                self._let_come_back()
            while not self.world.in_flight():
                if self._stop.wait(0.5):
                    return
            if kills:
                self._try(disturbance)
            else:
                self._windows.submit(self._try, disturbance)

    def _let_come_back(self) -> None:
        """Wait until what was killed before has come back: what never works shows nothing of what works."""
        deadline = time.monotonic() + COMES_BACK
        while not self._all_is_back() and time.monotonic() < deadline and not self._stop.wait(0.5):
            pass
        self._stop.wait(WORKS)

    def _all_is_back(self) -> bool:
        """Whether each process runs, and Airflow is healthy, which it also is with one of two copies."""
        return self.supervisor.all_run() and self.world.healthy()

    def _try(self, disturbance: Disturbance) -> None:
        try:
            self._do(disturbance)
        except Exception as error:  # noqa: BLE001 - told in the report; the others go on
            self.trouble.append(f"{disturbance.kind} {disturbance.options}: {error!r}")

    def _do(self, disturbance: Disturbance) -> None:
        kind, options = disturbance.kind, disturbance.options
        if kind in COMPONENT:
            self._kill_component(disturbance)
        elif kind is Kind.RESTART_POSTGRESQL:
            self._restart_postgresql(options["down"])
        elif kind is Kind.RESTART_REDIS:
            if self.supervisor.kill(BROKER, whole=True, down=options["window"]):
                self._hit(kind, self.world.in_flight(), f"gone for {options['window']:.1f} s, back empty")
        elif kind is Kind.FREEZE_REDIS:
            self._freeze_redis(options["window"])
        elif kind is Kind.CUT_WORKER:
            self._cut_worker(options["window"])
        elif kind is Kind.KILL_TASK:
            self._kill_task(options["what"], options["delay"])
        else:
            self._spoil(kind, options)

    def _kill_component(self, disturbance: Disturbance) -> None:
        """Kill a component; of several copies they take turns, and a worker is killed with tasks it runs."""
        copies = self.supervisor.copies(COMPONENT[disturbance.kind])
        name, whole = copies[self._turns[disturbance.kind] % len(copies)], disturbance.options["whole"]
        if disturbance.kind is Kind.KILL_WORKER and not self._await_tasks(name):
            return
        self._turns[disturbance.kind] += 1
        if child := self.supervisor.kill(name, whole=whole):
            which = f"{name}, " if len(copies) > 1 else ""
            texts = f"{which}pid {child.pid}{' and all it had started' if whole else ' alone'}"
            self._hit(disturbance.kind, self.world.in_flight(), texts)

    def _await_tasks(self, worker: str) -> bool:
        """Wait for a task of ours in a worker; return whether there is one."""
        deadline = time.monotonic() + WAIT_FOR_TASK
        while time.monotonic() < deadline and not self._stop.is_set():
            if busy_workers(self.supervisor.child(worker)).keys() & self.world.tasks.keys():
                return True
            time.sleep(LOOK_EVERY)
        return False

    def _freeze_redis(self, window: float) -> None:
        """Let Redis say nothing for a while, and close no connection, as when its machine is cut off."""
        redis = psutil.Process(self.supervisor.child(BROKER).pid)
        redis.suspend()
        try:
            self._hit(Kind.FREEZE_REDIS, self.world.in_flight(), f"silent for {window:.0f} s")
            self._stop.wait(window)
        finally:
            with suppress(psutil.NoSuchProcess):  # it may be killed meanwhile
                redis.resume()

    def _cut_worker(self, window: float) -> None:
        """Let one of the workers not reach DynamoDB, and the other run tasks as ever."""
        flying = self.world.in_flight()
        fault = self.world.control.drop("dynamodb", after=False, access_key=APART_KEY)
        self._stop.wait(window)
        hits = self._hits(fault)
        self.world.control.remove_fault(fault)
        if hits:
            flew = {run.number: run for run in (*flying, *self.world.in_flight())}
            self._hit(Kind.CUT_WORKER, list(flew.values()), f"{hits} calls of {APART} for {window:.0f} s")

    def _hit(self, kind: Kind, runs: list[Run], texts: str) -> None:
        """Write a fault down at the runs it hit."""
        numbers = " and ".join(str(run.number) for run in runs)
        self.log(f"[red]{kind}[/] {texts}, while {f'run {numbers}' if runs else 'nothing'} is in flight")
        for run in runs:
            run.hits.append(Hit(kind, utc(), texts))

    def _restart_postgresql(self, down: float) -> None:
        """Stop PostgreSQL as if its machine lost power, and start it where it was."""
        data = self.world.stack.home.database
        postgres._run(data, postgres._run_as(data), "pg_ctl", "--wait", "--mode=immediate", "stop")
        self._hit(Kind.RESTART_POSTGRESQL, self.world.in_flight(), f"gone for {down:.1f} s")
        time.sleep(down)
        if postgres.start(data) != self.world.stack.env["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]:
            raise RuntimeError("PostgreSQL came back at another address")

    def _kill_task(self, what: str, delay: float) -> None:
        """Kill a process of a task of ours that runs, the one that watches over it, or both."""
        deadline = time.monotonic() + WAIT_FOR_TASK
        while time.monotonic() < deadline and not self._stop.is_set():
            workers = self.supervisor.busy()
            ours = {task: process for task, process in workers.items() if task in self.world.tasks}
            if ours:
                task = min(ours)
                run, task_id = self.world.tasks[task]
                time.sleep(delay)
                if pids := self._kill(ours[task], task, what):
                    self.log(f"[red]{Kind.KILL_TASK}[/] {what} of {task_id} of run {run.number}")
                    if run.in_flight or "." in task_id:
                        run.hits.append(Hit(Kind.KILL_TASK, utc(), f"{what} of {task_id}: {pids}"))
                    return
            time.sleep(LOOK_EVERY)

    @staticmethod
    def _kill(worker: psutil.Process, task: str, what: str) -> list[int]:
        with suppress(psutil.Error):
            if task not in " ".join(worker.cmdline()):
                return []  # the task is over
            children = worker.children()
            victims = {"task": children, "supervisor": [worker], "both": [worker, *children]}[what]
            for process in victims:
                process.kill()
            return [process.pid for process in victims]
        return []

    def _spoil(self, kind: Kind, options: dict[str, Any]) -> None:
        """Spoil calls until the fault has hit as often as it may, or its time is over."""
        set_fault = dict(options)
        window, service = set_fault.pop("window"), set_fault.pop("service")
        flying = self.world.in_flight()
        keys = self.world.stack.access_keys
        set_faults = [self._set(kind, service, set_fault | {"access_key": key}) for key in keys]
        deadline = time.monotonic() + window
        while (
            time.monotonic() < deadline and not self._stop.is_set() and not self._spent(set_faults, options)
        ):
            time.sleep(0.3)
        hits = sum(map(self._hits, set_faults))
        for fault in set_faults:
            self.world.control.remove_fault(fault)
        if hits:
            flew = {run.number: run for run in (*flying, *self.world.in_flight())}
            called = f"{service} {options.get('operation', '')}".strip()
            self._hit(kind, list(flew.values()), f"{hits} calls of {called}")

    def _set(self, kind: Kind, service: str, calls: dict[str, Any]) -> str:
        control, operation = self.world.control, calls.pop("operation", None)
        if kind is Kind.CUT:
            return control.drop(service, operation, after=False, **calls)
        if kind is Kind.SLOW:
            return control.slow(calls.pop("seconds"), service, operation, **calls)
        if kind is Kind.THROTTLE:
            return control.throttle(service, operation, **calls)
        if calls.pop("effect", None) == "server_error":
            return control.break_calls(service, operation, after=True, **calls)
        return control.drop(service, operation, after=True, **calls)

    def _hits(self, fault: str) -> int:
        calls = self.world.control.faults()["calls"]
        return next((int(one["hits"]) for one in calls if one["id"] == fault), 0)

    def _spent(self, set_faults: list[str], options: dict[str, Any]) -> bool:
        return "times" in options and sum(map(self._hits, set_faults)) >= options["times"]
