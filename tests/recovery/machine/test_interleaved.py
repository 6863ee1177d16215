"""The invariants hold however the writers' requests interleave, and whichever request is a writer's last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.record.enums import ExecutionType, OnFailure, WaveStatus
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.table import create_table
from drs_simulator.drs.models import drs_backends
from tests.budgets import NIGHTLY, examples
from tests.recovery.machine.interleaver import END, NEXT, STEPS, Interleaved, Pace
from tests.recovery.machine.processes import Fate, Wire
from tests.recovery.machine.tasks import OPTIONAL, WAVES, Clock, as_recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_simulator.client import Control

DRILL = ExecutionType.DRILL


@dataclass(frozen=True)
class Surroundings:
    """What the processes work with, and a client of the machine's own."""

    store: ExecutionStore
    hook: DrsHook
    client: Any
    table: str
    control: Control

    def reset(self) -> None:
        """Return to an AWS without executions and jobs: those of earlier runs would make tasks longer."""
        self.control.reset()
        create_table(self.client, self.table)

    def hide(self) -> None:
        """Hide new jobs, which do not end meanwhile."""
        self.control.set_speed("real")
        self.control.hide_jobs(seconds=100_000)

    def show(self) -> None:
        """Show all jobs, which have ended, and be asked as ever."""
        self.control.clear_faults()
        self.control.set_speed("immediate")

    def delete(self, server: str) -> None:
        """Delete a source server in DRS, whatever holds it."""
        drs_backends["123456789012"]["eu-west-1"].source_servers.pop(server, None)


@pytest.fixture
def machine(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Interleaved]]:
    """The machine, its processes on one wire, with no sleep between their requests."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    once = Config(retries={"total_max_attempts": 1})
    wire, clock, table = Wire(), Clock(), "recovery-executions"
    wired, client = (local_aws.client("dynamodb", config=once) for _ in range(2))
    hook = DrsHook(aws_conn_id="aws_default", region_name="eu-west-1")
    hook.prepare_start()
    for each in (wired, hook.conn, hook._one_request_conn):
        wire.attach(each)
    asleep = SimpleNamespace(sleep=lambda _: None, monotonic=lambda: float("inf"))
    monkeypatch.setattr("drs_recovery.engine.finish.time", asleep)
    # The time that a test lets pass is that of the processes; DRS dates its jobs by the real one
    monkeypatch.setattr("drs_recovery.engine.jobs.SKEW", timedelta(days=1))
    monkeypatch.setattr("drs_recovery.engine.frozen_plan.DrsHook", lambda **_: hook)
    monkeypatch.setattr("drs_recovery.engine.attempt.final_servers", as_recorded)
    monkeypatch.setattr("drs_recovery.store.runners.time", asleep)
    store = ExecutionStore(wired, table, clock=clock)
    Interleaved.surroundings = Surroundings(store, hook, client, table, local_aws.control)
    Interleaved.clock = clock
    Interleaved.ends = set()
    yield Interleaved
    for each in (wired, client):
        each.close()


def test_what_comes_next_leads_to_the_end(machine: type[Interleaved]) -> None:
    """Without this the machine might never get anywhere, and prove nothing."""
    run = machine()
    run.begin(ahead=STEPS, real_ahead=STEPS)
    assert run.ends == {"COMPLETED"}
    assert [len(truth.jobs) for truth in run.truths.values()] == [WAVES, WAVES]


def test_what_a_policy_allows_goes_on(machine: type[Interleaved]) -> None:
    """The optional server fails: PARTIAL. The whole wave fails and says continue: the next one starts."""
    run = machine()
    run.begin(ahead=2)
    run.begins(DRILL, ("end_wave", 0, 1), END)
    for _ in range(STEPS):
        run.begins(DRILL, NEXT, END)
    assert run.ends == {"PARTIAL"}
    run.begin(ahead=2, on_failure=OnFailure.CONTINUE)
    run.begins(DRILL, ("end_wave", 0, 2), END)
    for _ in range(STEPS):
        run.begins(DRILL, NEXT, END)
    assert run.ends == {"PARTIAL", "FAILED"}
    assert len(run.truths[run.tasks[DRILL].id].jobs) == WAVES


@pytest.mark.parametrize("failed", [1, 2])
def test_a_wave_is_tried_again(machine: type[Interleaved], failed: int) -> None:
    """It ended the execution, is cleared, and starts what is not launched: COMPLETED, in two attempts."""
    run = machine()
    run.begin(ahead=2)
    run.begins(DRILL, ("end_wave", 0, failed), END)
    run.begins(DRILL, ("complete",), END)
    run.run_is_cleared(DRILL)
    run.begins(DRILL, ("start", 0), END)
    for _ in range(STEPS):
        run.begins(DRILL, NEXT, END)
    drill = run.truths[run.tasks[DRILL].id]
    assert drill.record["status"] == "COMPLETED"
    assert [len(job["sourceServers"]) for job in drill.jobs] == [2, failed, 1]


@pytest.mark.parametrize("before", range(4))
def test_a_task_beside_itself_does_its_work_once(machine: type[Interleaved], before: int) -> None:
    """Each task of an execution twice at once: one is held back before a write, the other does everything."""
    run = machine()
    run.begin(ahead=0)
    for _ in range(STEPS):
        run.race(DRILL, NEXT, NEXT, before)
    assert run.ends == {"COMPLETED"}


@pytest.mark.parametrize("before", [0, 2])
@pytest.mark.parametrize("ahead", [1, 4, 6])
def test_an_execution_ends_beside_any_of_its_tasks(
    machine: type[Interleaved], ahead: int, before: int
) -> None:
    """The run is ended while a task of it is held back, which then goes on: it ends once."""
    run = machine()
    run.begin(ahead=ahead)
    run.race(DRILL, NEXT, ("complete",), before)
    assert len(run.ends) == 1


def test_a_sensor_that_is_wrong_completes_no_wave(machine: type[Interleaved]) -> None:
    """Whatever its verdict, a wave whose servers are not launched on record is not COMPLETED there."""
    run = machine()
    run.begin(ahead=2)
    for status in (WaveStatus.COMPLETED, WaveStatus.PARTIAL):
        run.begins(DRILL, ("end_wave_as", 0, status), END)
    assert run.truths[run.tasks[DRILL].id].record["waves"][0]["status"] == "STARTED"


def test_servers_that_are_gone_or_refused_keep_no_other_from_being_launched(
    machine: type[Interleaved],
) -> None:
    """The optional one is gone, or nobody says whom DRS means: the other is launched, and all goes on."""
    for trouble in ("server_is_deleted", "server_is_refused"):
        run = machine()
        run.begin(ahead=1)
        arguments = [OPTIONAL] if trouble == "server_is_deleted" else [OPTIONAL, "ValidationException"]
        getattr(run, trouble)(*arguments)
        for _ in range(STEPS):
            run.begins(DRILL, NEXT, END)
        started = [len(job["sourceServers"]) for job in run.truths[run.tasks[DRILL].id].jobs]
        assert started == ([1, 1] if trouble == "server_is_deleted" else [1, 1, 1])
    assert run.ends == {"PARTIAL", "COMPLETED"}


def test_a_start_that_is_held_back_starts_nothing_once_superseded(machine: type[Interleaved]) -> None:
    """A RECOVERY takes the plan between a drill's look at its record and its announcement."""
    run = machine()
    run.begin(ahead=1)
    held = run.begins(DRILL, ("start", 0), Pace(0))
    run.begins(ExecutionType.RECOVERY, ("open",), END)
    run.go_on(held, END)
    assert run.truths[held.execution_id].record["supersededBy"] == run.tasks[ExecutionType.RECOVERY].id
    assert not run.truths[held.execution_id].jobs


@pytest.mark.parametrize(
    ("count", "fate"), [(1, Fate.LAST), (2, Fate.LAST), (3, Fate.LAST), (2, Fate.LOST), (2, Fate.TWICE)]
)
def test_a_task_that_dies_is_done_again(machine: type[Interleaved], count: int, fate: Fate) -> None:
    """Each task of an execution dies after the same write, and is retried: COMPLETED, with one job a wave."""
    run = machine()
    run.begin(ahead=0)
    for _ in range(3 * STEPS):
        move = run.next_move(DRILL)
        run.begins(DRILL, move, Pace(count), fate)
        run.begins(DRILL, move, END)
        run.time_passes()
        if run.ends:
            break
    assert run.ends == {"COMPLETED"}
    assert len(run.truths[run.tasks[DRILL].id].jobs) == WAVES


@pytest.mark.parametrize("wave", range(WAVES))
def test_a_job_that_hides_for_longer_than_it_is_looked_for_is_the_only_one(
    machine: type[Interleaved], wave: int
) -> None:
    """Its start is announced again, refused and halved meanwhile: it is adopted, and all goes on."""
    run = machine()
    run.begin(ahead=1 if wave == 0 else 5)
    run.jobs_hide()
    before = len(run.truths[run.tasks[DRILL].id].jobs)
    run.begins(DRILL, ("start", wave), Pace(3), Fate.LOST)
    assert len(run.truths[run.tasks[DRILL].id].jobs) == before + 1
    for _ in range(4):
        run.time_passes()
        run.begins(DRILL, ("start", wave), END)
    run.jobs_show()
    run.begins(DRILL, ("start", wave), END)
    for _ in range(STEPS):
        run.begins(DRILL, NEXT, END)
    assert run.ends == {"COMPLETED"}
    assert len(run.truths[run.tasks[DRILL].id].jobs) == WAVES


def test_the_invariants_hold_whatever_interleaves_and_whoever_dies(machine: type[Interleaved]) -> None:
    """Any order of any tasks' requests, each of which may be its process's last; at night, longer runs."""
    phases = [Phase.explicit, Phase.reuse, Phase.generate] + [Phase.shrink] * NIGHTLY
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples(10),
            stateful_step_count=50 if NIGHTLY else 12,
            phases=phases,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
