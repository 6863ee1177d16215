"""Where the preflight asks, and what becomes of an execution when it gets no answer."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import ClientError

from tests.recovery.tasks.checked import ONE, SURE, WARN, add, details_of, refused, warned
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan


def asked(table: Any, operation: str) -> list[tuple[str, str]]:
    """Return Region and access key of each request."""
    return [(call["region"], call["accessKey"]) for call in table.control.requests(operation=operation)]


def test_a1_quotas_and_jobs_are_asked_for_in_the_plan_s_account_and_region(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where Airflow or the table is: by the plan's connection, in the plan's Region."""
    extra = '{"aws_access_key_id": "another", "aws_secret_access_key": "secret"}'
    monkeypatch.setenv("AIRFLOW_CONN_OTHER", f'{{"conn_type": "aws", "extra": {extra}}}')
    add("s-00000000000new001", region="us-west-2")
    wave = {"name": "West", "servers": ["s-00000000000new001"]}
    drive = Drive(plan(wave, region="us-west-2", aws_conn_id="other"))
    drive.execute("open_execution")
    for operation in ("ListServiceQuotas", "DescribeJobs", "DescribeRecoveryInstances"):
        assert asked(table, operation) == [("us-west-2", "another")], operation


def test_a2_waves_that_never_run_together_are_not_added(table: Any) -> None:
    """Three servers at once are too many here; one after the other they fit."""
    table.control.set_quotas(serversInAllJobs=2)
    row = [{"name": name, "servers": [server]} for name, server in (("A", DB), ("B", APP), ("C", WEB))]
    drive = Drive(plan(*row))
    drive.execute("open_execution")
    assert warned(drive) == {}
    at_once = plan(*[wave | {"depends_on": []} for wave in row], id="at_once")
    assert "'A', 'B', 'C' may run together and need 3" in refused(Drive(at_once))


@pytest.mark.parametrize(
    ("service", "operation", "check"),
    [
        ("service-quotas", "ListServiceQuotas", "quotas"),
        ("drs", "DescribeJobs", "active_jobs"),
        ("drs", "DescribeRecoveryInstances", "recovery_instances"),
    ],
)
def test_a3_a_check_that_is_refused_does_not_pass(
    table: Any, service: str, operation: str, check: str
) -> None:
    """It blocks where the plan wants it, at once, in AWS's words; else it warns with them."""
    table.control.deny(service, operation, message="you may not look")
    assert "you may not look" in refused(Drive(plan(preflight=WARN | {check: "block"})))
    lenient = Drive(plan(preflight=WARN, id="lenient"))
    lenient.execute("open_execution")
    assert "you may not look" in warned(lenient)[check]


def test_a3_an_unreachable_service_quotas_keeps_no_recovery_out(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It warns, with the address; a drill asks again, and is refused by the last try."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SERVICE_QUOTAS", "http://127.0.0.1:1")
    real = Drive(plan(), run_id="manual__2", **SURE)
    real.execute("open_execution")
    assert "127.0.0.1:1" in warned(real)["quotas"]
    assert "taken are the values that AWS publishes: 20 concurrent jobs" in warned(real)["quotas"]
    drill = Drive(plan(id="drill"))
    with pytest.raises(Exception, match=r"127\.0\.0\.1:1") as first:
        drill.execute("open_execution")
    assert not isinstance(first.value, AirflowFailException)
    assert (drill.record.failure, details_of(drill)) == (None, [])
    with pytest.raises(AirflowFailException, match=r"127\.0\.0\.1:1"):
        drill.execute("open_execution", try_number=4)
    assert drill.record.failure.kind == "REFUSED"


def test_a_check_that_blocks_is_made_again_when_its_trouble_has_passed(table: Any) -> None:
    """Throttled once, a drill is not refused: Airflow retries the task, which finds all well."""
    table.control.throttle("service-quotas", "ListServiceQuotas", times=1)
    drive = Drive(plan())
    with pytest.raises(ClientError, match="TooManyRequests"):
        drive.execute("open_execution")
    drive.execute("open_execution", try_number=2)
    assert details_of(drive) == ["no check found a problem"]


def test_what_was_found_is_kept_though_the_task_is_run_again(table: Any) -> None:
    """The record keeps the warnings of the start, and the trail has them once."""
    table.control.stall_server(DB, seconds=60)
    drive = Drive(plan(ONE))
    drive.execute("open_execution")
    table.control.clear_faults()
    drive.execute("open_execution", try_number=2)
    assert list(warned(drive)) == ["replication"]
    assert len(details_of(drive)) == 1
