"""What people do to a run in Airflow, and to the file of its plan."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.chaos.evidence import LEAST_FAULTS, Hit, utc
from tests.chaos.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Run
    from tests.chaos.schedule import HumanAction, Scenario

INSTEAD = {"before": "start_recovery", "after": "wait_for_recovery"}
"""What is marked of a wave that has no such action."""


class HumanActions:
    """The one action that a scenario has for a run, done when it is due."""

    def __init__(self, world: World, scenario: Scenario, run: Run, log: Callable[[str], None]) -> None:
        self.world, self.plan, self.run, self.log = world, scenario.plan, run, log
        self._action = scenario.action
        self._flew: float | None = None
        self._restore_at: float | None = None

    def look(self) -> None:
        """Do what is due now."""
        self.restore()
        action = self._action
        if action is None or not self._due(action):
            return
        self._action = None
        texts = self._do(action)
        if action.kind is Kind.EDIT_PLAN:
            self.run.edited = texts
        else:
            self.run.action = texts
        if self.run.in_flight:
            self.run.hits.append(Hit(action.kind, utc(), texts))
        self.log(f"[magenta]{action.kind}[/] {texts} of run {self.run.number}")

    def restore(self, *, at_once: bool = False) -> None:
        """Write the plan's file as it was, when its time has come."""
        if self._restore_at is not None and (at_once or time.monotonic() > self._restore_at):
            self._restore_at = None
            self.world.folder.write(self.plan)

    def _due(self, action: HumanAction) -> bool:
        """Whether so many waves have ended, one has been in flight for a while, and enough has hit it."""
        if not self.run.in_flight or not self.run.last or len(self.run.hits) < LEAST_FAULTS - 1:
            return False
        ended = sum("endTime" in wave for wave in self.run.last["waves"])
        if ended < action.during:
            return False
        self._flew = self._flew or time.monotonic()
        return time.monotonic() - self._flew >= action.after

    def _do(self, action: HumanAction) -> str:
        run = self.run
        if action.kind is Kind.MARK_RUN:
            answer = self.world.admin.set_run(run.dag_id, run.run_id, action.options["state"])
            return f"run marked {action.options['state']} ({answer.status_code})"
        if action.kind is Kind.MARK_TASK:
            task = self._task(action.options["task"])
            answer = self.world.admin.set_task(run.dag_id, run.run_id, task, action.options["state"])
            return f"{task} marked {action.options['state']} ({answer.status_code})"
        if action.options["edit"] == "renamed":
            self.world.folder.write(self.plan.renamed())
        else:
            self.world.folder.write(self.plan, f"{self.plan.text()}waves: [\n")
        self._restore_at = time.monotonic() + action.options["for"]
        return f"file {action.options['edit']} for {action.options['for']:.0f} s"

    def _task(self, name: str) -> str:
        """Return the task of the wave in flight, or of one that follows it."""
        waves = self.run.last["waves"] if self.run.last else []
        flying = next(
            (w["waveNumber"] for w in waves if w["status"] in {"STARTED", "POLLING", "CHECKING"}), 0
        )
        following, _, task = name.rpartition(".")
        number = int(min(flying + 1, len(waves) - 1) if following else flying)
        wave = self.plan.waves[number]
        actions = [action.task for action in wave.actions if action.moment == task]
        return f"{wave.slug}.{actions[0] if actions else INSTEAD.get(task, task)}"
