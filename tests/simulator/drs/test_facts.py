"""Facts of DRS that no single operation is about."""

from __future__ import annotations

import re

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.simulator.drs.cases import DB1, DB2

SEVENTEEN = "[0-9a-zA-Z]{17}"


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("source-server", f"s-{SEVENTEEN}"),
        ("job", f"drsjob-{SEVENTEEN}"),
        ("recovery-instance", r"i-[0-9a-f]{17}"),
    ],
)
def test_ids_and_arns_have_the_form_of_drs(aws, kind, pattern):
    """``arn:aws:drs:<region>:<account>:<kind>/<id>``."""
    aws.launched()
    described = {
        "source-server": aws.server,
        "job": lambda: aws.drs.describe_jobs()["items"][0],
        "recovery-instance": lambda: aws.instances()[DB1],
    }[kind]()
    assert re.fullmatch(f"arn:aws:drs:eu-west-1:123456789012:{kind}/{pattern}", described["arn"])


EXPECTED = r"\d{4}-\d\d-\d\dT\d\d:\d0:00\+00:00"
"""When a snapshot is expected, recorded: on whole ten minutes, without microseconds."""


def test_snapshots_have_the_ids_of_drs(aws):
    """``pit-`` and seventeen characters; those of EBS are there once it is taken."""
    snapshots = aws.drs.describe_recovery_snapshots(sourceServerID=DB1)["items"]
    assert all(re.fullmatch(f"pit-{SEVENTEEN}", snapshot["snapshotID"]) for snapshot in snapshots)
    assert {"timestamp" in s for s in snapshots} == {True, False}
    assert all(re.fullmatch(EXPECTED, snapshot["expectedTimestamp"]) for snapshot in snapshots)
    assert all(bool(s["ebsSnapshots"]) == ("timestamp" in s) for s in snapshots)


def _dates(value):
    if isinstance(value, dict):
        for key, member in value.items():
            is_date = isinstance(member, str) and key.lower().endswith(("datetime", "timestamp"))
            is_date = is_date and key != "expectedTimestamp"
            yield from [member] if is_date else _dates(member)
    elif isinstance(value, list):
        for item in value:
            yield from _dates(item)


def test_times_have_microseconds_and_end_as_recorded(aws):
    """Of servers, jobs, log items, instances and snapshots: no recorded answer ends in the model's ``Z``.

    When a snapshot is expected is recorded in whole seconds.
    """
    aws.launched()
    job = aws.drs.describe_jobs()["items"][0]
    answers = [
        aws.server(),
        job,
        aws.drs.describe_job_log_items(jobID=job["jobID"])["items"],
        aws.instances(),
        aws.drs.describe_recovery_snapshots(sourceServerID=DB1)["items"],
    ]
    for answer in answers:
        dates = list(_dates(answer))
        assert dates
        assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", date) for date in dates)


def test_a_job_started_without_tags_is_answered_with_one_of_drs(aws):
    """Recorded of StartRecovery: ``resourceArn``, the job's own; DescribeJobs has none (decided here)."""
    aws.hold_time()
    untagged, tagged = aws.start(DB1), aws.start(DB2, tags={"Run": "1"})
    assert (untagged["tags"], tagged["tags"]) == ({"resourceArn": untagged["arn"]}, {"Run": "1"})
    reported = {job["jobID"]: job["tags"] for job in aws.drs.describe_jobs()["items"]}
    assert reported == {untagged["jobID"]: {}, tagged["jobID"]: {"Run": "1"}}


def test_r15a_start_recovery_is_not_idempotent(aws):
    """The same request twice is two jobs; tags are how to find one's own."""
    first = aws.start(DB1, tags={"key": "same"})["jobID"]
    aws.let_pass()
    second = aws.start(DB1, tags={"key": "same"})["jobID"]
    assert first != second
    assert aws.jobs() == [second, first]


@pytest.mark.parametrize(
    ("error", "attempts"),
    [
        ("ThrottlingException", 3),
        ("InternalServerException", 3),
        ("ConflictException", 1),
        ("ServiceQuotaExceededException", 1),
    ],
)
def test_botocore_retries_429_and_500_and_never_409_or_402(local_aws, aws, error, attempts):
    """Also StartRecovery, though it is not idempotent; in its modes standard and adaptive, three times."""
    local_aws.control.set_speed("manual")
    if error == "ConflictException":
        aws.start(DB1)
    elif error == "ServiceQuotaExceededException":
        local_aws.control.set_quotas(concurrentJobs=0)
    else:
        local_aws.control.add_faults(
            {"calls": [{"effect": "throttle" if error[0] == "T" else "server_error", "retryAfterSeconds": 0}]}
        )
    local_aws.control.clear_requests()
    client = local_aws.client("drs", config=Config(retries={"mode": "standard"}))
    with pytest.raises(ClientError) as refused:
        client.start_recovery(sourceServers=[{"sourceServerID": DB1}])
    assert refused.value.response["Error"]["Code"] == error
    assert [r["error"] for r in local_aws.control.requests()] == [error] * attempts


def test_a_running_termination_counts_as_a_job(aws):
    """R-02: of the quota of jobs it takes one, as a launch does."""
    instance_id = aws.launched()
    aws.hold_time()
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])
    aws.control.set_quotas(concurrentJobs=1)
    with pytest.raises(aws.drs.exceptions.ServiceQuotaExceededException):
        aws.start(DB2)


def test_a_terminated_server_is_reported_while_its_job_goes_on(aws):
    """``launchStatus`` becomes TERMINATED; the list is empty only when the job is COMPLETED."""
    ids = [aws.launched(server_id) for server_id in (DB1, DB2)]
    aws.hold_time()
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=ids)
    seen = []
    while (job := aws.drs.describe_jobs()["items"][0])["status"] != "COMPLETED":
        seen += [server["launchStatus"] for server in job["participatingServers"]]
        aws.let_pass(1)
    assert list(dict.fromkeys(seen)) == ["PENDING", "TERMINATED"]
    assert job["participatingServers"] == []


def test_r25_a_server_launched_to_be_stopped_is_a_success(aws):
    """With launchDisposition STOPPED the server is LAUNCHED, and its instance STOPPED."""
    aws.drs.update_launch_configuration(sourceServerID=DB1, launchDisposition="STOPPED")
    instance_id = aws.launched()
    (server,) = aws.drs.describe_jobs()["items"][0]["participatingServers"]
    assert (server["launchStatus"], aws.instances()[DB1]["ec2InstanceState"]) == ("LAUNCHED", "STOPPED")
    assert aws.ec2_instance(instance_id)["State"]["Name"] == "stopped"


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("describe_recovery_snapshots", {"sourceServerID": DB1}),
        ("describe_recovery_instances", {}),
        ("describe_job_log_items", {"jobID": None}),
    ],
)
def test_pages_of_everything_are_complete_and_in_order(aws, operation, parameters):
    """One at a time gives what all at once gives."""
    for server_id in (DB1, DB2):
        aws.launched(server_id)
    if "jobID" in parameters:
        parameters = {"jobID": aws.jobs()[0]}
    whole = getattr(aws.drs, operation)(**parameters)["items"]
    pages = aws.drs.get_paginator(operation).paginate(**parameters, PaginationConfig={"PageSize": 1})
    paged = [page["items"] for page in pages]
    assert len(whole) > 1
    assert [len(items) for items in paged] == [1] * len(whole)
    assert [item for items in paged for item in items] == whole
