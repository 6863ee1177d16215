"""Workers: each asks for one run after the other, of its plan and of the generations that follow it."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from tests.airflow_rest import until
from tests.chaos.aftermath import Aftermath
from tests.chaos.chaos_stack import PATIENCE
from tests.chaos.evidence import Run, utc
from tests.chaos.following import Following

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Item
    from tests.chaos.plans import ChaosPlan
    from tests.chaos.schedule import Scenario

NOTICED = 6.0
"""Seconds in which Airflow surely notices that a plan's file was mended."""


class PlanWorker(Thread):
    """The runs of one worker; one that met too few faults to prove anything is done again, twice at most."""

    def __init__(
        self,
        world: World,
        number: int,
        scenarios: list[Scenario],
        *,
        ended: Callable[[Run], None],
        log: Callable[[str], None],
    ) -> None:
        super().__init__(name=f"plan worker {number}", daemon=True)
        self.world, self.scenarios = world, scenarios
        self.ended, self.log = ended, log
        self.trouble: str | None = None

    def run(self) -> None:
        """Let one run follow the other."""
        try:
            for scenario in self.scenarios:
                for more in ("", "-again", "-once-more"):
                    # A rejection ends a run before much has hit it: the next one is let through
                    given = replace(scenario, denies=None) if more else scenario
                    if self._go(given, f"chaos-{scenario.number}{more}").counts:
                        break
                if scenario.probe:
                    self._go(probe_of(scenario), f"chaos-{scenario.number}-probe")
        except Exception as error:  # noqa: BLE001 - a thread has nobody to raise to
            self.trouble = f"{self.name}: {error!r}"

    def _go(self, scenario: Scenario, run_id: str) -> Run:
        run = ask(self.world, scenario, run_id)
        following = Following(self.world, scenario, run, self.log)
        try:
            following.to_its_end()
            Aftermath(self.world, scenario, run, following, self.log).to_its_end()
        finally:
            following.tidy_up()
            self.world.active.remove(run)
        self.ended(run)
        if run.edited:
            self._let_plan_come_back(scenario.plan)
        return run

    def _let_plan_come_back(self, plan: ChaosPlan) -> None:
        """Wait until Airflow has the plan again as it was before somebody edited its file."""
        wanted = {f"{wave.slug}.approve" for wave in plan.waves}

        def back() -> bool:
            answer = self.world.admin.call("GET", f"/dags/{plan.dag_id}/tasks")
            return answer.is_success and wanted <= {task["task_id"] for task in answer.json()["tasks"]}

        time.sleep(NOTICED)
        until(f"the plan of {plan.dag_id}", back, PATIENCE, every=1)


def probe_of(scenario: Scenario) -> Scenario:
    """Return a drill of the same servers, which a real recovery forbids, and nothing else happens to."""
    conf = {"approvals": "none", "reason": "a drill after a recovery"}
    left_alone = {"denies": None, "action": None, "in_aws": None, "fails": None, "ill": None}
    return replace(scenario, conf=conf, **left_alone, clears=False, cleans_up=False)


def ask(world: World, scenario: Scenario, run_id: str) -> Run:
    """Ask Airflow for a run, as often as it takes: the run id makes it one run."""
    plan, conf = scenario.plan, dict(scenario.conf)
    if conf.get("execution_type") == "RECOVERY" and run_id != f"chaos-{scenario.number}":
        conf["replace_recovered"] = plan.dag_id
    probe = run_id.endswith("-probe")
    waves = _waves(plan, conf["approvals"])
    run = Run(scenario.number, plan.dag_id, run_id, utc(), waves, conf, probe=probe, clean_up=plan.clean_up)
    run.drill_type = plan.drill_type
    run.ill = scenario.ill
    world.asked.append(run)
    world.active.append(run)
    answer = world.alice.trigger(plan.dag_id, run_id, **conf)
    if answer.status_code != 409:  # asked for already, by a request whose answer was lost
        answer.raise_for_status()
    return run


def _waves(plan: ChaosPlan, approvals: str) -> list[Item]:
    gates = {"none": (), "every_wave": range(len(plan.waves))}.get(
        approvals, [number for number, wave in enumerate(plan.waves) if wave.gate]
    )
    return [
        {
            "name": wave.name,
            "servers": list(wave.servers),
            "gate": number in gates,
            "depends_on": [plan.waves[other].name for other in wave.depends_on],
            "minimum": wave.minimum,
            "goes_on": wave.goes_on,
            "people": plan.people,
            "checked": wave.checked,
            "actions": [vars(action) for action in wave.actions],
        }
        for number, wave in enumerate(plan.waves)
    ]
