"""All that permits anything is frozen when a DAG run opens its execution: a run that differs is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.engine.same_run import check_same_run
from drs_recovery.errors import RunDiffers
from drs_recovery.record.texts import text_name
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.requests import marshal
from drs_recovery.tasks.airflow_runs import run_of
from tests.recovery.tasks.conftest import DB, Drive, as_before, plan

if TYPE_CHECKING:
    from collections.abc import Callable

TASKS = (
    "open_execution",
    "database.approve",
    "database.start_recovery",
    "database.wait_for_recovery",
    "complete_execution",
)
REAL = {"execution_type": "RECOVERY", "confirm": "shop"}
URL = "AIRFLOW__API__BASE_URL"


def conf(**changed: Any) -> Callable[[Drive, pytest.MonkeyPatch], None]:
    """Return what gives a run other params."""
    return lambda drive, _: drive.run.conf.update(changed)


def who(drive: Drive, _: pytest.MonkeyPatch) -> None:
    """Let another person have triggered the run."""
    drive.run.triggering_user_name = "eve"


def later(drive: Drive, _: pytest.MonkeyPatch) -> None:
    """Let the run be of another time."""
    drive.run.run_after += timedelta(microseconds=1)


def kind(drive: Drive, _: pytest.MonkeyPatch) -> None:
    """Let the run be of another kind, triggered by the same person."""
    drive.run.run_type = type(drive.run.run_type)("operator_triggered")


def elsewhere(_: Drive, patch: pytest.MonkeyPatch) -> None:
    """Let the run be another Airflow's."""
    patch.setenv(URL, "https://the-other.example")


DIFFERENCES = {
    "replace": (conf(replace_recovered="shop"), "replace_recovered: 'shop', on record none"),
    "unconfirmed": (conf(confirm=None), "confirm: none, on record 'shop'"),
    "type": (conf(execution_type="DRILL"), "execution_type: 'DRILL', on record 'RECOVERY'"),
    "gates": (conf(approvals="every_wave"), "approvals: 'every_wave', on record none"),
    "reason": (conf(reason="another"), "reason: 'another', on record none"),
    "unknown": (conf(surprise=1), "params: '"),
    "person": (who, "triggered by: 'eve', on record 'alice'"),
    "time": (later, "run after: 20"),
    "kind": (kind, "kind of run: 'operator_triggered', on record 'manual'"),
    "airflow": (elsewhere, "its Airflow: 'https://the-other.example', on record 'https://one.example'"),
}


@pytest.fixture
def recovery(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A RECOVERY of one wave, opened."""
    monkeypatch.setenv(URL, "https://one.example")
    drive = Drive(plan({"name": "Database", "servers": [DB]}), **REAL)
    drive.execute("open_execution")
    return drive


def items(table: Any) -> dict[tuple[str, str], Any]:
    """Return everything on record, the audit trail aside."""
    found = table.client("dynamodb").scan(TableName="recovery-executions")["Items"]
    keyed = {(item["executionId"]["S"], item["item"]["S"]): item for item in found}
    return {key: item for key, item in keyed.items() if not key[1].startswith("EVENT#")}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_a_run_that_differs_is_refused_by_every_task_and_changes_nothing(
    table: Any, recovery: Drive, starts: Any, monkeypatch: pytest.MonkeyPatch, difference: str
) -> None:
    """The refusal names what differs and who triggered the run; the trail tells it; the lock stays."""
    change, fragments = DIFFERENCES[difference]
    before = items(table)
    change(recovery, monkeypatch)
    for task in TASKS:
        with pytest.raises(AirflowFailException) as refused:
            recovery.execute(task)
        message = str(refused.value)
        assert fragments in message
        assert f"triggered by {recovery.run.triggering_user_name}" in message
        assert "start a new run" in message.lower()
    assert items(table) == before
    assert starts() == 0
    recorded = [
        event
        for event in recovery.store.run(read_events(recovery.execution_id))
        if event.type == "RUN_REFUSED"
    ]
    assert [event.actor for event in recorded] == list(TASKS)
    assert {event.detail for event in recorded} == {message}


@pytest.mark.parametrize("field", ["requested_by", "plan_id", "dag_run_id", "confirm", "conf_hash"])
def test_what_stands_for_a_text_that_was_cut_is_not_that_text(recovery: Drive, field: str) -> None:
    """Only the reason may stand shortened on record; all else is there as it was given, or differs."""
    record = recovery.record
    holder = record if field in type(record).model_fields else record.request
    message = {field: f"(shortened: text {text_name(getattr(holder, field))})"}
    tampered = record.model_copy(update=message)
    if holder is not record:
        tampered = record.replace(request=record.request.replace(**message))
    check_same_run(record, run_of(recovery.context("open_execution")))
    with pytest.raises(RunDiffers, match=r"on record '\(shortened: text"):
        check_same_run(tampered, run_of(recovery.context("open_execution")))


def test_nothing_real_is_replaced_unless_the_record_says_so_in_full(table: Any, starts: Any) -> None:
    """The id of the plan, as a text that was cut would name it, replaces nothing."""
    for run_id in ("manual__0", "manual__1"):
        drive = Drive(plan({"name": "Database", "servers": [DB]}), run_id=run_id, **REAL)
        drive.execute("open_execution")
        if run_id == "manual__1":
            drive.run.conf["replace_recovered"] = f"(shortened: text {text_name('shop')})"
            asked = drive.record.replace(request=run_of(drive.context("open_execution")).request).to_item()
            item = marshal(asked | {"item": "EXECUTION"})
            table.client("dynamodb").put_item(TableName="recovery-executions", Item=item)
            with pytest.raises(AirflowFailException, match="Real recovery instances are running"):
                drive.wave("database")
        else:
            drive.wave("database")
            drive.execute("complete_execution")
    assert starts() == 1


def test_nothing_real_is_replaced_by_a_run_id_that_was_used_before(table: Any, starts: Any) -> None:
    """A refused RECOVERY is deleted, and its run id used again: with `replace_recovered`, and cleared."""
    recovered = Drive(plan({"name": "Database", "servers": [DB]}), run_id="manual__0", **REAL)
    recovered.execute("open_execution")
    recovered.wave("database")
    recovered.execute("complete_execution")
    refused = Drive(plan({"name": "Database", "servers": [DB]}), **REAL)
    refused.execute("open_execution")
    with pytest.raises(AirflowFailException, match="replace_recovered"):
        refused.execute("database.start_recovery")
    with pytest.raises(AirflowFailException):
        refused.execute("complete_execution")
    again = Drive(plan({"name": "Database", "servers": [DB]}), **REAL, replace_recovered="shop")
    again.run.triggering_user_name = "eve"
    again.clear()
    ended = again.record
    for task in TASKS:
        with pytest.raises(AirflowFailException, match="triggered by eve, is not the one that opened"):
            again.execute(task)
    assert starts() == 1
    assert again.record == ended


def test_what_is_replaced_is_what_the_record_says(table: Any, starts: Any) -> None:
    """Asked for when the run opened: the record has it, and nothing else is read."""
    for run_id, more in (("manual__0", {}), ("manual__1", {"replace_recovered": "shop"})):
        drive = Drive(plan({"name": "Database", "servers": [DB]}), run_id=run_id, **REAL, **more)
        drive.execute("open_execution")
        drive.wave("database")
        drive.execute("complete_execution")
    assert drive.record.request.replace_recovered == "shop"
    assert starts() == 2


def test_a_record_of_an_earlier_release_goes_on_and_replaces_nothing(table: Any, starts: Any) -> None:
    """It does not say what its run asked for; who, what and why are compared all the same."""
    first = Drive(plan({"name": "Database", "servers": [DB]}), run_id="manual__0", **REAL)
    first.execute("open_execution")
    first.wave("database")
    first.execute("complete_execution")
    drive = Drive(plan({"name": "Database", "servers": [DB]}), **REAL, replace_recovered="shop")
    drive.execute("open_execution")
    as_before(table, drive)
    drive.execute("database.approve")
    with pytest.raises(AirflowFailException, match="Real recovery instances are running") as refused:
        drive.execute("database.start_recovery")
    assert "`replace_recovered` of this run is not on record" in str(refused.value)
    assert "start a new run" in str(refused.value)
    assert starts() == 1
    drive.run.triggering_user_name = "eve"
    with pytest.raises(AirflowFailException, match="triggered by: 'eve', on record 'alice'"):
        drive.execute("database.approve")


@pytest.mark.parametrize("reason", ["outage", " the Region\nis down\n", "  ", "\u200b", f"\n{'x' * 5000} "])
def test_an_execution_in_flight_at_an_upgrade_goes_on_whatever_its_reason(table: Any, reason: str) -> None:
    """The release before kept what is blank around a reason; another reason is another run's, as ever."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}), **REAL, reason=reason)
    drive.execute("open_execution")
    as_before(table, drive, reason)
    drive.execute("open_execution")
    drive.wave("database")
    drive.run.conf["reason"] = f"another than {reason}"
    with pytest.raises(AirflowFailException, match="reason: "):
        drive.execute("complete_execution")
    drive.run.conf["reason"] = reason
    assert drive.execute("complete_execution") == "COMPLETED"


def test_a_cleared_run_is_the_same_run(table: Any) -> None:
    """A clear changes none of what is compared."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}), **REAL, reason="x" * 5000)
    drive.execute("open_execution")
    drive.clear()
    drive.execute("open_execution")
    drive.wave("database")
    assert drive.execute("complete_execution") == "COMPLETED"


def test_what_another_run_was_refused_is_no_word_on_how_the_execution_ends(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another Airflow tries while it runs, and it is ended by hand: that is what its outcome says."""
    monkeypatch.setenv(URL, "https://one.example")
    drive = Drive(plan())
    drive.execute("open_execution")
    drive.wave("database")
    with monkeypatch.context() as patch:
        patch.setenv(URL, "https://the-other.example")
        for task in ("open_execution", "application.approve", "complete_execution"):
            with pytest.raises(AirflowFailException):
                drive.execute(task)
    drive.states = {"application.approve": "failed", "application.start_recovery": "skipped"}
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    assert "ended by hand" in drive.record.outcome
    assert "the-other" not in drive.record.outcome
