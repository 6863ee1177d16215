"""What people do to a run that has ended: they clear its failed wave, and have its instances cleaned up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.airflow_rest import ENDED, HOLD
from tests.chaos.evidence import Hit, utc
from tests.chaos.following import LOOK_EVERY
from tests.chaos.rules import FINISHED, LIMIT
from tests.chaos.schedule import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.chaos.chaos_stack import World
    from tests.chaos.evidence import Item, Run
    from tests.chaos.following import Following
    from tests.chaos.schedule import Scenario

JOBS_END = 120.0
"""Seconds in which a job that runs on surely ends."""

DAG = "recovery_clean_up"
PUT_BACK = "recovery_put_back"
CLEARABLE = {"FAILED", "PARTIAL", "CANCELLED", "TIMED_OUT"}


class Aftermath:
    """The end of a run, which may be opened again, and its clean-up."""

    def __init__(
        self, world: World, scenario: Scenario, run: Run, following: Following, log: Callable[[str], None]
    ) -> None:
        self.world, self.scenario, self.run = world, scenario, run
        self.following, self.log = following, log
        self._gates: dict[str, float] = {}

    def to_its_end(self) -> None:
        """Return when nothing more is to come of the run."""
        if self.scenario.clears:
            self._clear()
        if self._drill and (self.scenario.cleans_up or self.run.clean_up != "never"):
            self._clean_up()
        if self._drill and self.run.drill_type:
            self._wait_for_put_back()

    @property
    def _drill(self) -> bool:
        """Whether it is a drill that has ended, and started anything."""
        last = self.run.last
        started = last is not None and any(wave.get("jobIds") for wave in last["waves"])
        return bool(last and started and last["executionType"] == "DRILL" and "endTime" in last)

    def _clear(self) -> None:
        """Clear the first wave that did not launch all its servers, as the README says, and follow again."""
        last = self.run.last
        failed = next((w for w in last["waves"] if w["status"] in CLEARABLE), None) if last else None
        if last is None or failed is None or "endTime" not in last:
            return
        self.following.in_aws.last_chance()
        self._let_jobs_end(last)
        slug = self.scenario.plan.waves[int(failed["waveNumber"])].slug
        tasks = (f"{slug}.approve", f"{slug}.start_recovery")
        at = utc()
        answer = self.world.alice.clear(self.run.dag_id, self.run.run_id, *tasks)
        texts = f"{slug} ({failed['status']}) cleared ({answer.status_code})"
        self.log(f"[magenta]{Kind.CLEAR}[/] {texts} of run {self.run.number}")
        if answer.is_success:
            self.run.cleared.append(at)
            self.run.hits.append(Hit(Kind.CLEAR, at, texts))
            self.following.to_its_end()

    def _let_jobs_end(self, record: Item) -> None:
        """Wait, as a person does, until no job of the run holds its servers."""
        mine, deadline = record["executionId"], time.monotonic() + JOBS_END
        while time.monotonic() < deadline:
            jobs = [j for j in self.world.jobs() if j.get("tags", {}).get("recovery:execution") == mine]
            if all(job["status"] == "COMPLETED" for job in jobs):
                return
            time.sleep(LOOK_EVERY)

    def _clean_up(self) -> None:
        """Ask for the clean-up where the scenario says so, and follow it, whoever asked."""
        self.following.in_aws.last_chance()
        if self.scenario.cleans_up:
            self._ask()
        begun, shown = utc(), False
        while utc() - begun < LIMIT:
            status = (self._record() or {}).get("cleanup", {}).get("status")
            if status is not None and not shown:
                shown = True
                self.run.hits.append(Hit(Kind.CLEAN_UP, utc(), f"clean-up {status}"))
            if status in FINISHED:
                time.sleep(LOOK_EVERY)  # what watches the record sees it too
                self.log(f"run {self.run.number}: clean-up {status}")
                return
            self._look_at_tasks()
            time.sleep(LOOK_EVERY)
        self.log(f"[bold red]the clean-up of run {self.run.number} is not over after {LIMIT}[/]")

    def _wait_for_put_back(self) -> None:
        """Follow the settings until they are put back, by DAG runs that are killed like any other."""
        begun = utc()
        while utc() - begun < LIMIT:
            order = self.world.records.item(self.run.last or {}, "PUT_BACK")
            if order is None or order["status"] == "DONE":
                self.log(f"run {self.run.number}: settings {order['status'] if order else 'as they were'}")
                return
            if run_id := order.get("dagRunId"):
                answer = self.world.admin.call("GET", f"/dags/{PUT_BACK}/dagRuns/{run_id}")
                if answer.is_success and answer.json()["state"] not in ENDED:
                    for ti in self.world.admin.task_instances(PUT_BACK, run_id):
                        self.world.tasks[ti["id"]] = (self.run, f"put_back.{ti['task_id']}")
            time.sleep(LOOK_EVERY)
        self.log(f"[bold red]the settings of run {self.run.number} are not put back after {LIMIT}[/]")

    def _ask(self) -> None:
        """Trigger the DAG run of this end, as `recovery clean-up` does; one that lives goes on."""
        record = self._record() or {}
        self.run.clean_up_asked = utc()
        answer = self.world.alice.trigger(DAG, self._run_id(record), execution_id=record["executionId"])
        self.log(f"[magenta]{Kind.CLEAN_UP}[/] of run {self.run.number} asked for ({answer.status_code})")

    @staticmethod
    def _run_id(record: Item) -> str:
        return f"{record['executionId']}__{record['endTime']}"

    def _record(self) -> Item | None:
        item = self.world.newest(self.run.dag_id)
        return item if item and item["dagRunId"] == self.run.run_id else None

    def _look_at_tasks(self) -> None:
        """Know the tasks of the clean-up, so that they can be killed too, and answer its gate."""
        record = self._record()
        if record is None or "endTime" not in record:
            return
        run_id = record.get("cleanup", {}).get("dagRunId") or self._run_id(record)
        answer = self.world.admin.call("GET", f"/dags/{DAG}/dagRuns/{run_id}")
        if not answer.is_success or answer.json()["state"] in ENDED:
            return
        for ti in self.world.admin.task_instances(DAG, run_id):
            self.world.tasks[ti["id"]] = (self.run, f"clean_up.{ti['task_id']}")
        for ti, task_id in self.world.alice.waiting_gates(DAG, run_id).items():
            since = self._gates.setdefault(ti, time.monotonic())
            if time.monotonic() - since > HOLD:
                self.run.clean_up_approved = self.run.clean_up_approved or utc()
                self.world.alice.answer(DAG, run_id, task_id, reason="seen enough")
                del self._gates[ti]
