"""`run` starts one execution, and only where Airflow will move it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from drs_recovery.cli import sign_in
from drs_recovery.cli.app import app
from drs_recovery.cli.commands import run as command
from drs_recovery.errors import ParamsError
from drs_recovery.settings import settings
from tests.recovery.cli.airflow_stub import DROP, Stub

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore

RUNS = "POST /api/v2/dags/web_shop/dagRuns"
DETAILS = "GET /api/v2/dags/web_shop/details"
HEALTH = "GET /api/v2/monitor/health"
WELL = {"status": "healthy"}
ALIVE = {"metadatabase": WELL, "scheduler": WELL, "triggerer": WELL, "dag_processor": WELL}
DAG = {"dag_id": "web_shop", "is_paused": False, "is_stale": False, "tags": [{"name": "recovery"}]}
PROBLEM = "web_shop.yaml:3:1: colour: no such key"
INVALID = f"## This plan is invalid\n\n```text\n{PROBLEM}\n```\n\nMend the file."


@pytest.fixture
def airflow(signed_in: Stub, store: ExecutionStore) -> Stub:
    """Give an Airflow that would run web_shop."""
    signed_in.on(HEALTH, (200, ALIVE))
    signed_in.on(DETAILS, (200, DAG))
    signed_in.on(RUNS, (200, {"dag_id": "web_shop", "dag_run_id": "x", "state": "queued"}))
    signed_in.on("GET /api/v2/dags", (200, {"dags": [{"dag_id": "web_shop"}, {"dag_id": "payroll"}]}))
    return signed_in


def run(*options: str) -> Result:
    return CliRunner().invoke(app, ["run", "web_shop", "--no-follow", *options], catch_exceptions=False)


def conf_of(airflow: Stub) -> Any:
    return next(body["conf"] for request, body in airflow.requests if request == RUNS)


def test_a_run_is_triggered_with_what_was_asked_and_nothing_else(airflow: Stub) -> None:
    assert run("--reason", "monthly").exit_code == 0
    assert conf_of(airflow) == {"execution_type": "DRILL", "reason": "monthly"}


def test_a_recovery_carries_its_confirmation(airflow: Stub) -> None:
    options = ("--type", "RECOVERY", "--confirm", "web_shop", "--replace-recovered", "web_shop")
    assert run(*options, "--approvals", "every_wave").exit_code == 0
    assert conf_of(airflow) == {
        "execution_type": "RECOVERY",
        "confirm": "web_shop",
        "replace_recovered": "web_shop",
        "approvals": "every_wave",
    }


def test_a_run_says_how_to_follow_it(airflow: Stub) -> None:
    document = json.loads(run("--json").stdout)
    assert document["planId"] == "web_shop"
    assert document["dagRunId"].startswith("manual__")
    shown = run().stdout
    assert "recovery watch " in shown


def test_a_lost_answer_starts_no_second_run(airflow: Stub) -> None:
    airflow.on(RUNS, (DROP, None), (200, {"dag_id": "web_shop", "dag_run_id": "x", "state": "queued"}))
    assert run().exit_code == 0
    ids = [body["dag_run_id"] for request, body in airflow.requests if request == RUNS]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_run_ids_differ() -> None:
    assert command.new_run_id() != command.new_run_id()


@pytest.mark.parametrize(
    ("dag", "texts"),
    [
        ({"is_paused": True}, ["paused", "airflow dags unpause web_shop"]),
        ({"is_stale": True}, ["stale", "airflow dags reserialize"]),
        ({"has_import_errors": True}, ["stale", "airflow dags list-import-errors"]),
        (
            {"tags": [{"name": "invalid"}], "doc_md": INVALID},
            ["invalid", "web_shop.yaml:3:1: colour: no such key", "recovery check"],
        ),
    ],
    ids=["paused", "stale", "import errors", "invalid"],
)
def test_a_dag_whose_run_would_not_move_is_refused(airflow: Stub, dag: Any, texts: list[str]) -> None:
    """Airflow takes a run of a paused DAG and leaves it queued without a word."""
    airflow.on(DETAILS, (200, DAG | dag))
    result = run()
    assert result.exit_code == 3
    assert all(word in result.stderr for word in texts)
    assert airflow.count(RUNS) == 0


def test_the_last_good_version_of_a_broken_plan_runs_and_is_asked_to_be_that(airflow: Stub) -> None:
    """A recovery must be possible though somebody broke the file; whoever starts it knows what runs."""
    page = f"**This plan is outdated.** Since 02:11.\n\n```text\n{PROBLEM}\n```\n\n| Wave | ... |"
    tags = [{"name": "recovery"}, {"name": "outdated"}]
    airflow.on(DETAILS, (200, DAG | {"tags": tags, "doc_md": page}))
    result = run("--json")
    assert result.exit_code == 0
    assert airflow.count(RUNS) == 1
    assert "last good version" in " ".join(result.stderr.split())
    assert PROBLEM in result.stderr
    assert json.loads(result.stdout)["planId"] == "web_shop"


def test_a_plan_that_airflow_does_not_have_is_refused(airflow: Stub) -> None:
    airflow.on(DETAILS, (404, {"detail": "not found"}))
    result = run()
    assert result.exit_code == 3
    assert "It has: payroll, web_shop" in result.stderr
    assert airflow.count(RUNS) == 0


@pytest.mark.parametrize("part", ["scheduler", "triggerer", "dag_processor", "metadatabase"])
@pytest.mark.parametrize("status", ["unhealthy", None])
def test_an_airflow_that_is_not_alive_is_refused(airflow: Stub, part: str, status: str | None) -> None:
    """A part that nobody ever started has no status at all."""
    airflow.on(HEALTH, (200, ALIVE | {part: {"status": status}}))
    result = run()
    assert result.exit_code == 3
    assert part.replace("_", "-") in result.stderr
    assert "`airflow " in result.stderr
    assert airflow.count(RUNS) == 0


@pytest.mark.parametrize(("typed", "code"), [("web_shop", 0), ("web-shop", 3), ("", 3)])
def test_a_recovery_asks_a_person_for_the_plan(
    airflow: Stub, monkeypatch: pytest.MonkeyPatch, typed: str, code: int
) -> None:
    monkeypatch.setattr(command, "interactive", lambda: True)
    result = CliRunner().invoke(
        app,
        ["run", "web_shop", "--type", "RECOVERY", "--no-follow"],
        input=f"{typed}\n",
        catch_exceptions=False,
    )
    assert result.exit_code == code
    assert "Type the id of the plan" in result.stderr
    assert airflow.count(RUNS) == (code == 0)


def test_approvals_of_a_recovery_want_a_reason() -> None:
    with pytest.raises(ParamsError, match="--reason"):
        command.gate_reason(command.Request("web_shop", execution_type="RECOVERY"))
    assert command.gate_reason(command.Request("web_shop")), "a drill's gates get a word of ours"


def test_nothing_is_triggered_where_the_table_cannot_be_named(
    airflow: Stub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a Region nobody could follow the run."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    assert run().exit_code == 4
    assert airflow.count(RUNS) == 0


class TestSignIn:
    """From where the command line knows who asks."""

    @pytest.fixture(autouse=True)
    def _passwords(self, tmp_path: Any) -> None:
        file = tmp_path / sign_in.PASSWORDS_FILE
        file.write_text(json.dumps({"alice": "from-the-file"}))

    def test_a_local_airflow_tells_its_passwords(self) -> None:
        assert sign_in.credentials("alice", ask=False).password == "from-the-file"

    def test_the_passwords_of_a_local_airflow_go_nowhere_else(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECOVERY_AIRFLOW_URL", "https://airflow.example")
        settings.cache_clear()
        with pytest.raises(sign_in.SignInNeeded):
            sign_in.credentials("alice", ask=False)

    def test_settings_go_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECOVERY_AIRFLOW_USER", "alice")
        monkeypatch.setenv("RECOVERY_AIRFLOW_PASSWORD", "from-the-settings")
        settings.cache_clear()
        assert sign_in.credentials(ask=False).password == "from-the-settings"
        assert sign_in.credentials("alice", ask=False).password == "from-the-settings"

    def test_a_password_is_for_its_user_only(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECOVERY_AIRFLOW_USER", "bob")
        monkeypatch.setenv("RECOVERY_AIRFLOW_PASSWORD", "bobs")
        settings.cache_clear()
        assert sign_in.credentials("alice", ask=False).password == "from-the-file"

    def test_a_named_user_goes_before_a_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RECOVERY_AIRFLOW_TOKEN", "t")
        settings.cache_clear()
        assert sign_in.credentials(ask=False).token == "t"
        assert sign_in.credentials("alice", ask=False).token is None

    def test_secrets_are_not_shown(self) -> None:
        assert "from-the-file" not in repr(sign_in.credentials("alice", ask=False))


def test_a_run_may_choose_its_recovery_point() -> None:
    """A point for all servers, and snapshots of single ones; what is neither is refused before it is sent."""
    one, snapshot = f"s-{1:017}", f"pit-{1:017}"
    request = command.Request("web_shop", recovery_point="before start", snapshots=(f"{one}={snapshot}",))
    assert request.params() == {
        "execution_type": "DRILL",
        "recovery_point": "before start",
        "recovery_points": {one: snapshot},
    }
    for wrong in ({"recovery_point": "yesterday"}, {"snapshots": (one,)}, {"snapshots": (f"{one}=latest",)}):
        with pytest.raises(ParamsError):
            command.Request("web_shop", **wrong).params()
