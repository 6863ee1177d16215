"""`approve`, `reject` and `run --approve` answer a gate once, as the signed-in user, and tell how it went."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.approver import Approver
from drs_recovery.cli.commands import answer as command
from drs_recovery.cli.sign_in import Credentials
from drs_recovery.cli.watcher import Watcher
from drs_recovery.clock import now
from drs_recovery.errors import AirflowRefused
from drs_recovery.plan import Plan
from drs_recovery.record.parts import Approval
from drs_recovery.report.snapshot import Snapshot, Target
from drs_recovery.store.programs import approve
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.cli.execution_story import SHOP

if TYPE_CHECKING:
    from tests.recovery.cli.airflow_stub import Stub

RUN = "/api/v2/dags/web_shop/dagRuns/manual__1"
GATE = f"{RUN}/taskInstances/appwave2.approve/-1/hitlDetails"
NOT_YOU = "User=eve (id=eve) is not a respondent for the task."


@pytest.fixture
def airflow(signed_in: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Give an Airflow with a gate that has waited long enough, and alice signed in."""
    monkeypatch.setattr(command, "TAKEN_UP", 0)
    signed_in.on(f"GET {RUN}", (200, {"dag_id": "web_shop", "dag_run_id": "manual__1", "state": "running"}))
    signed_in.on(f"GET {GATE}", (200, asked()))
    signed_in.on(f"PATCH {GATE}", (200, {}))
    return signed_in


def asked(age: float = 60, state: str = "awaiting_input", **changed: Any) -> dict[str, Any]:
    task = {"task_id": "appwave2.approve", "state": state}
    created = (now() - timedelta(seconds=age)).isoformat()
    return {"subject": "Start?", "created_at": created, "task_instance": task} | changed


def answers(airflow: Stub) -> list[Any]:
    return [body for request, body in airflow.requests if request == f"PATCH {GATE}"]


def test_a_rejection_needs_no_reason_where_an_approval_does(story: Any, airflow: Stub) -> None:
    """A gate of a RECOVERY wants a reason from who lets it go on, not from who stops it."""
    story().to_the_second_gate()
    form = {"reason": {"schema": {"type": "string", "minLength": 3}}}
    airflow.on(f"GET {GATE}", (200, asked(params=form)))
    assert recovery("approve", "web_shop").exit_code == 3
    assert answers(airflow) == []
    recovery("reject", "web_shop")
    assert [answer["chosen_options"] for answer in answers(airflow)] == [["Reject"]]


@pytest.mark.parametrize(("verb", "option"), [("approve", "Approve"), ("reject", "Reject")])
def test_a_gate_is_answered_with_its_reason(story: Any, airflow: Stub, verb: str, option: str) -> None:
    story().to_the_second_gate()
    result = recovery(verb, "web_shop", "--reason", "looks right")
    assert result.exit_code == 0
    assert answers(airflow) == [{"chosen_options": [option], "params_input": {"reason": "looks right"}}]
    assert "AppWave2" in result.stdout
    assert "alice" in result.stdout


def test_an_answer_waits_out_the_hold_with_a_word(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow fails a gate that is answered while its worker is still parking it."""
    story().to_the_second_gate()
    slept: list[float] = []
    monkeypatch.setattr(command.time, "sleep", slept.append)
    airflow.on(f"GET {GATE}", (404, {"detail": "none yet"}), (200, asked(age=2)), (200, asked(age=60)))
    result = recovery("approve", "web_shop")
    assert result.exit_code == 0
    assert "waiting" in result.stdout
    assert len(slept) == 2
    assert len(answers(airflow)) == 1


@pytest.mark.parametrize(
    ("answer", "texts"),
    [((403, {"detail": NOT_YOU}), NOT_YOU), ((409, {"detail": "already updated"}), "already updated")],
)
def test_what_airflow_refuses_is_shown_in_its_text(
    story: Any, airflow: Stub, answer: Any, texts: str
) -> None:
    story().to_the_second_gate()
    airflow.on(f"PATCH {GATE}", answer)
    result = recovery("approve", "web_shop", "--json")
    assert result.exit_code == 3
    assert texts in result.stderr
    assert json.loads(result.stdout.partition("\n…")[0])["error"]["kind"] == "AirflowRefused"


@pytest.mark.parametrize("state", ["failed", "success", "queued"])
def test_the_gate_of_a_run_that_does_not_run_is_not_answered(story: Any, airflow: Stub, state: str) -> None:
    """Airflow takes such an answer with 200, and nothing comes of it."""
    story().to_the_second_gate()
    airflow.on(f"GET {RUN}", (200, {"dag_id": "web_shop", "dag_run_id": "manual__1", "state": state}))
    result = recovery("approve", "web_shop")
    assert result.exit_code == 3
    assert state in result.stderr
    assert answers(airflow) == []


def test_an_answer_is_seen_on_record(story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = story().to_the_second_gate()
    monkeypatch.setattr(command, "TAKEN_UP", 30)
    monkeypatch.setattr(command.time, "sleep", lambda _: shown.answer(1, by="alice"))
    document = json.loads(recovery("approve", "web_shop", "--json").stdout)
    assert document["approval"]["by"] == "alice"
    assert document["waveName"] == "AppWave2"


def look(story: Any, airflow: Stub) -> tuple[AirflowClient, Snapshot]:
    client = AirflowClient(airflow.url, Credentials(token="t"), tries=1)
    return client, Watcher(story.store, Target("web_shop", "manual__1"), AirflowView(client)).look()


def test_run_approve_answers_once(story: Any, airflow: Stub) -> None:
    client, snapshot = look(story().to_the_second_gate(), airflow)
    approver = Approver(client, "monthly drill")
    (gate,) = approver.act(snapshot).gates
    assert gate.note == "approved by --approve; the task takes it up"
    bobs = {"id": "alice", "name": "alice"}
    airflow.on(
        f"GET {GATE}",
        (200, asked(response_received=True, responded_by_user=bobs, chosen_options=["Approve"])),
    )
    approver.act(snapshot)
    assert answers(airflow) == [{"chosen_options": ["Approve"], "params_input": {"reason": "monthly drill"}}]


def test_run_approve_leaves_a_young_gate_alone(story: Any, airflow: Stub) -> None:
    airflow.on(f"GET {GATE}", (200, asked(age=3)))
    client, snapshot = look(story().to_the_second_gate(), airflow)
    (gate,) = Approver(client, "drill").act(snapshot).gates
    assert (gate.note or "").startswith("--approve answers it at ")
    (again,) = Approver(client, "drill").act(snapshot).gates
    assert again.note == gate.note, "a line that counts down would fill a log"
    assert answers(airflow) == []


def test_run_approve_ends_where_the_user_may_not_answer(story: Any, airflow: Stub) -> None:
    airflow.on(f"PATCH {GATE}", (403, {"detail": NOT_YOU}))
    client, snapshot = look(story().to_the_second_gate(), airflow)
    with pytest.raises(AirflowRefused, match="not a respondent"):
        Approver(client, "drill").act(snapshot)


@pytest.mark.parametrize(
    "answer", [(409, {"detail": "already been updated"}), (503, "down")], ids=["409", "503"]
)
def test_run_approve_goes_on_where_others_answer_or_airflow_is_down(
    story: Any, airflow: Stub, answer: Any
) -> None:
    airflow.on(f"PATCH {GATE}", answer)
    client, snapshot = look(story().to_the_second_gate(), airflow)
    (gate,) = Approver(client, "drill").act(snapshot).gates
    assert gate.note


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_gate_that_does_not_wait_is_not_answered(story: Any, verb: str) -> None:
    shown = story().freeze()
    assert recovery(verb, shown.id).exit_code == 3
    assert "No gate of" in recovery(verb, shown.id).stderr
    named = recovery(verb, shown.id, "--wave", "DBWave1")
    assert named.exit_code == 3
    assert "PENDING" in named.stderr


def test_a_wave_that_does_not_exist_is_usage(story: Any) -> None:
    result = recovery("approve", story().to_the_second_gate().id, "--wave", "AppWave")
    assert result.exit_code == 2
    assert "DBWave1, AppWave2, WebWave3" in result.stderr


def of_two(story: Any, **rules: Any) -> Any:
    """Return a shop that waits at its second gate, which two people must pass, and bob has approved."""
    plan = Plan.model_validate(SHOP.content() | {"approvals_needed": 2, "break_glass": ["dr-lead"]} | rules)
    shown = story(plan=plan).freeze().launch(0).land(0)
    shown.store.run(approve.pause(shown.id, 1, needed=2))
    return shown


def test_an_approval_of_several_says_how_many_more_must(
    story: Any, airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on record as one of them; the gate is not passed."""
    shown = of_two(story)
    monkeypatch.setattr(command, "TAKEN_UP", 30)
    mine = Approval(decision="APPROVED", by="alice", time=shown.at)
    monkeypatch.setattr(
        command.time, "sleep", lambda _: shown.store.run(approve.count_approval(shown.id, 1, mine))
    )
    result = recovery("approve", "web_shop", "--json")
    document = json.loads(result.stdout)
    assert (document["approval"]["by"], document["missing"]) == ("alice", 1)
    assert "1 of 2 approvals" in recovery("show", "web_shop").stdout
    waiting = json.loads(recovery("show", "web_shop", "--json").stdout)
    assert [(one["by"], one["waveNumber"]) for one in waiting["approvals"]] == [("alice", 1)]
    (gate,) = waiting["gates"]
    assert (gate["approvalsNeeded"], gate["approvedBy"], gate["breakGlass"]) == (2, ["alice"], ["dr-lead"])


@pytest.mark.parametrize(
    ("by", "rules", "why"),
    [
        ("alice", {}, "alice has approved already, and counts once; 1 more must approve"),
        ("bob", {"requester_may_approve": False}, "alice asked for this run, and may not approve it"),
    ],
    ids=["twice", "requester"],
)
def test_an_approval_that_would_not_count_is_not_sent(
    story: Any, airflow: Stub, by: str, rules: dict[str, Any], why: str
) -> None:
    """Airflow would take it, and the gate ask again; `run --approve` says so beside the gate."""
    shown = of_two(story, **rules)
    given = Approval(decision="APPROVED", by=by, time=shown.at)
    shown.store.run(approve.count_approval(shown.id, 1, given))
    result = recovery("approve", "web_shop")
    assert result.exit_code == 3
    assert why in " ".join(result.stderr.split())
    client, snapshot = look(shown, airflow)
    (gate,) = Approver(client, "drill").act(snapshot).gates
    assert why in (gate.note or "")
    assert answers(airflow) == []


def test_run_approve_breaks_no_glass(story: Any, airflow: Stub) -> None:
    """It would at each gate of the run, with one reason for all: that takes `recovery approve`."""
    shown = of_two(story, break_glass=["alice"], approvers=["bob", "carol"])
    client, snapshot = look(shown, airflow)
    (gate,) = Approver(client, "drill").act(snapshot).gates
    assert gate.note == "--approve breaks no glass; `recovery approve` does, as alice"
    assert answers(airflow) == []


def test_who_breaks_the_glass_is_shown_loudly(story: Any) -> None:
    """By `show`, beside the others who answered."""
    shown = of_two(story)
    broken = Approval(
        decision="APPROVED", by="dr-lead", time=shown.at, reason="nobody is awake", break_glass=True
    )
    shown.store.run(approve.approve(shown.id, 1, broken))
    result = " ".join(recovery("show", "web_shop").stdout.split())
    assert "approved by dr-lead, BREAK-GLASS" in result
    assert "BREAK-GLASS by dr-lead" in result
