"""Every command says what it did or why not, as people and as programs read it, with an exit code."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

import pytest

from drs_recovery.cli.app import run
from drs_recovery.record.enums import Approvals, ExecutionType
from drs_recovery.record.models import execution_id
from drs_recovery.record.params import RunParams
from drs_recovery.settings import settings
from drs_recovery.store.changes import put_beside
from drs_recovery.store.fitting import fitted
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import marshal
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW, document, recovery

if TYPE_CHECKING:
    from drs_recovery.store.store import ExecutionStore

ROOT = Path(__file__).parents[3]
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def test_list_shows_the_newest_first(story: Any) -> None:
    old, new = story().to_the_end(), story().freeze()
    lines = recovery("list").stdout.splitlines()
    assert lines[1].startswith(new.id[:8])
    assert "PENDING" in lines[1]
    assert lines[2].startswith(old.id[:8])
    assert "COMPLETED" in lines[2]
    ids = [item["executionId"] for item in document("list")["executions"]]
    assert ids == [new.id, old.id]


def test_list_tells_what_it_passed_over(story: Any) -> None:
    """Beside the document, which holds what could be read."""
    good, bad = story(), story()
    key = {"executionId": {"S": bad.id}, "item": {"S": "EXECUTION"}}
    spoil = {":kind": {"S": "REHEARSAL"}}
    bad.client.update_item(
        TableName=bad.table,
        Key=key,
        UpdateExpression="SET executionType = :kind",
        ExpressionAttributeValues=spoil,
    )
    assert "REHEARSAL" in recovery("list").stdout
    assert [item["executionId"] for item in document("list", "--limit", "1")["executions"]] == [good.id]


def test_list_takes_a_plan_and_a_limit(story: Any) -> None:
    story()
    newest = story()
    (item,) = document("list", "web_shop", "--limit", "1")["executions"]
    assert item["executionId"] == newest.id
    assert document("list", "payroll") == {"executions": []}
    assert "No execution of 'payroll' is on record" in recovery("list", "payroll").stdout


def test_show_takes_an_id_its_beginning_or_a_plan(story: Any) -> None:
    old, new = story().to_the_end(), story()
    for named, expected in ((old.id, old), (old.id.upper(), old), (old.id[:8], old), ("web_shop", new)):
        assert document("show", named)["executionId"] == expected.id


def test_show_json_is_the_record(story: Any, local_aws: Any) -> None:
    """Scripts see the very attributes that DynamoDB holds, with their types."""
    reported = story().to_the_end()
    shown = document("show", reported.id)
    key = {"executionId": {"S": reported.id}, "item": {"S": "EXECUTION"}}
    item = local_aws.client("dynamodb").get_item(TableName="recovery-executions", Key=key)["Item"]
    assert shown["execution"]["outcome"] == item["outcome"]["S"]
    assert shown["execution"]["totalWaves"] == 3
    assert shown["plan"]["name"] == "Web shop"
    assert [server["launchStatus"] for server in shown["servers"]] == ["LAUNCHED"] * 5
    assert shown["events"][0]["type"] == "OPENED"


def test_show_names_in_full_what_the_record_has_no_room_for(story: Any, local_aws: Any) -> None:
    """Texts that were cut, the servers of each announced job, and the intents of attempts that are over."""
    reported = story().to_the_second_gate().answer(1).launch(1)
    reported.land(1, failed={"s-00000000000app001": "no capacity"}).finish()
    known = reported.store.run(read_execution(reported.id))
    fits = fitted(known.replace(outcome=f"it ended {'badly, ' * 500}"), 0)
    reported.store.run(put_beside(reported.id, fits))
    item = marshal(fits.execution.to_item() | {"item": "EXECUTION"})
    local_aws.client("dynamodb").put_item(TableName="recovery-executions", Item=item)
    assert "shortened" in fits.execution.outcome
    assert document("show", reported.id)["execution"]["outcome"] == f"it ended {'badly, ' * 500}"
    reported.again(1)
    (intent,) = document("show", reported.id)["execution"]["waves"][1]["intents"]
    assert (intent["attempt"], intent["jobId"], len(intent["servers"])) == (1, known.waves[1].job_ids[0], 2)


def test_show_tells_that_a_wave_is_tried_again(story: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which attempt it is, what is launched already, and the trail with the end that was and is no more."""
    monkeypatch.setenv("COLUMNS", "140")
    reported = story().to_the_second_gate().answer(1).launch(1)
    reported.land(1, failed={"s-00000000000app001": "no capacity"}).finish().again(1)
    shown = recovery("show", reported.id).stdout
    (wave,) = [line for line in shown.splitlines() if "AppWave2" in line and "PENDING" in line]
    for texts in ("1 of 2 launched", "attempt 2", "asks for approval first"):
        assert texts in wave
    assert shown.index("EXECUTION_ENDED") < shown.index("ATTEMPT_OPENED")
    assert "it was FAILED" in shown
    assert document("show", reported.id)["execution"]["waves"][1]["attempt"] == 2


def test_a_beginning_of_several_ids_names_them(story: Any) -> None:
    by_beginning: dict[str, str] = {}
    for number in count():
        other = by_beginning.setdefault(execution_id("web_shop", str(number))[:4], str(number))
        if other != str(number):
            break
    first, second = story(other), story(str(number))
    result = recovery("show", first.id[:4])
    assert result.exit_code == 2
    assert first.id in result.stderr
    assert second.id in result.stderr


@pytest.mark.parametrize("named", [UNKNOWN, "no_such_plan", "abcd", "ab"], ids=["id", "plan", "hex", "short"])
@pytest.mark.parametrize("command", ["show", "watch", "approve", "reject"])
def test_a_name_that_means_nothing_is_usage(store: ExecutionStore, command: str, named: str) -> None:
    result = recovery(command, named)
    assert result.exit_code == 2
    assert named in result.stderr


@pytest.mark.parametrize(
    "arguments", [("list",), ("show", "web_shop"), ("watch", UNKNOWN)], ids=lambda it: it[0]
)
def test_a_table_that_is_not_there_is_unreachable_and_names_the_remedy(
    local_aws: Any, arguments: tuple[str, ...]
) -> None:
    result = recovery(*arguments)
    assert result.exit_code == 4
    for word in ("recovery-executions", local_aws.url, "recovery init"):
        assert word in result.stderr


def test_no_region_is_reported_with_its_setting(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    result = recovery("list")
    assert result.exit_code == 4
    assert "RECOVERY_TABLE_REGION" in result.stderr


def test_a_setting_that_cannot_be_read_is_named(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOVERY_POOL_SLOTS", "many")
    settings.cache_clear()
    result = recovery("list")
    assert result.exit_code == 2
    assert "RECOVERY_POOL_SLOTS=many" in result.stderr


def test_errors_are_json_where_json_is_wanted(store: ExecutionStore) -> None:
    error = document("show", UNKNOWN)["error"]
    assert error["kind"] == "ExecutionNotFound"
    assert document("whoami")["error"]["kind"] == "UsageError"
    assert error["exitCode"] == 2
    assert UNKNOWN in error["message"]


AIRFLOW_COMMANDS = [
    ("run", "web_shop", "--user", "alice"),
    ("whoami", "--user", "alice"),
    ("init", "--pool-only", "--user", "admin"),
]


@pytest.mark.parametrize("arguments", AIRFLOW_COMMANDS, ids=lambda it: it[0])
def test_without_airflow_it_is_unreachable_and_names_url_and_remedy(
    store: ExecutionStore, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECOVERY_AIRFLOW_USER", arguments[-1])
    monkeypatch.setenv("RECOVERY_AIRFLOW_PASSWORD", "secret")
    settings.cache_clear()
    result = recovery(*arguments)
    assert result.exit_code == 4
    for word in (NO_AIRFLOW, "make up", "RECOVERY_AIRFLOW_URL"):
        assert word in result.stderr
    assert "secret" not in result.output


@pytest.mark.parametrize(
    "arguments", [("whoami",), ("whoami", "--user", "alice")], ids=["nobody", "no password"]
)
def test_nobody_signed_in_is_usage_where_nobody_can_be_asked(arguments: tuple[str, ...]) -> None:
    result = recovery(*arguments)
    assert result.exit_code == 2
    assert "RECOVERY_AIRFLOW_" in result.stderr


def test_list_and_show_need_no_airflow(story: Any) -> None:
    """What people need during an outage works from the record: nothing listens at Airflow's address."""
    reported = story().to_the_second_gate()
    assert recovery("list").exit_code == 0
    shown = recovery("show", reported.id)
    assert shown.exit_code == 0
    assert "approve web_shop --wave AppWave2" in shown.stdout
    assert NO_AIRFLOW in shown.stdout, "the page where the gate will be answered"


def test_r63_looking_up_asks_dynamodb_only(story: Any, local_aws: Any) -> None:
    """Lists never call DRS."""
    reported = story().to_the_end()
    local_aws.control.clear_requests()
    for arguments in (("list",), ("show", reported.id), ("watch", reported.id)):
        recovery(*arguments)
    asked = {(request["service"], request["operation"]) for request in local_aws.control.requests()}
    assert asked == {("dynamodb", "Query"), ("dynamodb", "GetItem")}


def test_r20_looking_writes_nothing(story: Any, local_aws: Any) -> None:
    reported = story().to_the_second_gate()
    before = local_aws.client("dynamodb").scan(TableName="recovery-executions")["Items"]
    for arguments in (("list",), ("show", reported.id)):
        recovery(*arguments)
    assert local_aws.client("dynamodb").scan(TableName="recovery-executions")["Items"] == before


def test_init_makes_the_table_once(local_aws: Any) -> None:
    first, second = document("init", "--table-only"), document("init", "--table-only")
    assert (first["table"]["done"], second["table"]["done"]) == ("created", "kept")
    assert local_aws.client("dynamodb").list_tables()["TableNames"] == ["recovery-executions"]
    assert "recovery-executions: kept" in recovery("init", "--table-only").stdout


def test_init_of_table_and_pool_only_is_usage(local_aws: Any) -> None:
    result = recovery("init", "--table-only", "--pool-only")
    assert result.exit_code == 2
    assert "exclude each other" in result.stderr


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        (("--type", "RECOVERY"), "confirm"),
        (("--type", "RECOVERY", "--confirm", "payroll"), "'payroll'"),
        (("--type", "RECOVERY", "--confirm", "web_shop", "--approvals", "none"), "approvals"),
        (("--confirm", "web_shop"), "DRILL"),
        (("--type", "RECOVERY", "--confirm", "web_shop", "--approve"), "--reason"),
        (("--approve", "--reason", "ok"), "3 characters"),
    ],
    ids=["no confirm", "other plan", "no gates", "drill", "no reason", "short reason"],
)
def test_a_run_that_may_not_start_is_refused_before_anything_is_sent(
    local_aws: Any, options: tuple[str, ...], texts: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens at Airflow's address: had it been asked, the exit code were 4."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_TOKEN", "t")
    settings.cache_clear()
    result = recovery("run", "web_shop", *options)
    assert result.exit_code == 3
    assert texts in result.stderr


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (("run",), "PLAN"),
        (("run", "web_shop", "--type", "REAL"), "'REAL' is not one of"),
        (("list", "--limit", "0"), "--limit"),
        (("fly",), "fly"),
        (("run", "x", "--approve", "--no-follow"), "leave out --no-follow"),
    ],
    ids=["no plan", "no such type", "no limit", "no command", "contrary options"],
)
def test_a_command_line_that_makes_no_sense_is_usage(arguments: tuple[str, ...], texts: str) -> None:
    """Told by what is wrong with it: nobody is signed in here, which is usage too."""
    result = recovery(*arguments)
    assert result.exit_code == 2
    assert texts in result.stderr


def test_the_choices_are_those_of_a_run() -> None:
    """The command line spells them out, so that its help needs no models; they must not drift."""
    hints = get_type_hints(run)
    assert get_args(hints["execution_type"]) == tuple(ExecutionType)
    assert get_args(get_args(hints["approvals"])[0]) == tuple(Approvals)
    assert hints.keys() >= RunParams.model_fields.keys()
