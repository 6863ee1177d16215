"""Airflow's REST API: what may pass is repeated, no repeat does it twice, the rest is in its own words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.cli.airflow import AirflowClient, gate_url
from drs_recovery.cli.sign_in import Credentials
from drs_recovery.errors import AirflowRefused, AirflowUnreachable
from tests.recovery.cli.airflow_stub import DROP, Stub

if TYPE_CHECKING:
    from collections.abc import Iterator

RUN = {"dag_id": "web_shop", "dag_run_id": "manual__1", "state": "queued"}
RUNS = "POST /api/v2/dags/web_shop/dagRuns"
THIS_RUN = "GET /api/v2/dags/web_shop/dagRuns/manual__1"
GATE = "/api/v2/dags/web_shop/dagRuns/manual__1/taskInstances/appwave2.approve/-1/hitlDetails"
DEADLOCK = (500, {"detail": "deadlock detected"})
TAKEN = (409, {"detail": {"reason": "Unique constraint violation", "statement": "INSERT …"}})


@pytest.fixture
def client(stub: Stub) -> Iterator[AirflowClient]:
    with AirflowClient(stub.url, Credentials(token="t"), tries=3, timeout=2, delay=0.001) as client:
        yield client


def asked(by: str = "alice", option: str = "Approve") -> dict[str, Any]:
    return {
        "subject": "Start?",
        "created_at": "2026-03-01T03:00:00Z",
        "assigned_users": [{"id": "alice", "name": "alice"}],
        "response_received": True,
        "responded_by_user": {"id": by, "name": by},
        "chosen_options": [option],
        "task_instance": {"task_id": "appwave2.approve", "state": "success"},
    }


@pytest.mark.parametrize("trouble", [DEADLOCK, (DROP, None), (503, "down")], ids=["500", "dropped", "503"])
def test_trouble_that_may_pass_is_tried_again(stub: Stub, client: AirflowClient, trouble: Any) -> None:
    """A deadlock in PostgreSQL is a 500, and the same request then succeeds."""
    stub.on(RUNS, trouble, (200, RUN))
    assert client.trigger("web_shop", "manual__1", {}).state == "queued"


def test_a_run_whose_first_answer_was_lost_is_recognised(stub: Stub, client: AirflowClient) -> None:
    """The run id is ours, so a second POST is refused and the first one's run is found: never two runs."""
    stub.on(RUNS, (DROP, None), TAKEN)
    stub.on(THIS_RUN, (200, RUN | {"state": "running"}))
    assert client.trigger("web_shop", "manual__1", {}).state == "running"
    ids = {body["dag_run_id"] for request, body in stub.requests if request == RUNS}
    assert ids == {"manual__1"}


def test_a_conflict_without_our_run_is_a_refusal(stub: Stub, client: AirflowClient) -> None:
    stub.on(RUNS, TAKEN)
    with pytest.raises(AirflowRefused, match="Unique constraint violation"):
        client.trigger("web_shop", "manual__1", {})


def test_trouble_that_stays_names_url_and_remedy(stub: Stub, client: AirflowClient) -> None:
    stub.on(THIS_RUN, DEADLOCK)
    with pytest.raises(AirflowUnreachable) as error:
        client.run("web_shop", "manual__1")
    assert stub.count(THIS_RUN) == 3
    for word in (stub.url, "deadlock detected", "make up", "RECOVERY_AIRFLOW_URL"):
        assert word in str(error.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", "ftp://nowhere", "http://nobody.invalid", "nonsense"])
def test_an_address_without_airflow_is_named(url: str) -> None:
    client = AirflowClient(url, Credentials(token="t"), tries=2, timeout=2, delay=0.001)
    with client, pytest.raises(AirflowUnreachable, match=url):
        client.me()


def test_something_that_is_not_airflow_is_no_answer(stub: Stub, client: AirflowClient) -> None:
    stub.on("GET /ui/auth/me", (200, "<html>Welcome</html>"))
    with pytest.raises(AirflowUnreachable, match="not as Airflow's API"):
        client.me()


def test_an_answer_of_another_shape_is_not_airflows(stub: Stub, client: AirflowClient) -> None:
    stub.on("GET /ui/auth/me", (200, {"hello": "world"}))
    with pytest.raises(AirflowUnreachable, match="RECOVERY_AIRFLOW_URL"):
        client.me()


@pytest.mark.parametrize(
    ("detail", "texts"),
    [
        ("User=eve (id=eve) is not a respondent for the task.", "User=eve (id=eve) is not a respondent"),
        (
            [{"loc": ["body", "conf"], "msg": "Input should be a valid dictionary"}],
            "body.conf: Input should be",
        ),
        ({"reason": "Unique constraint violation"}, "Unique constraint violation"),
    ],
    ids=["a sentence", "FastAPI's list", "a database's"],
)
def test_a_refusal_is_in_airflows_text(stub: Stub, client: AirflowClient, detail: Any, texts: str) -> None:
    stub.on(f"PATCH {GATE}", (403, {"detail": detail}))
    with pytest.raises(AirflowRefused) as error:
        client.answer("web_shop", "manual__1", "appwave2.approve", "Approve", None)
    assert texts in str(error.value)
    assert "403" in str(error.value)


def test_what_is_not_there_is_none(stub: Stub, client: AirflowClient) -> None:
    assert client.run("web_shop", "gone") is None
    assert client.dag("no_such_plan") is None
    assert client.gate("web_shop", "manual__1", "appwave2.approve") is None


def test_our_own_lost_answer_to_a_gate_is_no_conflict(stub: Stub, client: AirflowClient) -> None:
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    stub.on(f"PATCH {GATE}", (DROP, None), (409, {"detail": "has already been updated"}))
    stub.on(f"GET {GATE}", (200, asked()))
    client.answer("web_shop", "manual__1", "appwave2.approve", "Approve", "looks right")
    assert stub.count(f"PATCH {GATE}") == 2


@pytest.mark.parametrize("answer", [asked(by="bob"), asked(option="Reject")], ids=["somebody's", "other"])
def test_an_answer_of_somebody_else_is_a_conflict(stub: Stub, client: AirflowClient, answer: Any) -> None:
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    stub.on(f"PATCH {GATE}", (409, {"detail": "has already been updated"}))
    stub.on(f"GET {GATE}", (200, answer))
    with pytest.raises(AirflowRefused, match="already been updated"):
        client.answer("web_shop", "manual__1", "appwave2.approve", "Approve", None)


def test_an_expired_token_is_renewed_once(stub: Stub) -> None:
    stub.on("POST /auth/token", (201, {"access_token": "new"}))
    stub.on("GET /ui/auth/me", (401, {"detail": "expired"}), (200, {"id": 7, "username": "alice"}))
    with AirflowClient(stub.url, Credentials("alice", "secret"), tries=1) as client:
        assert client.me().id == "7", "FAB's ids are numbers, approvers are text"
    assert stub.count("POST /auth/token") == 2


def test_a_wrong_password_names_user_and_place(stub: Stub) -> None:
    stub.on("POST /auth/token", (401, {"detail": "Invalid credentials"}))
    with (
        AirflowClient(stub.url, Credentials("alice", "wrong"), tries=1) as client,
        pytest.raises(AirflowRefused) as error,
    ):
        client.me()
    assert "Invalid credentials" in str(error.value)
    assert "'alice'" in str(error.value)
    assert "wrong" not in str(error.value)


def test_gates_age_by_the_servers_clock(stub: Stub, client: AirflowClient) -> None:
    """A laptop that is ten minutes ahead would answer gates that have only begun to wait."""
    server_time = datetime.now(UTC) - timedelta(minutes=10)
    stub.date = format_datetime(server_time, usegmt=True)
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    client.me()
    assert abs(client.now() - server_time) < timedelta(seconds=5)


def test_a_pool_that_is_right_is_kept(stub: Stub, client: AirflowClient) -> None:
    pool = "GET /api/v2/pools/recovery"
    stub.on(pool, (200, {"name": "recovery", "slots": 64}))
    assert client.put_pool("recovery", 64, "") == "kept"
    stub.on("PATCH /api/v2/pools/recovery", (200, {}))
    assert client.put_pool("recovery", 32, "") == "changed"
    stub.on(pool, (404, {"detail": "not found"}))
    stub.on("POST /api/v2/pools", TAKEN)
    assert client.put_pool("recovery", 64, "") == "created", "its lost first try made it"


def test_ids_are_quoted_in_addresses() -> None:
    """Scheduled runs have ids with a plus sign and colons."""
    url = gate_url("http://a/", "web_shop", "scheduled__2026-03-01T06:00:00+00:00", "appwave2.approve")
    run = "scheduled__2026-03-01T06%3A00%3A00%2B00%3A00"
    assert url == f"http://a/dags/web_shop/runs/{run}/tasks/appwave2.approve/required_actions"
