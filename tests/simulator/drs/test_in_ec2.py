"""What EC2 has of DRS's own: the instance that a server comes from, and the EBS snapshots of recovery points.

That both are there is documented: DescribeSourceServers names the instance, DescribeRecoverySnapshots the
snapshots. How DRS describes a snapshot is decided here.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from drs_simulator.drs.description import ServerDescription
from tests.simulator.drs.cases import DB1, EC2_ORIGIN, ORIGIN

TAGS = {"Name": "billing-1", "Owner": "billing"}
DAY = 86_400


@pytest.fixture
def origin(aws):
    """Give a client of EC2 in the Region from which a server comes."""
    return aws.client("ec2", ORIGIN)


@pytest.fixture
def from_ec2(backend, aws, let_pass):
    """Give a function that adds a server that is an EC2 instance, and describes it."""

    def add(**described):
        described = {"hostname": "billing.example", "origin_region": ORIGIN, "tags": TAGS} | described
        backend.register_source_server(ServerDescription(id=EC2_ORIGIN, **described))
        return aws.server(EC2_ORIGIN)

    return add


def _instance(ec2, server):
    """Describe the instance that a server names as its own."""
    named = server["sourceProperties"]["identificationHints"]["awsInstanceID"]
    (reservation,) = ec2.describe_instances(InstanceIds=[named])["Reservations"]
    return reservation["Instances"][0]


def _tags(resource):
    return {tag["Key"]: tag["Value"] for tag in resource["Tags"]}


def test_the_instance_of_a_server_is_in_the_ec2_of_its_origin(origin, from_ec2):
    """Type, address, hardware address, zone and age are what DRS tells of it."""
    server = from_ec2(cores=4)
    instance, reported = _instance(origin, server), server["sourceProperties"]
    (interface,) = instance["NetworkInterfaces"]
    assert instance["InstanceType"] == reported["recommendedInstanceType"] == "m5.xlarge"
    assert instance["State"]["Name"] == "running"
    assert reported["networkInterfaces"] == [
        {"macAddress": interface["MacAddress"], "ips": [instance["PrivateIpAddress"]], "isPrimary": True}
    ]
    zone = server["sourceCloudProperties"]["originAvailabilityZone"]
    assert instance["Placement"]["AvailabilityZone"] == zone
    assert instance["LaunchTime"] <= datetime.fromisoformat(server["lifeCycle"]["addedToServiceDateTime"])


def test_servers_of_two_regions_have_addresses_of_their_own(aws, origin, from_ec2):
    """So that both can be recovered side by side, with ``copyPrivateIp``."""
    first, other = _instance(origin, from_ec2()), "s-00000000000ec2002"
    aws.add_server(other, "eu-west-3")
    second = _instance(aws.client("ec2", "eu-west-3"), aws.server(other))
    assert first["PrivateIpAddress"] != second["PrivateIpAddress"]


def test_the_instance_has_the_disks_of_the_server(origin, from_ec2):
    """A volume for each, of its size, under its name."""
    server = from_ec2(disks_gib=(50, 500))
    attached = {
        m["DeviceName"]: m["Ebs"]["VolumeId"] for m in _instance(origin, server)["BlockDeviceMappings"]
    }
    volumes = {v["VolumeId"]: v["Size"] for v in origin.describe_volumes()["Volumes"]}
    reported = {disk["deviceName"]: disk["bytes"] // 1024**3 for disk in server["sourceProperties"]["disks"]}
    assert {device: volumes[volume] for device, volume in attached.items()} == reported
    assert sorted(reported.values()) == [50, 500]


@pytest.mark.parametrize("own", [None, {"Name": "in EC2", "CostCenter": "7"}], ids=["alike", "of its own"])
def test_tags_of_an_instance_are_copied_to_drs_by_a_tool(aws, origin, from_ec2, own):
    """Tags of source servers are not those of the instance: a tool copies them, and DRS has them then."""
    server = from_ec2(origin_tags=own)
    tags = _tags(_instance(origin, server))
    assert (tags, server["tags"]) == (own or TAGS, TAGS)
    aws.drs.tag_resource(resourceArn=server["arn"], tags=tags)
    assert aws.server(EC2_ORIGIN)["tags"] == TAGS | tags


def test_a_server_from_elsewhere_names_no_instance(aws):
    """There is none, neither here nor in another Region."""
    assert "awsInstanceID" not in aws.server()["sourceProperties"]["identificationHints"]
    assert aws.client("ec2", ORIGIN).describe_instances()["Reservations"] == []


def test_a_recovery_instance_tells_where_it_comes_from(aws, from_ec2):
    """``originEnvironment`` and its zone, and interfaces as EC2 has them."""
    from_ec2()
    instance_id = aws.launched(EC2_ORIGIN)
    (interface,) = aws.ec2_instance(instance_id)["NetworkInterfaces"]
    reported = aws.instances()[EC2_ORIGIN]
    assert (reported["originEnvironment"], reported["originAvailabilityZone"]) == ("AWS", f"{ORIGIN}a")
    properties = reported["recoveryInstanceProperties"]
    assert properties["identificationHints"]["awsInstanceID"] == instance_id
    assert [nic["macAddress"] for nic in properties["networkInterfaces"]] == [interface["MacAddress"]]


def test_what_is_replicated_back_is_the_recovery_instance(aws):
    """The source server at the origin names it, and no further one is made of it in either Region."""
    instance_id, there = aws.reversed()
    (server,) = there.describe_source_servers()["items"]
    assert server["sourceProperties"]["identificationHints"]["awsInstanceID"] == instance_id
    for ec2 in (aws.ec2, aws.client("ec2", ORIGIN)):
        assert len(ec2.describe_instances()["Reservations"]) == 1


@pytest.fixture
def taken(aws):
    """Give a function that lists a server's recovery snapshots that are taken, the oldest first."""

    def snapshots(server_id=DB1):
        items = aws.drs.describe_recovery_snapshots(sourceServerID=server_id, order="ASC")["items"]
        return [item for item in items if "timestamp" in item]

    return snapshots


def test_recovery_snapshots_consist_of_ebs_snapshots(aws, taken):
    """One for each disk, of its size: owned by the account, complete, and marked as DRS's."""
    point = taken()[0]
    found = aws.ec2.describe_snapshots(SnapshotIds=point["ebsSnapshots"])["Snapshots"]
    assert sorted(snapshot["VolumeSize"] for snapshot in found) == [50, 500]
    for snapshot in found:
        assert (snapshot["OwnerId"], snapshot["State"]) == ("123456789012", "completed")
        assert point["snapshotID"] in snapshot["Description"]
        assert _tags(snapshot) == {
            "AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com",
            "AWSElasticDisasterRecoverySourceServerID": DB1,
        }
        apart = snapshot["StartTime"] - datetime.fromisoformat(point["timestamp"])
        assert abs(apart) < timedelta(seconds=1)


def test_ebs_snapshots_are_found_by_their_tags(aws, taken):
    """All of a server, and of no other; the custom tags of its replication configuration are on them."""
    aws.drs.update_replication_configuration(sourceServerID=DB1, stagingAreaTags={"CostCenter": "dr"})
    wanted = [{"Name": "tag:AWSElasticDisasterRecoverySourceServerID", "Values": [DB1]}]
    found = aws.ec2.describe_snapshots(Filters=wanted)["Snapshots"]
    assert {s["SnapshotId"] for s in found} == {i for point in taken() for i in point["ebsSnapshots"]}
    assert {_tags(snapshot)["CostCenter"] for snapshot in found} == {"dr"}


@pytest.mark.parametrize("how", ["expired", "stopped"])
def test_ebs_snapshots_are_gone_with_the_recovery_snapshot(aws, let_pass, taken, how):
    """When the policy keeps it no longer, and when StopReplication deletes it."""
    oldest = taken()[0]
    if how == "expired":
        let_pass(8 * 86_400)
    else:
        aws.drs.stop_replication(sourceServerID=DB1)
    assert oldest["snapshotID"] not in [point["snapshotID"] for point in taken()]
    with pytest.raises(aws.ec2.exceptions.ClientError, match=r"InvalidSnapshot\.NotFound"):
        aws.ec2.describe_snapshots(SnapshotIds=oldest["ebsSnapshots"])


def test_an_ebs_snapshot_that_is_deleted_takes_the_recovery_snapshot_with_it(aws, taken):
    """Decided here: what has lost a disk cannot be launched, and is not listed; the others stay."""
    first, *others = taken()
    aws.ec2.delete_snapshot(SnapshotId=first["ebsSnapshots"][1])
    assert taken() == others
    with pytest.raises(aws.ec2.exceptions.ClientError, match=r"InvalidSnapshot\.NotFound"):
        aws.ec2.delete_snapshot(SnapshotId=first["ebsSnapshots"][1])
    wanted = [{"sourceServerID": DB1, "recoverySnapshotID": first["snapshotID"]}]
    with pytest.raises(aws.drs.exceptions.ValidationException, match=first["snapshotID"]):
        aws.drs.start_recovery(sourceServers=wanted)


def test_a_volume_is_made_from_an_ebs_snapshot(aws, taken):
    """As people do who want some files back; other snapshots and tags go on beside those of DRS."""
    snapshot_id = taken()[0]["ebsSnapshots"][1]
    volume = aws.ec2.create_volume(SnapshotId=snapshot_id, AvailabilityZone="eu-west-1a")
    assert (volume["Size"], volume["SnapshotId"]) == (500, snapshot_id)
    own = aws.ec2.create_snapshot(VolumeId=volume["VolumeId"])["SnapshotId"]
    aws.ec2.create_tags(Resources=[snapshot_id], Tags=[{"Key": "keep", "Value": "yes"}])
    found = aws.ec2.describe_snapshots(SnapshotIds=[own, snapshot_id])["Snapshots"]
    assert {s["SnapshotId"]: _tags(s).get("keep") for s in found if s.get("Tags")} == {snapshot_id: "yes"}
    aws.ec2.delete_snapshot(SnapshotId=own)
    assert own not in [s["SnapshotId"] for s in aws.ec2.describe_snapshots()["Snapshots"]]


def test_the_disks_of_a_recovery_instance_come_and_go_with_it(aws):
    """As many volumes, of the sizes that DRS tells, marked as the server's; none when it is terminated."""
    instance_id = aws.launched(DB1)
    attached = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    volumes = aws.ec2.describe_volumes(Filters=attached)["Volumes"]
    reported = aws.instances()[DB1]["recoveryInstanceProperties"]["disks"]
    devices = {v["Attachments"][0]["Device"]: v["Size"] * 1024**3 for v in volumes}
    assert devices == {disk["internalDeviceName"]: disk["bytes"] for disk in reported}
    assert {_tags(volume)["AWSElasticDisasterRecoverySourceServerID"] for volume in volumes} == {DB1}
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])
    aws.let_pass()
    assert aws.ec2.describe_volumes()["Volumes"] == []


def _point(aws, taken):
    """Return the recovery snapshot of which DB1's recovery instance is, as its volumes tell."""
    reported = aws.instances()[DB1]
    instance = aws.ec2_instance(reported["recoveryInstanceID"])
    volume_ids = {m["DeviceName"]: m["Ebs"]["VolumeId"] for m in instance["BlockDeviceMappings"]}
    assert instance["RootDeviceName"] == next(iter(volume_ids))
    volumes = aws.ec2.describe_volumes(VolumeIds=[*volume_ids.values()])["Volumes"]
    found = aws.ec2.describe_snapshots(SnapshotIds=[v["SnapshotId"] for v in volumes])["Snapshots"]
    sizes = {snapshot["SnapshotId"]: snapshot["VolumeSize"] for snapshot in found}
    assert [sizes[volume["SnapshotId"]] for volume in volumes] == [volume["Size"] for volume in volumes]
    (point,) = [s for s in taken() if s["ebsSnapshots"] == [volume["SnapshotId"] for volume in volumes]]
    assert point["timestamp"] == reported["pointInTimeSnapshotDateTime"]
    return point


@pytest.mark.parametrize("asked", [False, True], ids=["latest", "asked for"])
def test_volumes_of_a_recovery_instance_are_made_of_its_recovery_snapshot(aws, taken, asked):
    """The one that was asked for, or the launch's own; both are there for as long as the instance is."""
    before, wanted = taken(), {"sourceServerID": DB1}
    chosen = before[-3]
    if asked:
        wanted["recoverySnapshotID"] = chosen["snapshotID"]
    aws.drs.start_recovery(sourceServers=[wanted], isDrill=True)
    aws.let_pass()
    point = _point(aws, taken)
    assert (point["snapshotID"] in {s["snapshotID"] for s in before}) == asked
    assert (point == chosen) == asked
    aws.let_pass(DAY)
    assert _point(aws, taken) == point
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[aws.instances()[DB1]["recoveryInstanceID"]])
    aws.let_pass(DAY)
    assert point not in taken()


def test_a_launch_takes_a_snapshot_of_its_own(aws, taken):
    """Told from SNAPSHOT_END on, dated as the log tells; gone an hour later where nothing is made of it."""
    aws.hold_time()
    known = {snapshot["snapshotID"] for snapshot in taken()}
    aws.control.fail_server(DB1, phase="CONVERSION")
    job = aws.start(DB1)
    assert {snapshot["snapshotID"] for snapshot in taken()} == known
    aws.let_pass(20)
    own = taken()[-1]  # its policy may have taken one meanwhile, which was expected before
    assert own["snapshotID"] not in known
    aws.let_pass(1_200)
    log = aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]
    (data,) = {i["eventData"]["conversionProperties"]["dataTimestamp"] for i in log if "conv" in str(i)}
    assert own["timestamp"] == data
    assert own in taken()
    aws.let_pass(3_600)
    assert own not in taken()


def test_stopped_replication_deletes_also_the_snapshots_of_launches(aws, taken):
    """StopReplication leaves none, whatever is made of them."""
    aws.launched(DB1)
    assert taken()
    aws.drs.stop_replication(sourceServerID=DB1)
    assert taken() == []
