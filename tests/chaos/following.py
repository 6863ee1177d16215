"""Follows one run to its end: answers its gates, and lets people do to it what the scenario says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.airflow_rest import ENDED, HOLD
from tests.chaos.evidence import Yes, moment, utc
from tests.chaos.human_actions import HumanActions
from tests.chaos.in_aws import InAws
from tests.chaos.plans import APPROVERS
from tests.chaos.rules import LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Run
    from tests.chaos.schedule import Scenario

LOOK_EVERY = 1.2


class Following:
    """A run that is followed to its end, once more after each time it is cleared."""

    def __init__(self, world: World, scenario: Scenario, run: Run, log: Callable[[str], None]) -> None:
        self.world, self.plan = world, scenario.plan
        self.scenario, self.run, self.log = scenario, run, log
        self._gates: dict[str, float] = {}
        self._actions = HumanActions(world, scenario, run, log)
        self.in_aws = InAws(world, scenario, run, log)

    def to_its_end(self) -> None:
        """Return when the run has ended and its record is final, or when its time is over."""
        while not self._over():
            if utc() - self.run.begun > LIMIT:
                self.log(f"[bold red]run {self.run.number} is not final after {LIMIT}[/]")
                self.world.admin.set_run(self.run.dag_id, self.run.run_id, "failed")
                break
            self._answer_gates()
            self._actions.look()
            self.in_aws.look()
            time.sleep(LOOK_EVERY)
        self._actions.restore(at_once=True)

    def tidy_up(self) -> None:
        """Mend what was done to the plan's file and to servers."""
        self._actions.restore(at_once=True)
        self.in_aws.mend()

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
        for ti, task_id in self.world.alice.waiting_gates(self.run.dag_id, self.run.run_id).items():
            since = self._gates.setdefault(ti, time.monotonic())
            if time.monotonic() - since > HOLD:
                self._answer(task_id)
                del self._gates[ti]

    def _answer(self, task_id: str) -> None:
        wave = next(w for w in self.plan.waves if task_id == f"{w.slug}.approve")
        denied = self.scenario.denies == self.plan.waves.index(wave)
        option = "Reject" if denied else "Approve"
        given = self.run.approved.setdefault(wave.name, [])
        by = APPROVERS[len(given) % self.plan.people]
        at = utc()
        answer = self.world.approvers[by].answer(
            self.run.dag_id, self.run.run_id, task_id, option, reason=f"{option} of chaos"
        )
        if not answer.is_success:
            self.log(f"run {self.run.number}: {option} of {task_id}: {answer.status_code}")
        # Also an answer that Airflow took and whose reply was lost, so that 409 came to the second request
        if denied:
            self.run.rejected = task_id
        else:
            given.append(Yes(at, by))
            self.in_aws.approved(wave)


def seconds(run: Run) -> float | None:
    """Return how long a run took by its record, from its request to its end."""
    if run.last is None or "endTime" not in run.last:
        return None
    return (moment(run.last["endTime"]) - run.asked).total_seconds()
