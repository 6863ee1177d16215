"""A plan whose waves are recovered to two accounts and two Regions: each asks, starts and ends in its own."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError

from drs_recovery.engine import finish
from drs_recovery.store.servers import read_servers
from tests.recovery.tasks.checked import SURE, warned
from tests.recovery.tasks.conftest import APP, DB, Drive, plan
from tests.recovery.tasks.sweeping import ALWAYS, Sweep

HERE, THERE = "123456789012", "210987654321"
TRADING = "s-00000000000tra001"
DATABASE = {"name": "Database", "servers": [DB]}
WEB = {
    "name": "Web",
    "servers": {"tags": {"Application": "trading"}},
    "on_failure": "continue",
    "region": "eu-central-1",
    "aws_conn_id": "aws_trading",
}
APPLICATION = {"name": "Application", "servers": [APP]}


@pytest.fixture
def aws(table: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Connections to two accounts, each by a role in it; two of them lead to the same."""
    for name, account in (("aws_trading", THERE), ("aws_traders", THERE), ("aws_home", HERE)):
        extra = f'{{"role_arn": "arn:aws:iam::{account}:role/{name}"}}'
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", f'{{"conn_type": "aws", "extra": {extra}}}')
    return table


def drive_of(*waves: dict[str, Any], conf: dict[str, Any] | None = None, **fields: Any) -> Drive:
    return Drive(plan(*(waves or (DATABASE, WEB, APPLICATION)), **fields), **(conf or {}))


def run(drive: Drive) -> str:
    """Run all tasks, whether or not the waves come to a good end; return the final status."""
    for task_id in [task.task_id for task in drive.dag.topological_sort()][:-1]:
        try:
            drive.execute(task_id)
        except AirflowFailException:
            drive.states[task_id] = "failed"
    try:
        return str(drive.execute("complete_execution"))
    except AirflowFailException:
        return str(drive.record.status)


def regions(aws: Any, operation: str) -> list[str]:
    return [call["region"] for call in aws.control.requests(operation=operation)]


def test_each_wave_is_started_and_watched_in_its_own_account_and_region(aws: Any) -> None:
    """And the record has where each was."""
    drive = drive_of()
    assert run(drive) == "COMPLETED"
    assert regions(aws, "StartRecovery") == ["eu-west-1", "eu-central-1", "eu-west-1"]
    assert set(regions(aws, "DescribeJobLogItems")) == {"eu-west-1", "eu-central-1"}
    waves = [(wave.account_id, wave.region, wave.server_count) for wave in drive.record.waves]
    assert waves == [(HERE, "eu-west-1", 1), (THERE, "eu-central-1", 2), (HERE, "eu-west-1", 1)]
    assert (drive.record.account_id, drive.record.region) == (HERE, "eu-west-1")
    assert warned(drive) == {}
    addresses = [one.private_ip for one in drive.store.run(read_servers(drive.execution_id))]
    assert all(addresses)


def test_r19_a_wave_that_waits_is_watched_by_its_own_connection(aws: Any) -> None:
    """The trigger, in whatever process, asks where the jobs are."""
    aws.control.set_speed("real")
    drive = drive_of(WEB)
    drive.execute("open_execution")
    drive.execute("web.start_recovery")
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute("web.wait_for_recovery")
    _, arguments = deferred.value.trigger.serialize()
    assert (arguments["aws_conn_id"], arguments["region_name"]) == ("aws_trading", "eu-central-1")


def test_the_tags_of_a_wave_select_nothing_of_another_place(aws: Any) -> None:
    """What is there stands in the message; servers of the plan's own account are no candidates."""
    shop = WEB | {"servers": {"tags": {"Application": "web-shop"}}}
    drive = drive_of(DATABASE, shop)
    with pytest.raises(AirflowFailException, match="the values of 'Application' are 'trading'"):
        drive.execute("open_execution")


def test_a1_each_place_is_checked_for_the_waves_that_go_there(aws: Any) -> None:
    """Its problems begin with it; what runs elsewhere uses up none of its quotas."""
    aws.control.set_quotas(serversInAllJobs=1)
    aws.control.deny("drs", "DescribeRecoveryInstances", region="eu-central-1", message="not yours")
    together = [wave | {"depends_on": []} for wave in (DATABASE, WEB)]
    drive = drive_of(*together, conf=SURE)
    drive.execute("open_execution")
    found = warned(drive)
    place = f"account {THERE}, eu-central-1: "
    quota = "the quota of source servers in all jobs (L-05AFA8C6) is 1"
    assert found["quotas"] == f"{place}{quota}; 'Web' needs 2"
    assert found["recovery_instances"].startswith(f"{place}recovery instances cannot be asked for: ")


def test_two_connections_to_one_account_and_region_are_one_place(aws: Any) -> None:
    """Their waves share its quotas: what runs together there is added."""
    aws.control.set_quotas(serversInAllJobs=1)
    waves = [
        WEB | {"name": conn, "servers": [server], "aws_conn_id": conn, "depends_on": []}
        for conn, server in (("aws_trading", TRADING), ("aws_traders", "s-00000000000tra002"))
    ]
    drive = drive_of(*waves, conf=SURE)
    drive.execute("open_execution")
    assert warned(drive)["quotas"].endswith("'aws_trading', 'aws_traders' may run together and need 2")
    assert len(regions(aws, "ListServiceQuotas")) == 1


def test_a_place_that_nobody_can_ask_keeps_a_drill_out(aws: Any) -> None:
    """A drill proves what a recovery would launch."""
    aws.control.deny("drs", "DescribeSourceServers", region="eu-central-1", message="not yours")
    drive = drive_of()
    with pytest.raises(AirflowFailException, match=r"eu-central-1 cannot be asked for: .*not yours"):
        drive.execute("open_execution")
    assert run(drive) == "CANCELLED"


def test_in_a_recovery_the_others_go_on_without_a_place_that_nobody_can_ask(aws: Any) -> None:
    """Its waves fail by their own rules: of tags nobody knows the servers, a listed one may be launched."""
    aws.control.deny("drs", "DescribeSourceServers", region="eu-central-1", message="not yours")
    drive = drive_of(DATABASE, WEB, WEB | {"name": "Listed", "servers": [TRADING]}, APPLICATION, conf=SURE)
    drive.execute("open_execution")
    listed = drive.store.run(read_servers(drive.execution_id, 2))
    assert [(one.source_server_id, "not yours" in str(one.error)) for one in listed] == [(TRADING, True)]
    assert run(drive) == "FAILED"
    assert drive.statuses == ["COMPLETED", "FAILED", "FAILED", "COMPLETED"]
    failures = [str(wave.failure) for wave in drive.record.waves]
    assert failures[1].startswith("Web has no servers on record")
    assert "not yours" in failures[2]


def test_what_passes_is_asked_for_again_before_a_place_is_given_up(aws: Any) -> None:
    """As long as there are tries left: the wave has a right to its servers."""
    aws.control.break_calls("drs", "DescribeSourceServers", region="eu-central-1")
    drive = drive_of(conf=SURE)
    with pytest.raises(ClientError, match="DescribeSourceServers"):
        drive.execute("open_execution")
    drive.execute("open_execution", try_number=4)
    assert [wave.server_count for wave in drive.record.waves] == [1, 0, 1]


def test_where_no_place_can_be_asked_there_is_no_execution(aws: Any) -> None:
    """As with one place."""
    aws.control.deny("drs", "DescribeSourceServers", message="not yours")
    drive = drive_of(conf=SURE)
    with pytest.raises(AirflowFailException, match="not yours"):
        drive.execute("open_execution")
    assert run(drive) == "FAILED"


def test_r50_a_drill_is_cleaned_up_in_each_place(aws: Any) -> None:
    """Its instances are found, terminated and looked for where they are; the record has all of them."""
    drive = drive_of(**ALWAYS)
    run(drive)
    sweep = Sweep(drive)
    sweep.all()
    assert regions(aws, "TerminateRecoveryInstances") == ["eu-west-1", "eu-central-1"]
    assert (sweep.cleanup.status, sweep.cleanup.count, sweep.cleanup.terminated) == ("DONE", 4, 4)
    assert len(sweep.cleanup.job_ids) == 2
    assert sweep.cleanup.job_waves == {sweep.cleanup.job_ids[1]: 1}


def test_a_place_that_cannot_be_reached_keeps_no_other_from_being_cleaned_up(aws: Any) -> None:
    """What it refuses ends the clean-up when the others are done."""
    drive = drive_of(**ALWAYS)
    run(drive)
    aws.control.deny("drs", "TerminateRecoveryInstances", region="eu-west-1", message="not yours")
    sweep = Sweep(drive)
    with pytest.raises(AirflowFailException, match="not yours"):
        sweep.execute("terminate")
    assert regions(aws, "TerminateRecoveryInstances") == ["eu-west-1", "eu-central-1"]
    assert (sweep.cleanup.status, len(sweep.cleanup.job_ids)) == ("FAILED", 1)


def test_a_clean_up_is_watched_place_by_place(aws: Any) -> None:
    """Until each job has ended; then nothing is waited for."""
    drive = drive_of(**ALWAYS)
    run(drive)
    aws.control.set_speed("real")
    sweep = Sweep(drive)
    sweep.execute("approve")
    sweep.execute("terminate")
    first = sweep.park("wait_for_termination").trigger.serialize()[1]
    assert (first["region_name"], first["job_ids"]) == ("eu-west-1", [sweep.cleanup.job_ids[0]])
    aws.control.set_speed("immediate")
    assert sweep.resume("wait_for_termination", {"status": "success", "message": ""}) is None


def test_a_new_attempt_asks_where_the_jobs_of_the_last_one_ran(aws: Any) -> None:
    """And starts what is left there."""
    aws.control.fail_server(TRADING, times=1)
    drive = drive_of(DATABASE, WEB)
    assert run(drive) == "FAILED"
    drive.clear()
    for name in ("approve", "start_recovery", "wait_for_recovery"):
        drive.execute(f"web.{name}")
    assert drive.execute("complete_execution") == "COMPLETED"
    assert regions(aws, "StartRecovery") == ["eu-west-1", "eu-central-1", "eu-central-1"]


def test_a_job_whose_answer_was_lost_is_looked_for_where_its_wave_was_started(
    aws: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also by the task that ends the execution, when nobody else is left to."""
    monkeypatch.setattr(finish, "PATIENCE", 0)
    drive = drive_of(DATABASE, WEB)
    drive.execute("open_execution")
    drive.wave("database")
    aws.control.drop("drs", "StartRecovery", after=True, region="eu-central-1")
    aws.control.break_calls("drs", "DescribeJobs", region="eu-central-1")
    with pytest.raises(TaskDeferred):
        drive.execute("web.start_recovery")
    aws.control.clear_faults()
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    assert len(drive.record.waves[1].job_ids) == 1
