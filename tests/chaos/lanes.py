"""One lane per plan: asks for one run after the other, answers gates, does what people do to runs."""

from __future__ import annotations

import time
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING

from chaos.airside import PATIENCE
from chaos.evidence import LEAST_FAULTS, Hit, Run, moment, utc
from chaos.schedule import Kind
from integration.rest import ENDED, HOLD, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.evidence import Item
    from chaos.plans import ChaosPlan
    from chaos.schedule import Deed, Scenario
    from chaos.world import World

LOOK_EVERY = 1.2
LIMIT = timedelta(minutes=10)
NOTICED = 6.0
"""Seconds in which Airflow surely notices that a plan's file was mended."""


class Lane(Thread):
    """The runs of one plan; one that met too few faults to prove anything is done once more."""

    def __init__(
        self,
        world: World,
        plan: ChaosPlan,
        scenarios: list[Scenario],
        *,
        ended: Callable[[Run], None],
        say: Callable[[str], None],
    ) -> None:
        super().__init__(name=plan.dag_id, daemon=True)
        self.world, self.plan, self.scenarios = world, plan, scenarios
        self.ended, self.say = ended, say
        self.trouble: str | None = None

    def run(self) -> None:
        """Let one run follow the other."""
        try:
            for scenario in self.scenarios:
                for run_id in (f"chaos-{scenario.number}", f"chaos-{scenario.number}-again"):
                    run = ask(self.world, self.plan, scenario, run_id)
                    Following(self.world, self.plan, scenario, run, self.say).to_its_end()
                    self.ended(run)
                    if run.edited:
                        self._let_plan_come_back()
                    if run.counts:
                        break
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            self.trouble = repr(error)

    def _let_plan_come_back(self) -> None:
        """Wait until Airflow has the plan again as it was before somebody edited its file."""
        wanted = {f"{wave.slug}.approve" for wave in self.plan.waves}

        def back() -> bool:
            answer = self.world.admin.call("GET", f"/dags/{self.plan.dag_id}/tasks")
            return answer.is_success and wanted <= {task["task_id"] for task in answer.json()["tasks"]}

        time.sleep(NOTICED)
        until(f"the plan of {self.plan.dag_id}", back, PATIENCE, every=1)


def ask(world: World, plan: ChaosPlan, scenario: Scenario, run_id: str) -> Run:
    """Ask Airflow for a run, as often as it takes: the run id makes it one run."""
    gates = {"none": (), "every_wave": range(len(plan.waves))}.get(
        scenario.conf["approvals"], [number for number, wave in enumerate(plan.waves) if wave.gate]
    )
    waves: list[Item] = [
        {
            "name": wave.name,
            "servers": list(wave.servers),
            "gate": number in gates,
            "depends_on": [plan.waves[other].name for other in wave.depends_on],
        }
        for number, wave in enumerate(plan.waves)
    ]
    run = Run(scenario.number, plan.dag_id, run_id, utc(), waves)
    world.asked.append(run)
    world.active.append(run)
    answer = world.alice.trigger(plan.dag_id, run_id, **scenario.conf)
    if answer.status_code != 409:  # asked for already, by a request whose answer was lost
        answer.raise_for_status()
    return run


class Following:
    """A run that is followed to its end."""

    def __init__(
        self, world: World, plan: ChaosPlan, scenario: Scenario, run: Run, say: Callable[[str], None]
    ) -> None:
        self.world, self.plan = world, plan
        self.scenario, self.run, self.say = scenario, run, say
        self._gates: dict[str, float] = {}
        self._flew: float | None = None
        self._restore_at: float | None = None
        self._deed = scenario.deed

    def to_its_end(self) -> None:
        """Return when the run has ended and its record is final, or when its time is over."""
        try:
            while not self._over():
                if utc() - self.run.asked > LIMIT:
                    self.say(f"[bold red]run {self.run.number} is not final after {LIMIT}[/]")
                    self.world.admin.set_run(self.run.dag_id, self.run.run_id, "failed")
                    break
                self._answer_gates()
                self._do_deed()
                time.sleep(LOOK_EVERY)
        finally:
            self._restore(at_once=True)
            self.world.active.remove(self.run)

    def _over(self) -> bool:
        run = self.run
        answer = self.world.admin.call("GET", f"/dags/{run.dag_id}/dagRuns/{run.run_id}")
        if answer.is_success:
            run.state = answer.json()["state"]
            for ti in self.world.admin.task_instances(run.dag_id, run.run_id):
                self.world.tasks[ti["id"]] = (run, ti["task_id"])
        over = run.state in ENDED and run.last is not None and "endTime" in run.last
        if over:
            run.ended = utc()
        return over

    def _answer_gates(self) -> None:
        """Answer each gate that has waited long enough, once."""
        if not self.run.last or not any(wave["status"] == "PAUSED" for wave in self.run.last["waves"]):
            return
        for ti, task_id in self.world.alice.waiting(self.run.dag_id, self.run.run_id).items():
            since = self._gates.setdefault(ti, time.monotonic())
            if time.monotonic() - since > HOLD:
                self._answer(task_id)
                del self._gates[ti]

    def _answer(self, task_id: str) -> None:
        wave = next(w for w in self.plan.waves if task_id == f"{w.slug}.approve")
        denied = self.scenario.denies == self.plan.waves.index(wave)
        option = "Reject" if denied else "Approve"
        at = utc()
        answer = self.world.alice.answer(
            self.run.dag_id, self.run.run_id, task_id, option, reason=f"{option} of chaos"
        )
        if not answer.is_success:
            self.say(f"run {self.run.number}: {option} of {task_id}: {answer.status_code}")
        # Also an answer that Airflow took and whose reply was lost, so that 409 came to the second request
        if denied:
            self.run.rejected = task_id
        else:
            self.run.approved.setdefault(wave.name, at)

    def _do_deed(self) -> None:
        self._restore()
        deed = self._deed
        if deed is None or not self._due(deed):
            return
        self._deed = None
        words = self._do(deed)
        if deed.kind is Kind.EDIT_PLAN:
            self.run.edited = words
        else:
            self.run.deed = words
        if self.run.in_flight:
            self.run.hits.append(Hit(deed.kind, utc(), words))
        self.say(f"[magenta]{deed.kind}[/] {words} of run {self.run.number}")

    def _due(self, deed: Deed) -> bool:
        """Whether so many waves have ended, one has been in flight for a while, and enough has hit it."""
        if not self.run.in_flight or not self.run.last or len(self.run.hits) < LEAST_FAULTS - 1:
            return False
        ended = sum("endTime" in wave for wave in self.run.last["waves"])
        if ended < deed.during:
            return False
        self._flew = self._flew or time.monotonic()
        return time.monotonic() - self._flew >= deed.after

    def _do(self, deed: Deed) -> str:
        run = self.run
        if deed.kind is Kind.MARK_RUN:
            answer = self.world.admin.set_run(run.dag_id, run.run_id, deed.options["state"])
            return f"run marked {deed.options['state']} ({answer.status_code})"
        if deed.kind is Kind.MARK_TASK:
            task = self._task(deed.options["task"])
            answer = self.world.admin.set_task(run.dag_id, run.run_id, task, deed.options["state"])
            return f"{task} marked {deed.options['state']} ({answer.status_code})"
        if deed.options["edit"] == "renamed":
            self.world.folder.write(self.plan.renamed())
        else:
            self.world.folder.write(self.plan, f"{self.plan.text()}waves: [\n")
        self._restore_at = time.monotonic() + deed.options["for"]
        return f"file {deed.options['edit']} for {deed.options['for']:.0f} s"

    def _task(self, name: str) -> str:
        """Return the task of the wave in flight, or of one that follows it."""
        waves = self.run.last["waves"] if self.run.last else []
        flying = next((w["waveNumber"] for w in waves if w["status"] in {"STARTED", "POLLING"}), 0)
        following, _, task = name.rpartition(".")
        number = int(min(flying + 1, len(waves) - 1) if following else flying)
        return f"{self.plan.waves[number].slug}.{task}"

    def _restore(self, *, at_once: bool = False) -> None:
        if self._restore_at is not None and (at_once or time.monotonic() > self._restore_at):
            self._restore_at = None
            self.world.folder.write(self.plan)


def seconds(run: Run) -> float | None:
    """Return how long a run took by its record, from its request to its end."""
    if run.last is None or "endTime" not in run.last:
        return None
    return (moment(run.last["endTime"]) - run.asked).total_seconds()
