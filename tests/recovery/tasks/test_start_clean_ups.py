"""What the maintenance starts: each clean-up that is due, once, found in the record."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException, ErrorType
from airflow.sdk.execution_time import task_runner
from airflow.sdk.execution_time.comms import ErrorResponse, OKResponse, TriggerDagRun

from drs_recovery.dag.maintenance import maintenance_dag
from drs_recovery.record.clean_up import clean_up_run_id
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.store.programs import clean_up
from drs_recovery.store.queries import due_clean_ups
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import marshal
from drs_recovery.tasks import base, start_follow_ups
from tests.recovery.tasks.conftest import TaskInstance
from tests.recovery.tasks.sweeping import PAY, Sweep, drilled

if TYPE_CHECKING:
    from tests.recovery.tasks.conftest import Drive


@pytest.fixture(autouse=True)
def triggered(monkeypatch: pytest.MonkeyPatch) -> list[TriggerDagRun]:
    """What the supervisor of the task is asked for: it has an answer for what is there already, too."""
    asked: list[TriggerDagRun] = []

    def send(message: TriggerDagRun) -> Any:
        there = message.run_id in {one.run_id for one in asked}
        asked.append(message)
        return ErrorResponse(error=ErrorType.DAGRUN_ALREADY_EXISTS) if there else OKResponse(ok=True)

    supervisor = SimpleNamespace(send=send)
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", supervisor, raising=False)
    return asked


def due(drive: Drive, *, there: bool = False, **fate: Any) -> list[str]:
    """Look once; ``there`` says whether the clean-up's DAG run is, and ``fate`` what became of it."""
    task = maintenance_dag(Path("plans")).get_task("start_clean_ups")
    gone = set() if there else {clean_up_run_id(drive.record)}
    context = drive.context("start_clean_ups", **({"deleted": gone} | fate))
    found: list[str] = type(task).execute(task, context)
    return found


def test_a_clean_up_that_is_due_gets_one_dag_run(table: Any, triggered: list[TriggerDagRun]) -> None:
    """Its id is made of the execution and of its end; once it is there, no other is asked for."""
    drive = drilled(cleanup="always")
    assert due(drive) == [clean_up_run_id(drive.record)]
    (asked,) = triggered
    assert (asked.dag_id, asked.run_id) == ("recovery_clean_up", clean_up_run_id(drive.record))
    assert asked.conf == {"execution_id": drive.execution_id}
    assert due(drive, there=True) == []
    assert len(triggered) == 1


def test_every_clean_up_that_is_due_is_started_at_once(table: Any, triggered: list[TriggerDagRun]) -> None:
    """One task triggers them all; a run that is there already keeps no other from being triggered."""
    first = drilled(cleanup="always")
    second = drilled(PAY, id="payroll", run_id="manual__2", cleanup="always")
    runs = {clean_up_run_id(drive.record) for drive in (first, second)}
    assert set(due(first, deleted=runs)) == runs
    assert set(due(first, deleted=runs)) == runs
    assert [asked.run_id for asked in triggered] == [*map(clean_up_run_id, (first.record, second.record))] * 2


HOSTILE = (
    ("executionId", "{{ macros.__class__ }}"),
    ("executionId", "../../variables/secret"),
    ("dagRunId", "{{ conn.aws_default.get_uri() }}"),
    ("dagRunId", "../../../connections/aws_default"),
    ("dagRunId", "r" * 251),
    ("planId", "web shop/../.."),
    ("planId", "{% for x in y %}"),
    ("totalWaves", "many"),
    ("waves", "none"),
    ("startTime", 1),
    ("cleanup", {"status": "PENDING", "mode": "always", "time": "2026-01-01T00:00:00Z", "dagRunId": "{{x}}"}),
)


@pytest.mark.parametrize(("name", "value"), HOSTILE, ids=[f"{name}-{value!s:.12}" for name, value in HOSTILE])
def test_an_item_that_somebody_put_into_the_table_is_named_and_passed_over(
    table: Any, triggered: list[TriggerDagRun], name: str, value: Any
) -> None:
    """It starts nothing, the others are started all the same, and the failed task names it."""
    drive = drilled(cleanup="always")
    good = drive.record.to_item() | {"item": "EXECUTION"}
    bad = {**good, "executionId": str(uuid.uuid4()), "cleanupDue": "2020-01-01T00:00:00.000000Z", name: value}
    table.client("dynamodb").put_item(TableName="recovery-executions", Item=marshal(bad))
    with pytest.raises(AirflowException) as recorded:
        due(drive)
    assert [asked.run_id for asked in triggered] == [clean_up_run_id(drive.record)]
    assert bad["executionId"][:100] in str(recorded.value)
    assert "cannot be read" in str(recorded.value)
    assert clean_up_run_id(drive.record) in str(recorded.value)


def test_it_is_not_due_before_its_time(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits meanwhile: the record has the time."""
    drive = drilled(cleanup="always", cleanup_after="8h")
    assert due(drive) == []
    later = base.now() + timedelta(hours=8)
    monkeypatch.setattr(start_follow_ups, "now", lambda: later)
    assert len(due(drive)) == 1


def test_what_is_over_is_not_due(table: Any) -> None:
    """Nor what no plan ordered."""
    drive = drilled(cleanup="always")
    Sweep(drive).all()
    assert due(drive) == []
    assert due(drilled(PAY, id="payroll", run_id="manual__2")) == []


@pytest.mark.parametrize("state", ["failed", "success"])
def test_o1_a_clean_up_whose_run_has_ended_without_its_work_gets_another(
    table: Any, triggered: list[TriggerDagRun], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """Marked by hand, killed, or deaf to DynamoDB: it comes all the same, each time after a longer pause."""
    drive = drilled(cleanup="always")
    clock = [base.now()]
    for module in (base, start_follow_ups):
        monkeypatch.setattr(module, "now", lambda: clock[0])
    first, ended = clean_up_run_id(drive.record), dict[str, str]()
    pauses = []
    for attempt in range(1, 9):
        run_id = clean_up_run_id(drive.record)
        assert run_id == (first if attempt == 1 else f"{first}__{attempt}")
        assert due(drive, deleted={run_id}, runs=ended) == [run_id]
        ended[run_id] = state
        assert due(drive, deleted=set(), runs=ended) == []
        assert due(drive, deleted=set(), runs=ended) == []
        pauses.append(drive.record.cleanup_due - clock[0])
        clock[0] = drive.record.cleanup_due
    assert [pause.total_seconds() / 60 for pause in pauses] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert (drive.record.cleanup.status, drive.record.status) == ("PENDING", "COMPLETED")
    recorded = [
        one.detail for one in drive.store.run(read_events(drive.execution_id)) if one.type == "CLEANUP_HELD"
    ]
    assert len(recorded) == 8
    assert f"its DAG run {first} ended {state}, and its work is not done" in recorded[0]
    Sweep(drive).all()
    assert drive.record.cleanup.status == "DONE"
    assert due(drive) == []


def test_executions_of_another_airflow_are_none_of_its_business(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each starts the clean-ups of its own."""
    drive = drilled(cleanup="always")
    monkeypatch.setattr("drs_recovery.tasks.airflow_runs.this_airflow", lambda: "https://the-other.example")
    assert due(drive) == []


def test_trouble_with_one_holds_no_other_back(
    table: Any, monkeypatch: pytest.MonkeyPatch, triggered: list[TriggerDagRun]
) -> None:
    """The task fails with it when the others are started."""
    drive = drilled(cleanup="always")
    drilled(PAY, id="payroll", run_id="manual__2", cleanup="always")
    count, broken = TaskInstance.get_dr_count, {drive.execution_id}

    def some(ti: TaskInstance, dag_id: str, run_ids: list[str]) -> int:
        if any(run_id.startswith(execution) for run_id in run_ids for execution in broken):
            raise RuntimeError("API_SERVER_ERROR")
        return 0 if broken else count(ti, dag_id, run_ids)

    monkeypatch.setattr(TaskInstance, "get_dr_count", some)
    with pytest.raises(AirflowException, match="API_SERVER_ERROR"):
        due(drive)
    assert len(triggered) == 1


def test_an_execution_that_was_opened_again_is_not_due(table: Any) -> None:
    """Though its record still has the time."""
    drive = drilled(cleanup="always")
    table.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": drive.execution_id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="REMOVE endTime",
    )
    assert drive.store.run(due_clean_ups(base.now())) == []


def test_one_that_a_person_started_is_not_started_again(table: Any) -> None:
    """Its run has another id, which is on record."""
    drive = drilled(cleanup="after_approval")
    by_hand = Sweep(drive, run_id="manual__by hand")
    by_hand.ask()
    assert by_hand.cleanup.dag_run_id == "manual__by hand"
    assert due(drive) == []


def test_a_kept_one_is_out_of_it(table: Any) -> None:
    """A person decided so."""
    drive = drilled(cleanup="after_approval")
    drive.store.run(clean_up.clean_up(drive.record, CleanupStatus.KEPT))
    assert due(drive) == []
