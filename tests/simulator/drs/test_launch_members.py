"""Every member of a launch template takes effect at a launch, is refused there, or is known to have none.

The members are those of EC2's own service model: a new one is in none of the lists, and shows here. What a
type can have is as DescribeInstanceTypes tells it; which words of EC2 are recorded, the README says.
"""

from __future__ import annotations

import botocore.session

from tests.simulator.drs.cases import DB1
from tests.simulator.drs.cases_members import (
    ALSO_REFUSED,
    COMBINATION,
    DISK,
    MAPPING,
    REFUSED,
    ROOT,
    TAKING_EFFECT,
    VALUE,
    WHOLE,
    WITHOUT_EFFECT,
    disk,
)


def _members(shape, path=""):
    """Yield the paths of all members that are no structures."""
    for name, member in shape.members.items():
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "structure" and path + name not in WHOLE:
            yield from _members(inner, f"{path}{name}.")
        else:
            yield path + name


def test_every_member_of_a_launch_template_is_known():
    """Each is in one of the lists, and none is in two that exclude each other."""
    model = botocore.session.get_session().get_service_model("ec2")
    members = set(_members(model.shape_for("RequestLaunchTemplateData")))
    assert members == {*REFUSED, *TAKING_EFFECT, *WITHOUT_EFFECT}
    assert not WITHOUT_EFFECT & {*TAKING_EFFECT, *REFUSED}


def test_what_an_instance_cannot_have_is_not_launched(aws, template_id):
    """Each such launch is FAILED in its phase with EC2's code and words, and leaves nothing in EC2."""
    answered, expected = {}, {}
    for data, code, message in [case for cases in REFUSED.values() for case in cases] + ALSO_REFUSED:
        aws.ec2.create_launch_template_version(
            LaunchTemplateId=template_id, SourceVersion="1", LaunchTemplateData=data
        )
        aws.ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion="$Latest")
        job = aws.start(DB1)
        log = aws.drs.describe_job_log_items(jobID=job["jobID"])["items"]
        (error,) = [i["eventData"]["rawError"] for i in log if i["event"] == "LAUNCH_FAILED"] or [""]
        expected[str(data)] = (True, True)
        answered[str(data)] = (f"({code}) when calling the RunInstances" in error, message in error or error)
    assert answered == expected
    assert aws.instances() == {}
    assert aws.ec2.describe_instances()["Reservations"] == []
    assert aws.ec2.describe_volumes()["Volumes"] == []


def test_a_profile_has_a_role_and_one_name(aws, edit, refused):
    """EC2 takes no profile without a role, and no name beside an ARN."""
    iam = aws.client("iam")
    arn = iam.create_instance_profile(InstanceProfileName="bare")["InstanceProfile"]["Arn"]
    edit(IamInstanceProfile={"Name": "bare"})
    assert refused() == (VALUE, f'IAM Instance Profile "{arn}" has no associated IAM Roles')
    edit(IamInstanceProfile={"Name": "bare", "Arn": arn})
    both = "'iamInstanceProfile.name' may not be used in combination with 'iamInstanceProfile.arn'"
    assert refused() == (COMBINATION, f"The parameter {both}")


def test_a_volume_is_not_smaller_than_the_snapshot_it_names(aws, edit, refused):
    """Also where that is not the disk's own."""
    volume_id = aws.ec2.create_volume(Size=600, AvailabilityZone="eu-west-1a")["VolumeId"]
    snapshot_id = aws.ec2.create_snapshot(VolumeId=volume_id)["SnapshotId"]
    edit(**disk(SnapshotId=snapshot_id, VolumeSize=599))
    message = f"Volume of size 599GB is smaller than snapshot '{snapshot_id}', expect size >= 600GB"
    assert refused() == (MAPPING, message)


def test_a_host_runs_its_type_in_its_zone(aws, edit, refused):
    """An instance goes to the host that is named, or to one that takes any, if that fits."""
    host = {"AutoPlacement": "off", "Quantity": 1, "AvailabilityZone": "eu-west-1a"}
    (other,) = aws.ec2.allocate_hosts(InstanceType="c5.large", **host)["HostIds"]
    edit(Placement={"Tenancy": "host", "HostId": other})
    message = f"Dedicated host {other} has insufficient capacity to launch the instances in this request."
    assert refused() == ("InsufficientCapacityOnHost", message)
    (fitting,) = aws.ec2.allocate_hosts(InstanceType="m5.2xlarge", **host)["HostIds"]
    edit(Placement={"Tenancy": "host"})
    assert refused()[0] == "InsufficientHostCapacity"
    edit(Placement={"Tenancy": "host", "HostId": fitting})
    placement = aws.ec2_instance(aws.launched())["Placement"]
    assert (placement["Tenancy"], placement["HostId"]) == ("host", fitting)


def test_options_of_a_template_take_effect(aws, edit):
    """Tenancy, zone by its id, spot market, hibernation, keys, tags and descriptions of interfaces."""
    key_id = aws.client("kms").create_key()["KeyMetadata"]["KeyId"]
    zones = {z["ZoneName"]: z["ZoneId"] for z in aws.ec2.describe_availability_zones()["AvailabilityZones"]}
    tags = [{"Key": "team", "Value": "shop"}]
    edit(
        Placement={"Tenancy": "dedicated", "AvailabilityZoneId": zones["eu-west-1b"]},
        InstanceMarketOptions={"MarketType": "spot"},
        HibernationOptions={"Configured": True},
        BlockDeviceMappings=[
            {"DeviceName": ROOT, "Ebs": {"Encrypted": True, "KmsKeyId": key_id, "Throughput": 250}},
            {"DeviceName": DISK, "NoDevice": ""},
        ],
        NetworkInterfaces=[{"DeviceIndex": 0, "Description": "front", "DeleteOnTermination": False}],
        TagSpecifications=[{"ResourceType": "network-interface", "Tags": tags}],
        CpuOptions={"CoreCount": 2, "ThreadsPerCore": 1},
    )
    instance = aws.ec2_instance(aws.launched())
    placement = instance["Placement"]
    assert (placement["Tenancy"], placement["AvailabilityZone"]) == ("dedicated", "eu-west-1b")
    assert (instance["InstanceLifecycle"], instance["HibernationOptions"]["Configured"]) == ("spot", True)
    (volume,) = aws.ec2.describe_volumes()["Volumes"]
    assert (volume["Attachments"][0]["Device"], volume["KmsKeyId"]) == (ROOT, key_id)
    assert (volume["Encrypted"], volume["Throughput"]) == (True, 250)
    (snapshot,) = aws.ec2.describe_snapshots(SnapshotIds=[volume["SnapshotId"]])["Snapshots"]
    assert snapshot["VolumeSize"] == volume["Size"]
    (interface,) = aws.ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert (interface["Description"], interface["TagSet"]) == ("front", tags)


def test_volumes_are_encrypted_where_that_is_the_default(aws):
    """EBS encryption by default is of the account and Region."""
    aws.ec2.enable_ebs_encryption_by_default()
    aws.launched()
    assert [v["Encrypted"] for v in aws.ec2.describe_volumes()["Volumes"]] == [True, True]
