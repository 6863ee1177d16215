"""What DRS did is dated by its job everywhere, whenever somebody looks.

DRS's log says when a phase began and ended; EC2, Systems Manager and IAM when it made what is there.
That EC2's launch time is the end of the launch, when EC2 here has the instance, is decided here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drs_simulator.clock import clock
from tests.simulator.drs.cases import DB1
from tests.simulator.drs.cases_launches import ACTION

HOURS = 3 * 3_600
SECOND = timedelta(seconds=1)
"""EC2 and IAM tell some dates in whole seconds."""


@pytest.fixture
def look(aws, wait):
    """Give a function that begins again, and one that looks into EC2 after seconds of every clock."""

    def begin():
        aws.control.reset()
        aws.control.set_speed("real")
        aws.drs.update_launch_configuration(sourceServerID=DB1, postLaunchEnabled=True)
        aws.drs.put_launch_action(resourceId=DB1, **ACTION)

    def after(*seconds):
        for passing in seconds:
            wait(passing)
            aws.ec2.describe_instances()

    return begin, after


@pytest.mark.parametrize(
    ("launching", "terminating"),
    [((), ()), ((1, 100, 300, 200), (10, 60)), ((500, 5, 3_000), (1, 3_000))],
    ids=["late", "at the end", "often"],
)
def test_what_a_job_did_is_dated_by_its_log(aws, look, launching, terminating):
    """An instance, its volumes and interfaces, its profile and actions, and its end, by phase."""
    begin, after = look
    begin()
    first = aws.start(DB1)
    after(*launching, HOURS)
    launched, reported = _log(aws, first)["LAUNCH_END"], aws.instances()[DB1]
    instance_id = reported["recoveryInstanceID"]
    dates = {*_dates_in_ec2(aws, instance_id), *_dates_of_profile(aws), _date(_updated(reported))}
    assert [str(launched - date) for date in dates if not timedelta(0) <= launched - date < SECOND] == []
    _check_actions(aws, first, launched)
    ended = aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])["job"]
    after(*terminating, HOURS)
    assert timedelta(0) <= _log(aws, ended)["CLEANUP_END"] - _date_of_end(aws, instance_id) < SECOND
    assert aws.ec2_instance(instance_id)["LaunchTime"] in dates


@pytest.mark.parametrize("looks", [[], [20, 20, 20, 200, 500]], ids=["late", "often"])
def test_what_a_launch_replaces_ends_within_its_clean_up(aws, look, looks):
    """The earlier instance ends when the log says, also one that DRS stopped, and was left by itself."""
    begin, after = look
    begin()
    aws.drs.update_launch_configuration(sourceServerID=DB1, launchDisposition="STOPPED")
    first = aws.start(DB1)
    after(*looks, HOURS)
    earlier = aws.instances()[DB1]["recoveryInstanceID"]
    assert timedelta(0) <= _log(aws, first)["LAUNCH_END"] - _date_of_end(aws, earlier) < SECOND
    second = aws.start(DB1)
    after(*looks, HOURS)
    assert timedelta(0) <= _log(aws, second)["CLEANUP_END"] - _date_of_end(aws, earlier) < SECOND


def test_a_launch_into_an_instance_is_its_start(aws, look, wait):
    """EC2's launch time is that of the last start; its volumes stay as old as they are."""
    begin, after = look
    begin()
    first = aws.start(DB1)
    after(HOURS)
    instance_id = aws.instances()[DB1]["recoveryInstanceID"]
    allowed = {"Key": "AWSDRS", "Value": "AllowLaunchingIntoThisInstance"}
    aws.ec2.create_tags(Resources=[instance_id], Tags=[allowed])
    into = {"launchIntoEC2InstanceID": instance_id}
    aws.drs.update_launch_configuration(sourceServerID=DB1, launchIntoInstanceProperties=into)
    second = aws.start(DB1)
    after(HOURS)
    instance = aws.ec2_instance(instance_id)
    assert _log(aws, second)["LAUNCH_END"] - instance["LaunchTime"] < SECOND
    attached = {mapping["Ebs"]["AttachTime"] for mapping in instance["BlockDeviceMappings"]}
    assert all(_log(aws, first)["LAUNCH_END"] - date < SECOND for date in attached)


@pytest.mark.parametrize("deleted", [False, True])
def test_a_version_that_a_launch_writes_is_dated_by_it(aws, look, template_id, deleted):
    """DRS rewrites a template where it decides otherwise, and makes one again that somebody deleted."""
    begin, after = look
    begin()
    aws.drs.update_launch_configuration(sourceServerID=DB1, targetInstanceTypeRightSizingMethod="BASIC")
    named = aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]
    if deleted:
        aws.ec2.delete_launch_template(LaunchTemplateId=named)
    else:
        data = {"InstanceType": "c5.large"}
        aws.ec2.create_launch_template_version(
            LaunchTemplateId=named, SourceVersion="$Default", LaunchTemplateData=data
        )
        aws.ec2.modify_launch_template(LaunchTemplateId=named, DefaultVersion="$Latest")
    job = aws.start(DB1)
    after(HOURS)
    named = aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]
    versions = aws.ec2.describe_launch_template_versions(LaunchTemplateId=named)["LaunchTemplateVersions"]
    (default,) = [version for version in versions if version["DefaultVersion"]]
    assert timedelta(0) <= _log(aws, job)["LAUNCH_END"] - default["CreateTime"] < SECOND


def test_the_instance_at_the_origin_is_as_old_as_its_server(aws):
    """With its volumes and interfaces, and the launch template here."""
    aws.add_server()
    server = aws.server("s-00000000000ec2001")
    named = server["sourceProperties"]["identificationHints"]["awsInstanceID"]
    added = _date(server["lifeCycle"]["addedToServiceDateTime"])
    there = aws.client("ec2", "eu-central-1")
    assert all(timedelta(0) <= added - date < SECOND for date in _dates_in_ec2(aws, named, there))


def _log(aws, job):
    """Return the dates of a job's events; they are of no other time than the job's."""
    items = aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]
    (seen,) = aws.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    dates = [_date(item["logDateTime"]) for item in items]
    created, ended = _date(seen["creationDateTime"]), _date(seen["endDateTime"])
    assert [created, *dates, ended] == sorted([created, *dates, ended])
    return {item["event"]: date for item, date in zip(items, dates, strict=True)}


def _dates_in_ec2(aws, instance_id, ec2=None):
    ec2 = ec2 or aws.ec2
    (reservation,) = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    (instance,) = reservation["Instances"]
    attached = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    volumes = ec2.describe_volumes(Filters=attached)["Volumes"]
    assert len(volumes) == len(instance["BlockDeviceMappings"]) > 0
    yield instance["LaunchTime"]
    yield from (interface["Attachment"]["AttachTime"] for interface in instance["NetworkInterfaces"])
    yield from (mapping["Ebs"]["AttachTime"] for mapping in instance["BlockDeviceMappings"])
    for volume in volumes:
        yield volume["CreateTime"]
        yield from (attachment["AttachTime"] for attachment in volume["Attachments"])


def _dates_of_profile(aws):
    (profile,) = aws.client("iam").list_instance_profiles()["InstanceProfiles"]
    yield profile["CreateDate"]
    yield from (role["CreateDate"] for role in profile["Roles"])


def _date_of_end(aws, instance_id):
    reason = aws.ec2_instance(instance_id)["StateTransitionReason"]
    return datetime.strptime(reason, "User initiated (%Y-%m-%d %H:%M:%S UTC)").replace(tzinfo=UTC)


def _updated(reported):
    return reported["recoveryInstanceProperties"]["lastUpdatedDateTime"]


def _check_actions(aws, job, launched):
    """Check that the runs of post-launch actions follow the launch, and expire as long after they began."""
    (seen,) = aws.drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    status = seen["participatingServers"][0]["launchActionsStatus"]
    found = _date(status["ssmAgentDiscoveryDatetime"])
    (command,) = aws.client("ssm").list_commands(CommandId=status["runs"][0]["runId"])["Commands"]
    assert launched <= found
    assert abs(command["RequestedDateTime"] - found) < SECOND
    assert command["ExpiresAfter"] - command["RequestedDateTime"] == timedelta(hours=1)
    assert command["RequestedDateTime"] < clock.date(clock.now())


def _date(text):
    return datetime.fromisoformat(text)
