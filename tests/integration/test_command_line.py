"""`recovery` on the real stack: what it starts, follows, answers and refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.sign_in import Credentials
from tests.airflow_rest import LIMIT, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack

UNKNOWN = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    code: int
    document: dict[str, Any]
    shown: str


def recovery(world: World, user: str, *arguments: str) -> Ran:
    """Run a command as a user, with --json."""
    ran = subprocess.run(
        [sys.executable, "-m", "drs_recovery", *arguments, "--json"],
        env=world.stack.env_of(user),
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return Ran(ran.returncode, json.loads(ran.stdout), ran.stderr)


def raw(world: World, document: dict[str, Any]) -> dict[str, Any]:
    """Return the record of an execution as the table holds it."""
    return world.records.again({"executionId": document["executionId"]})


@pytest.fixture
def paused(world: World) -> Iterator[str]:
    """Give a plan whose DAG is paused."""
    world.admin.call("PATCH", "/dags/one_wave", json={"is_paused": True}).raise_for_status()
    yield "one_wave"
    world.admin.call("PATCH", "/dags/one_wave", json={"is_paused": False}).raise_for_status()


def test_run_approve_recovers_every_wave(world: World) -> None:
    """It triggers one run, answers both gates as alice, never before their hold, and tells how it ended."""
    ran = recovery(world, "alice", "run", "three_tiers", "--approve", "--reason", "monthly drill")
    assert ran.code == 0, ran.shown
    record = raw(world, ran.document)
    assert record["status"] == "COMPLETED"
    assert (record["requestedBy"], record["reason"]) == ("alice", "monthly drill")
    answers = [wave["approval"] for wave in record["waves"] if "approval" in wave]
    assert [(answer["by"], answer["reason"]) for answer in answers] == [("alice", "monthly drill")] * 2
    gates = world.admin.call("GET", f"/dags/three_tiers/dagRuns/{record['dagRunId']}/hitlDetails").json()
    for wave in ("Database", "Application", "Web"):
        assert f"{wave} COMPLETED" in ran.shown
    assert "waits for an answer of alice, bob" in ran.shown
    assert gates["total_entries"] == 2
    tries = {
        task["task_id"]: task["try_number"]
        for task in world.admin.task_instances("three_tiers", record["dagRunId"])
    }
    assert tries["application.approve"] == tries["web.approve"] == 1, "no answer came too soon"
    assert ran.document["execution"]["outcome"] == record["outcome"]


def test_who_may_not_answer_is_reported_so_and_who_may_rejects(world: World) -> None:
    """`run --approve` as eve ends with Airflow's words and leaves the gate; alice rejects it."""
    ran = recovery(world, "eve", "run", "two_tiers", "--approve")
    assert ran.code == 3
    assert "User=eve (id=eve) is not a respondent for the task." in ran.document["error"]["message"]
    assert recovery(world, "eve", "approve", "two_tiers", "--reason", "please").code == 3
    rejected = recovery(world, "alice", "reject", "two_tiers", "--reason", "not today")
    assert rejected.code == 0, rejected.shown
    assert rejected.document["approval"]["by"] == "alice"
    watched = recovery(world, "bob", "watch", rejected.document["executionId"])
    assert watched.code == 1
    assert raw(world, watched.document)["status"] == "CANCELLED"


def test_a_recovery_starts_with_its_confirmation_only(world: World) -> None:
    refused = recovery(world, "alice", "run", "one_wave", "--type", "RECOVERY")
    assert refused.code == 3
    assert "confirm" in refused.document["error"]["message"]
    options = ("--type", "RECOVERY", "--confirm", "one_wave", "--reason", "the Region is down")
    ran = recovery(world, "alice", "run", "one_wave", *options)
    world.terminate_all()
    assert ran.code == 0, ran.shown
    assert raw(world, ran.document)["executionType"] == "RECOVERY"


def test_c1_a_cancelled_execution_ends_on_record_with_its_reason(world: World) -> None:
    """Nothing further starts; the outcome names who, why and the wave that finished."""
    run = world.start("two_tiers")
    run.wait_for("application.approve", "deferred")
    ran = recovery(world, "bob", "cancel", "two_tiers", "--reason", "the Region is back")
    assert ran.code == 0, ran.shown
    record = raw(world, ran.document)
    assert (record["status"], run.statuses) == ("CANCELLED", ["COMPLETED", "CANCELLED"])
    assert "cancelled by bob: the Region is back" in record["outcome"]
    assert "Finished: Database." in record["outcome"]
    assert len(run.starts) == 1
    assert recovery(world, "bob", "cancel", record["executionId"]).code == 3


def test_a_paused_dag_is_refused_with_the_command_that_mends_it(world: World, paused: str) -> None:
    ran = recovery(world, "alice", "run", paused)
    assert ran.code == 3
    assert f"airflow dags unpause {paused}" in ran.document["error"]["message"]


def test_a_run_that_is_not_on_record_is_watched(world: World, paused: str) -> None:
    """Airflow takes a run of a paused DAG and says nothing; who watches the plan sees why it waits."""
    run = world.start(paused)
    watching = subprocess.Popen(
        [sys.executable, "-m", "drs_recovery", "watch", paused],
        env=world.stack.env_of("bob"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert watching.stdout is not None
    assert f"airflow dags unpause {paused}" in watching.stdout.readline()
    world.admin.call("PATCH", f"/dags/{paused}", json={"is_paused": False}).raise_for_status()
    shown, _ = watching.communicate(timeout=LIMIT)
    assert watching.returncode == 0, shown
    assert run.record["outcome"] in " ".join(shown.split())


def test_an_invalid_plan_is_refused_with_its_problems(world: World) -> None:
    ran = recovery(world, "alice", "run", "bad_region")
    assert ran.code == 3
    assert "bad_region.yaml:" in ran.document["error"]["message"]


def test_a_plan_that_is_not_there_is_refused(world: World) -> None:
    ran = recovery(world, "alice", "run", "one_wav")
    assert ran.code == 3
    assert "'one_wave'" in ran.document["error"]["message"]


def test_a_run_that_is_sent_again_is_one_run(world: World) -> None:
    """The id is ours: a second POST finds the run of the first."""
    password = world.stack.passwords["alice"]
    with AirflowClient(world.stack.airflow_url, Credentials("alice", password)) as client:
        first = client.trigger("one_wave", "manual__sent_twice", {})
        second = client.trigger("one_wave", "manual__sent_twice", {})
        assert first.dag_run_id == second.dag_run_id
        until("its end", lambda: (run := client.run("one_wave", "manual__sent_twice")) and run.ended)
    runs = world.admin.call("GET", "/dags/one_wave/dagRuns?limit=100").json()["dag_runs"]
    assert [run["dag_run_id"] for run in runs].count("manual__sent_twice") == 1


def test_whoami_gives_the_id_that_approvers_name(world: World) -> None:
    for user, role in (("alice", "op"), ("admin", "admin")):
        ran = recovery(world, user, "whoami")
        assert (ran.document["id"], ran.document["role"]) == (user, role)


def test_a_wrong_password_is_refused_in_airflows_text(world: World) -> None:
    environment = world.stack.env_of("alice") | {"RECOVERY_AIRFLOW_PASSWORD": "wrong"}
    ran = subprocess.run(
        [sys.executable, "-m", "drs_recovery", "whoami"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 3
    assert "Invalid credentials" in ran.stderr


def test_init_again_keeps_what_is_there(world: World) -> None:
    ran = recovery(world, "admin", "init")
    assert ran.code == 0
    assert {made["done"] for made in ran.document.values()} == {"kept"}
