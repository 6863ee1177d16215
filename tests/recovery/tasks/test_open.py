"""`open_execution`: the record first, a frozen plan, and a refusal or failure that is always on record."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.dag.builder import build_dag
from drs_recovery.dag.outdated import Outdated
from drs_recovery.errors import RecordUnavailable
from drs_recovery.plan import Plan
from drs_recovery.settings import settings
from drs_recovery.store.frozen import read_plan
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.conftest import DB, Drive, plan


def test_r17_all_waves_are_on_record_before_anything_starts(table: Any, starts: Any) -> None:
    """The record holds every wave, PENDING, with its servers, and DRS has been asked for nothing."""
    drive = Drive(plan(), reason="rehearsal")
    drive.execute("open_execution")
    assert drive.statuses == ["PENDING", "PENDING"]
    assert (drive.record.status, drive.record.total_waves) == ("PENDING", 2)
    assert [wave.server_count for wave in drive.record.waves] == [1, 1]
    assert {server.hostname for server in drive.store.run(read_servers(drive.execution_id))} == {
        "db-1.shop.example",
        "app-1.shop.example",
    }
    assert starts() == 0


@pytest.mark.parametrize("task", ["open_execution", "complete_execution"])
@pytest.mark.parametrize("run_id", ["a%b", "../../x"])
def test_a_run_whose_id_can_stand_on_no_record_fails_in_a_sentence(
    table: Any, run_id: str, task: str
) -> None:
    """At once, whichever task comes first, and nothing is put on record."""
    drive = Drive(plan(), run_id=run_id)
    with pytest.raises(AirflowFailException, match=f"^'{re.escape(run_id)}' is the run id of no execution: "):
        drive.execute(task)
    assert table.client("dynamodb").scan(TableName=settings().table)["Items"] == []


def test_r31_the_account_is_on_record_with_the_region(table: Any) -> None:
    """Account and Region are part of a job's identity: whoever reads the record knows where to look."""
    drive = Drive(plan())
    drive.execute("open_execution")
    assert (drive.record.account_id, drive.record.region) == ("123456789012", "eu-west-1")


def test_an_account_that_nobody_knows_keeps_no_execution_from_opening(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STS does not answer: the record goes without the account, and the recovery goes on."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:1")
    drive = Drive(plan())
    drive.execute("open_execution")
    assert drive.record.account_id is None
    assert [wave.server_count for wave in drive.record.waves] == [1, 1]


def test_opening_twice_is_opening_once(table: Any) -> None:
    """A retried task finds the execution open, and adds no event."""
    drive = Drive(plan())
    assert drive.execute("open_execution") == drive.execute("open_execution", try_number=2)
    assert [event.type for event in drive.store.run(read_events(drive.execution_id))].count("OPENED") == 1


def test_an_execution_of_a_last_good_version_says_so(table: Any) -> None:
    """Its trail has that the file was broken; its hash and its frozen plan are those of what ran."""
    good = plan()
    drive = Drive(good)
    drive.dag = build_dag(good, outdated=Outdated("2026-11-25 02:11:00 UTC", "shop.yaml:1:1: empty"))
    drive.execute("open_execution")
    (opened,) = (
        event for event in drive.store.run(read_events(drive.execution_id)) if event.type == "OPENED"
    )
    assert "cannot be read since 2026-11-25 02:11:00 UTC; its last good version runs" in opened.detail
    assert drive.record.plan_hash == good.hash


def test_r39_tags_are_resolved_when_the_execution_opens(table: Any) -> None:
    """A server that got the tag after the plan was written is recovered, and later changes are not."""
    drs = table.client("drs")
    drive = Drive(plan({"name": "Web", "servers": {"tags": {"Tier": "web"}}}))
    (files,) = drs.describe_source_servers(filters={"sourceServerIDs": ["s-00000000000fil001"]})["items"]
    drs.tag_resource(resourceArn=files["arn"], tags={"Tier": "web"})
    drive.execute("open_execution")
    drs.untag_resource(resourceArn=files["arn"], tagKeys=["Tier"])
    servers = [server.source_server_id for server in drive.store.run(read_servers(drive.execution_id))]
    assert "s-00000000000fil001" in servers
    assert len(servers) == 5


@pytest.mark.parametrize(
    ("conf", "run_type", "text"),
    [
        ({"execution_type": "RECOVERY"}, "manual", "confirm"),
        ({"execution_type": "RECOVERY", "confirm": "other"}, "manual", "'other'"),
        ({"execution_type": "RECOVERY", "confirm": "shop"}, "scheduled", "manual"),
        ({"execution_type": "RECOVERY", "confirm": "shop"}, "backfill", "manual"),
        ({"execution_type": "RECOVERY", "confirm": "shop"}, "operator_triggered", "no other DAG decides"),
        ({"execution_type": "RECOVERY", "confirm": "shop", "approvals": "none"}, "manual", "approvals"),
        ({"execution_typ": "RECOVERY"}, "manual", "execution_typ"),
        ({"execution_type": "DRILL", "confirm": "shop"}, "manual", "confirm"),
    ],
    ids=[
        "unconfirmed",
        "wrong plan",
        "scheduled",
        "backfill",
        "by another DAG",
        "no approvals",
        "misspelt",
        "confirmed drill",
    ],
)
def test_a_refused_request_is_cancelled_on_record(
    table: Any, starts: Any, conf: dict[str, str], run_type: str, text: str
) -> None:
    """Nothing starts, the plan stays free, and the auditor sees who tried what."""
    drive = Drive(plan(), run_type=run_type, **conf)
    with pytest.raises(AirflowFailException, match=text):
        drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    assert drive.record.failure.kind == "REFUSED"
    assert text in drive.record.outcome
    assert drive.statuses == ["SKIPPED", "SKIPPED"]
    assert starts() == 0
    Drive(plan(), run_id="manual__2").execute("open_execution")


def test_a_late_scheduled_drill_does_not_start(table: Any) -> None:
    """Airflow runs a missed slot at once when a DAG first appears; a manual run is never late."""
    drive = Drive(plan(), run_type="scheduled")
    drive.run.run_after = datetime.now(UTC) - timedelta(hours=3)
    with pytest.raises(AirflowFailException, match="late"):
        drive.execute("open_execution")
    manual = Drive(plan(), run_id="manual__2")
    manual.run.run_after = drive.run.run_after
    manual.execute("open_execution")


@pytest.mark.parametrize(
    ("run_type", "conf", "fields", "expected"),
    [
        ("manual", {}, {}, [False, True]),
        ("manual", {"approvals": "every_wave"}, {}, [True, True]),
        ("manual", {"approvals": "none"}, {}, [False, False]),
        ("scheduled", {}, {}, [False, False]),
        ("scheduled", {}, {"drill_approvals": "as_planned"}, [False, True]),
    ],
)
def test_gates_that_are_due_are_frozen_in_the_record(
    table: Any, run_type: str, conf: dict[str, str], fields: dict[str, str], expected: list[bool]
) -> None:
    """Whether a gate is due is decided once, from the plan, the params and the kind of run."""
    drive = Drive(plan(**fields), run_type=run_type, **conf)
    drive.execute("open_execution")
    assert [wave.pause_before_wave for wave in drive.record.waves] == expected


def test_r64_the_execution_keeps_its_plan(table: Any) -> None:
    """Name, hash and the whole plan are on record: a deleted file takes no history along."""
    drive = Drive(plan())
    drive.execute("open_execution")
    assert (drive.record.plan_name, drive.record.plan_hash) == ("Shop", drive.plan.hash)
    assert Plan.load(drive.store.run(read_plan(drive.execution_id))) == drive.plan


def test_a_second_execution_is_refused_with_the_name_of_the_holder(table: Any) -> None:
    """One active execution per plan; the refused one ends CANCELLED and leaves the holder's lock alone."""
    first, second = Drive(plan()), Drive(plan(), run_id="manual__2")
    first.execute("open_execution")
    with pytest.raises(AirflowFailException, match=first.execution_id):
        second.execute("open_execution")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        second.execute("complete_execution")
    third = Drive(plan(), run_id="manual__3")
    with pytest.raises(AirflowFailException, match=first.execution_id):
        third.execute("open_execution")


@pytest.mark.parametrize(
    ("wave", "region", "text"),
    [
        ({"name": "None", "servers": {"tags": {"Tier": "cache"}}}, "eu-west-1", "cache"),
        ({"name": "Database", "servers": [DB]}, "us-west-2", "UninitializedAccountException"),
    ],
    ids=["tag matches nothing", "account not initialised"],
)
def test_what_cannot_be_resolved_is_failed_with_the_reason(
    table: Any, wave: dict[str, Any], region: str, text: str
) -> None:
    """FAILED at once, and AWS's message or ours is in the record."""
    drive = Drive(plan(wave, region=region))
    with pytest.raises(AirflowFailException, match=text):
        drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="FAILED"):
        drive.execute("complete_execution")
    assert text in drive.record.failure.message
    assert text in drive.record.outcome


def test_an_unreachable_drs_is_retried_and_on_record_at_the_last_try(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task fails with the endpoint's name; only the last try makes it the execution's failure."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DRS", "http://127.0.0.1:1")
    drive = Drive(plan())
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1") as first:
        drive.execute("open_execution")
    assert not isinstance(first.value, AirflowFailException)
    assert drive.record.failure is None
    with pytest.raises(AirflowFailException, match=r"127\.0\.0\.1:1"):
        drive.execute("open_execution", try_number=4)
    assert "127.0.0.1:1" in drive.record.failure.message


def test_an_unreachable_table_is_named_and_retried(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB away: the task is retried, with table and endpoint named."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    with pytest.raises(RecordUnavailable, match=r"recovery-executions.*127\.0\.0\.1:1"):
        Drive(plan()).execute("open_execution")
