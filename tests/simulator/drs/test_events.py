"""DRS tells EventBridge what happens, in the detail types and members of its user guide's sample events."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import pytest

from tests.simulator.drs.cases import EC2_ORIGIN
from tests.simulator.drs.cases_launches import ACTION
from tests.simulator.drs.replicating import HOUR, NEW

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"
PLACE = "eu-west-1:123456789012"
SERVER = f"arn:aws:drs:{PLACE}:source-server/"
LAUNCH, STALLED = "DRS Source Server Launch Result", "DRS Source Server Data Replication Stalled Change"
SNAPSHOT, FAILBACK = "DRS PIT Snapshot Taken", "DRS Recovery Instance Failback State Change"
DAY = 24 * HOUR


@pytest.fixture
def subscribe(aws):
    """Give a function that sends events of a pattern to a queue, and returns what lists those that came."""
    events, sqs = aws.client("events"), aws.client("sqs")

    def subscribed(**pattern):
        queue = sqs.create_queue(QueueName="told")["QueueUrl"]
        events.put_rule(Name="told", EventPattern=json.dumps({"source": ["aws.drs"]} | pattern))
        target = {"Id": "queue", "Arn": "arn:aws:sqs:eu-west-1:123456789012:told"}
        events.put_targets(Rule="told", Targets=[target])

        def came():
            reported = []
            while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
                reported += [json.loads(message["Body"]) for message in messages]
                for message in messages:
                    sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            return reported

        return came

    return subscribed


def _results(reported):
    return {event["resources"][0].removeprefix(SERVER): event["detail"] for event in reported}


@pytest.mark.parametrize("is_drill", [True, False])
def test_each_launch_has_a_result(local_aws, subscribe, launch, is_drill):
    """RECOVERY_LAUNCH_SUCCEEDED or _FAILED, with the job and whether it is a drill, once."""
    came = subscribe(**{"detail-type": [LAUNCH]})
    local_aws.control.fail_server(DB2)
    job = launch(DB1, DB2, is_drill=is_drill)
    reported = came()
    about = {"job-id": job["jobID"], "is-drill": "TRUE" if is_drill else "FALSE"}
    assert _results(reported) == {
        DB1: {"state": "RECOVERY_LAUNCH_SUCCEEDED"} | about,
        DB2: {"state": "RECOVERY_LAUNCH_FAILED"} | about,
    }
    assert {(e["source"], e["account"], e["region"]) for e in reported} == {
        ("aws.drs", "123456789012", "eu-west-1")
    }
    assert came() == []


def test_many_events_are_reported_one_look_after_the_other(subscribe, launch, monkeypatch):
    """However little time one look has for sending, none is lost, and none is shown twice."""
    monkeypatch.setattr("drs_simulator.drs.events.PATIENCE", 0)
    came = subscribe(detail={"state": [{"prefix": "RECOVERY"}]})
    launch(DB1, DB2)
    assert sorted(_results(came())) == [DB1, DB2]
    assert came() == []


def test_a_result_is_dated_when_the_launch_ended(subscribe, launch, look, let_pass):
    """It is shown late, when somebody looks, with the date of what happened; and none before it happens."""
    came = subscribe(**{"detail-type": [LAUNCH]})
    job = launch(DB1)
    let_pass(60)
    assert came() == []
    let_pass(DAY)
    (event,) = came()
    ended = datetime.fromisoformat(look(job)["endDateTime"])
    assert abs(datetime.fromisoformat(event["time"]) - ended) <= timedelta(seconds=2)


def test_a_launch_that_is_marked_as_failed_later_has_a_second_result(
    local_aws, drs, subscribe, launch, let_pass
):
    """An action that is not optional fails after the job's end: the launch had succeeded, and has failed."""
    came = subscribe(**{"detail-type": [LAUNCH]})
    drs.update_launch_configuration(sourceServerID=DB1, postLaunchEnabled=True)
    drs.put_launch_action(resourceId=DB1, **ACTION | {"optional": False})
    local_aws.control.fail_actions(DB1)
    launch(DB1)
    reported = []
    for _ in range(40):
        let_pass(60)
        reported += [event["detail"]["state"] for event in came()]
    assert reported == ["RECOVERY_LAUNCH_SUCCEEDED", "RECOVERY_LAUNCH_FAILED"]


def test_a_server_that_never_came_to_its_launch_has_no_result(local_aws, subscribe, launch, look):
    """Its status stays PENDING: there was no launch to tell of."""
    came = subscribe(**{"detail-type": [LAUNCH]})
    local_aws.control.leave_server_pending(DB1)
    assert look(launch(DB1))["status"] == "COMPLETED"
    assert came() == []


def test_a_rule_is_given_nothing_of_what_was_before_it(subscribe, launch, look):
    """EventBridge matches an event when it comes; there is no memory."""
    look(launch(DB1))
    came = subscribe()
    assert came() == []
    look(launch(DB2))
    assert DB2 in _results(came())


def test_replication_that_stalls_is_reported_and_when_it_stalls_no_more(
    local_aws, subscribe, seen, add, let_pass
):
    """STALLED, then NOT_STALLED when it catches up; a server that is PAUSED is none of these."""
    add()
    came = subscribe(**{"detail-type": [STALLED]})
    fault = local_aws.control.stall_server(NEW)
    assert [(event["resources"], event["detail"]) for event in came()] == [
        ([SERVER + NEW], {"state": "STALLED"})
    ]
    let_pass(HOUR)
    assert came() == []
    local_aws.control.remove_fault(fault)
    assert seen()["dataReplicationState"] == "BACKLOG"
    assert [event["detail"] for event in came()] == [{"state": "NOT_STALLED"}]
    let_pass(2 * HOUR)
    assert came() == []


def test_a_server_that_stalled_before_the_rule_is_reported_when_it_is_mended(local_aws, subscribe, add):
    """It is the change that is shown, as it was before anybody listened."""
    add()
    fault = local_aws.control.stall_server(NEW)
    came = subscribe(**{"detail-type": [STALLED]})
    assert came() == []
    local_aws.control.remove_fault(fault)
    assert [event["detail"] for event in came()] == [{"state": "NOT_STALLED"}]


def test_each_snapshot_is_reported_with_its_ids(drs, subscribe, add, let_pass):
    """DrsSnapshotID and EbsSnapshotIDs are those that DescribeRecoverySnapshots shows."""
    add(disks_gib=(50, 500))
    came = subscribe(**{"detail-type": [SNAPSHOT], "resources": [SERVER + NEW]})
    let_pass(1200)
    taken = [s for s in drs.describe_recovery_snapshots(sourceServerID=NEW)["items"] if "timestamp" in s][-2:]
    assert [event["detail"] for event in came()] == [
        {"DrsSnapshotID": s["snapshotID"], "EbsSnapshotIDs": ",".join(s["ebsSnapshots"])} for s in taken
    ]
    let_pass(30 * DAY)
    assert 35 <= len(came()) <= 37


@pytest.mark.parametrize("end", ["FAILBACK_COMPLETED", "FAILBACK_ERROR"])
def test_a_failback_is_known_from_its_beginning_to_its_end(aws, subscribe, end):
    """In progress with the replication back, and again with the launch; then completed, or in error."""
    aws.client("drs", region="eu-central-1").initialize_service()
    aws.add_server()
    instance_id = aws.launched(EC2_ORIGIN)
    came = subscribe(**{"detail-type": [FAILBACK]})
    aws.drs.reverse_replication(recoveryInstanceID=instance_id)
    if end == "FAILBACK_ERROR":
        aws.control.fail_server(EC2_ORIGIN)
    aws.drs.start_failback_launch(recoveryInstanceIDs=[instance_id])
    reported = came()
    assert [event["detail"]["state"] for event in reported] == [
        "FAILBACK_IN_PROGRESS",
        "FAILBACK_IN_PROGRESS",
        end,
    ]
    assert {event["resources"][0] for event in reported} == {
        f"arn:aws:drs:{PLACE}:recovery-instance/{instance_id}"
    }


def test_other_targets_hear_as_moto_delivers(aws, subscribe, launch):
    """CloudWatch Logs hears it; a target that moto cannot deliver to keeps it from nobody."""
    came = subscribe(**{"detail-type": [LAUNCH]})
    logs, events = aws.client("logs"), aws.client("events")
    logs.create_log_group(logGroupName="drs")
    arns = {
        "lost": "arn:aws:sns:eu-west-1:123456789012:lost",
        "log": "arn:aws:logs:eu-west-1:123456789012:log-group:drs",
    }
    for name, arn in arns.items():
        events.put_rule(Name=name, EventPattern=json.dumps({"detail": {"state": [{"prefix": "RECOVERY"}]}}))
        events.put_targets(Rule=name, Targets=[{"Id": name, "Arn": arn}])
    launch(DB1)
    assert len(came()) == 1
    assert [
        json.loads(e["message"])["detail-type"] for e in logs.filter_log_events(logGroupName="drs")["events"]
    ] == [LAUNCH]


def test_a_rule_that_is_off_or_only_a_schedule_hears_nothing(aws, subscribe, launch):
    """Events go to rules with a pattern that are ENABLED."""
    came, events = subscribe(**{"detail-type": [LAUNCH]}), aws.client("events")
    events.disable_rule(Name="told")
    events.put_rule(Name="each", ScheduleExpression="rate(1 day)")
    queue = {"Id": "q", "Arn": "arn:aws:sqs:eu-west-1:123456789012:told"}
    events.put_targets(Rule="each", Targets=[queue])
    launch(DB1)
    assert came() == []
