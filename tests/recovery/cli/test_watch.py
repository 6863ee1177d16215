"""Following goes on while Airflow or DynamoDB do not answer, and ends when nothing more can come."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.commands.watch import follow_to_the_end
from drs_recovery.cli.connect import look_in
from drs_recovery.cli.exits import Exit
from drs_recovery.cli.follow import follow
from drs_recovery.cli.sign_in import Credentials
from drs_recovery.cli.watcher import Watcher
from drs_recovery.clock import now
from drs_recovery.report.snapshot import Snapshot, Target
from drs_recovery.store.programs import wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import server_item
from drs_recovery.store.store import ExecutionStore
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW

if TYPE_CHECKING:
    from drs_recovery.cli.screen import Screen
    from tests.recovery.cli.airflow_stub import Stub

RUN = "/api/v2/dags/web_shop/dagRuns/manual__1"
OPENING = f"GET {RUN}/taskInstances/open_execution"
TARGET = Target("web_shop", "manual__1")


@pytest.fixture
def airflow_view(stub: Stub) -> AirflowView:
    return AirflowView(AirflowClient(stub.url, Credentials(token="t"), tries=1))


def run_is(state: str, ended: Any = None) -> tuple[int, dict[str, Any]]:
    end = ended.isoformat() if ended else None
    return 200, {"dag_id": "web_shop", "dag_run_id": "manual__1", "state": state, "end_date": end}


def task_is(state: str | None, try_number: int = 1) -> tuple[int, dict[str, Any]]:
    return 200, {"task_id": "open_execution", "state": state, "try_number": try_number, "pool": "recovery"}


def no_table() -> ExecutionStore:
    """Return a store whose DynamoDB does not answer."""
    config = Config(connect_timeout=1, retries={"total_max_attempts": 1})
    return ExecutionStore(boto3.client("dynamodb", endpoint_url="http://127.0.0.1:9", config=config), "t")


def test_following_survives_a_table_that_does_not_answer(story: Any) -> None:
    """What was known stays on the screen, and the trouble is shown."""
    reported = story().freeze().launch(0)
    watcher = Watcher(reported.store, TARGET, AirflowView(None))
    before = watcher.look()
    watcher.store = no_table()
    during = watcher.look()
    assert during.execution == before.execution
    assert during.servers == before.servers
    (note,) = during.notes
    assert "http://127.0.0.1:9" in note
    watcher.store = reported.land(0).store
    assert watcher.look().notes == ()


def test_following_goes_on_beside_a_server_that_cannot_be_read(story: Any) -> None:
    """The others are shown, and so is how the execution stands; a note names the one."""
    reported = story().freeze().launch(0)
    watcher = Watcher(reported.store, TARGET, AirflowView(None))
    before = watcher.look()
    spoilt = server_item(0, before.servers[0].source_server_id)
    key = {"executionId": {"S": TARGET.execution_id}, "item": {"S": spoilt}}
    reported.client.put_item(TableName=reported.table, Item=key)
    reported.store.run(wait_for_recovery.polled(TARGET.execution_id, now()))
    after = watcher.look()
    assert after.execution != before.execution
    assert len(after.servers) == len(before.servers) - 1
    (note,) = after.notes
    assert spoilt in note


def test_following_survives_an_airflow_that_does_not_answer(story: Any) -> None:
    reported = story().to_the_second_gate()
    client = AirflowClient(NO_AIRFLOW, Credentials(token="t"), tries=1)
    snapshot = Watcher(reported.store, TARGET, AirflowView(client)).look()
    (gate,) = snapshot.gates
    assert gate.who == "alice, bob"
    assert gate.since is not None, "the trail tells since when it waits"
    (note,) = snapshot.notes
    assert NO_AIRFLOW in note
    assert "record is read on" in note


def test_an_airflow_that_is_down_is_not_asked_every_time(
    story: Any, stub: Stub, airflow_view: AirflowView
) -> None:
    stub.on(f"GET {RUN}", (503, "down"))
    watcher = Watcher(story().freeze().store, TARGET, airflow_view)
    for _ in range(3):
        watcher.look()
    assert len(stub.requests) == 1


def test_nobody_signed_in_is_reported_only_where_airflow_is_missed(story: Any) -> None:
    airflow_view = look_in()
    running = story().freeze()
    assert Watcher(running.store, TARGET, airflow_view).look().notes == ()
    (note,) = Watcher(running.launch(0).land(0).pause(1).store, TARGET, airflow_view).look().notes
    assert "RECOVERY_AIRFLOW_USER" in note


@pytest.mark.parametrize(
    ("state", "texts"),
    [
        (None, "waits for a slot of the pool 'recovery'"),
        ("scheduled", "waits for a slot of the pool 'recovery'"),
        ("queued", "waits for a worker"),
        ("running", "open_execution is running"),
    ],
)
def test_a_run_that_is_not_on_record_says_what_it_waits_for(
    store: ExecutionStore, stub: Stub, airflow_view: AirflowView, state: str | None, texts: str
) -> None:
    stub.on(f"GET {RUN}", run_is("running"))
    stub.on(OPENING, task_is(state))
    snapshot = Watcher(store, TARGET, airflow_view).look()
    assert snapshot.execution is None
    assert texts in (snapshot.queued or "")


def test_a_run_that_cannot_open_its_record_says_why(
    store: ExecutionStore, stub: Stub, airflow_view: AirflowView
) -> None:
    stub.on(f"GET {RUN}", run_is("running"))
    stub.on(OPENING, task_is("up_for_retry", try_number=2))
    error = {"exc_type": "RecordUnavailable", "exc_value": "put_item on table 't' at http://ddb: down"}
    stub.on(f"{OPENING}/logs/2", (200, {"content": [{"event": "Task failed", "error_detail": [error]}]}))
    queued = Watcher(store, TARGET, airflow_view).look().queued or ""
    assert "try 2" in queued
    assert "RecordUnavailable: put_item on table 't' at http://ddb: down" in queued


def test_a_paused_dag_keeps_a_run_queued(
    store: ExecutionStore, stub: Stub, airflow_view: AirflowView
) -> None:
    stub.on(f"GET {RUN}", run_is("queued"))
    dag = {"dag_id": "web_shop", "is_paused": True, "is_stale": False, "tags": []}
    stub.on("GET /api/v2/dags/web_shop/details", (200, dag))
    assert "airflow dags unpause web_shop" in (Watcher(store, TARGET, airflow_view).look().queued or "")


@pytest.mark.parametrize(
    ("dag", "texts"),
    [({"is_paused": True}, "airflow dags unpause web_shop"), ({"is_stale": True}, "no DAG of this plan")],
    ids=["paused", "stale"],
)
def test_an_execution_in_flight_is_shown_as_held(
    story: Any, stub: Stub, airflow_view: AirflowView, dag: dict[str, Any], texts: str
) -> None:
    """Airflow starts no further task of it, without a word."""
    reported = story().to_the_second_gate()
    stub.on(f"GET {RUN}", run_is("running"))
    known = {"dag_id": "web_shop", "is_paused": False, "is_stale": False, "tags": []}
    stub.on("GET /api/v2/dags/web_shop/details", (200, known | dag))
    (note,) = [note for note in Watcher(reported.store, TARGET, airflow_view).look().notes if "held" in note]
    assert texts in note


def test_a_gate_that_somebody_has_answered_says_so(story: Any, stub: Stub, airflow_view: AirflowView) -> None:
    reported = story().to_the_second_gate()
    stub.on(f"GET {RUN}", run_is("running"))
    asked = {
        "subject": "?",
        "created_at": now().isoformat(),
        "response_received": True,
        "responded_by_user": {"id": "bob", "name": "Bob"},
        "chosen_options": ["Approve"],
        "task_instance": {"task_id": "appwave2.approve", "state": "scheduled"},
    }
    stub.on(f"GET {RUN}/taskInstances/appwave2.approve/-1/hitlDetails", (200, asked))
    (gate,) = Watcher(reported.store, TARGET, airflow_view).look().gates
    assert gate.note == "bob has answered Approve; the task takes it up"


@pytest.mark.parametrize("opened", [True, False], ids=["record not final", "no record"])
def test_a_run_that_ended_without_a_final_record_is_not_followed_for_ever(
    story: Any, stub: Stub, airflow_view: AirflowView, opened: bool, screen: Screen
) -> None:
    stub.on(f"GET {RUN}", run_is("failed", now() - timedelta(minutes=5)))
    reported = story(run_id="manual__1" if opened else "another")
    assert follow_to_the_end(screen, reported.store, TARGET, airflow_view) is Exit.NOT_RECOVERED
    shown = " ".join(screen.out.export_text().split())
    assert f"The log of {'complete_execution' if opened else 'open_execution'} says why" in shown


def test_a_run_that_was_deleted_is_not_followed_for_ever(
    story: Any, airflow_view: AirflowView, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is left who could make its record final."""
    monkeypatch.setattr("drs_recovery.cli.watcher.STRANDED_AFTER", timedelta(0))
    last = Watcher(story().freeze().store, TARGET, airflow_view).look()
    assert last.finished
    assert "is not final" in (last.stranded or "")


def test_a_run_that_ended_just_now_may_still_become_final(
    story: Any, stub: Stub, airflow_view: AirflowView
) -> None:
    stub.on(f"GET {RUN}", run_is("failed", now()))
    assert not Watcher(story().freeze().store, TARGET, airflow_view).look().finished


@pytest.mark.parametrize(
    ("failed", "code"),
    [({}, Exit.OK), ({"s-000000000000db001": "no capacity"}, Exit.NOT_RECOVERED)],
    ids=["COMPLETED", "FAILED"],
)
def test_the_exit_code_tells_how_it_ended(
    story: Any, screen: Screen, failed: dict[str, str], code: Exit
) -> None:
    reported = story().freeze().launch(0).land(0, failed=failed) if failed else story().to_the_end()
    if failed:
        reported.finish()
    assert (
        follow_to_the_end(screen, reported.store, Target("web_shop", reported.run_id), AirflowView(None))
        is code
    )
    assert reported.store.run(read_execution(reported.id)).outcome.split()[0] in screen.out.export_text()


def test_ctrl_c_ends_the_watching_not_the_execution(
    story: Any, screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = story().freeze()

    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Watcher, "look", interrupted)
    assert follow_to_the_end(screen, reported.store, TARGET, AirflowView(None)) is Exit.INTERRUPTED
    assert f"The execution goes on: recovery watch {reported.id}" in screen.out.export_text()


def test_following_shows_each_look_until_the_end(story: Any) -> None:
    reported = story().freeze().launch(0)
    seen: list[Snapshot] = []

    class View:
        def show(self, snapshot: Snapshot) -> None:
            seen.append(snapshot)
            if len(seen) == 2:
                reported.land(0, failed={"s-000000000000db001": "no capacity"}).finish()

    last = follow(Watcher(reported.store, TARGET, AirflowView(None)), View(), interval=0)
    assert [snapshot.finished for snapshot in seen] == [False, False, True]
    assert last is seen[-1]
