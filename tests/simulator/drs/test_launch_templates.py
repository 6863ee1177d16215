"""EC2 launch templates as DRS makes them, and what a launch takes from them.

DRS makes one when a server is added, and new versions of it by itself (user guide); the tags are recorded,
the rest of the content follows the user guide, and its defaults are decided here.
"""

from __future__ import annotations

import base64

import pytest

from tests.simulator.drs.cases import DB1, DB2, EC2_ORIGIN

MARK = {"AWSElasticDisasterRecoveryManaged": "drs.amazonaws.com"}


def _managed(aws):
    """Return DRS's launch templates, as a tool finds them by their tag."""
    wanted = [{"Name": "tag:AWSElasticDisasterRecoveryManaged", "Values": ["drs.amazonaws.com"]}]
    pages = aws.ec2.get_paginator("describe_launch_templates").paginate(Filters=wanted)
    return [template for page in pages for template in page["LaunchTemplates"]]


def _default(aws, template_id):
    (version,) = aws.ec2.describe_launch_template_versions(
        LaunchTemplateId=template_id, Versions=["$Default"]
    )["LaunchTemplateVersions"]
    return version["LaunchTemplateData"]


def _tags(tags):
    return {tag["Key"]: tag["Value"] for tag in tags}


def _volumes(aws, instance_id):
    wanted = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    volumes = aws.ec2.describe_volumes(Filters=wanted)["Volumes"]
    return {volume["Attachments"][0]["Device"]: volume for volume in volumes}


def test_every_server_has_a_launch_template_from_the_day_it_is_added(aws):
    """Nobody need ask DRS for it first; a server that an agent adds later has one too."""
    servers = aws.drs.describe_source_servers()["items"]
    described = {
        _tags(t["Tags"])["AWSElasticDisasterRecoverySourceServerID"]: t["LaunchTemplateId"]
        for t in _managed(aws)
    }
    assert set(described) == {server["sourceServerID"] for server in servers}
    configuration = aws.drs.get_launch_configuration(sourceServerID=DB1)
    assert configuration["ec2LaunchTemplateID"] == described[DB1]
    aws.add_server()
    assert len(_managed(aws)) == len(servers) + 1


def test_a_template_has_an_interface_disks_and_tags(aws, template_id):
    """The interface of index 0, a device per disk under its name at the source, and tags."""
    data = _default(aws, template_id)
    (interface,) = data["NetworkInterfaces"]
    assert (interface["DeviceIndex"], "PrivateIpAddress" in interface) == (0, False)
    disks = aws.server()["sourceProperties"]["disks"]
    assert [(m["DeviceName"], m["Ebs"]["VolumeSize"]) for m in data["BlockDeviceMappings"]] == [
        (disk["deviceName"], disk["bytes"] // 1024**3) for disk in disks
    ]
    specified = {s["ResourceType"]: _tags(s["Tags"]) for s in data["TagSpecifications"]}
    own = MARK | {"AWSElasticDisasterRecoverySourceServerID": DB1, "Name": "shop-db-1"}
    assert specified == {"instance": own, "volume": own}


def test_a_copied_address_shows_in_the_template(aws, configure, edit, template_id):
    """The address of the source is in it while copyPrivateIp is on; what people wrote stays without it."""
    (interface,) = aws.server()["sourceProperties"]["networkInterfaces"]
    for copied in (True, False, True):
        configure(copyPrivateIp=copied)
        (reported,) = _default(aws, template_id)["NetworkInterfaces"]
        assert reported.get("PrivateIpAddress") == (interface["ips"][0] if copied else None)
    configure(copyPrivateIp=False)
    edit(NetworkInterfaces=[{"DeviceIndex": 0, "PrivateIpAddress": "172.31.3.3"}])
    configure(copyTags=True)
    (reported,) = _default(aws, template_id)["NetworkInterfaces"]
    assert reported["PrivateIpAddress"] == "172.31.3.3"


def test_what_people_wrote_outlives_a_version_of_drs(aws, configure, edit, template_id):
    """DRS's own version has their key, disks, further interfaces and tags."""
    aws.ec2.create_key_pair(KeyName="ops")
    mapping = {"DeviceName": "/dev/nvme1n1", "Ebs": {"VolumeSize": 600, "VolumeType": "io2", "Iops": 4000}}
    edit(
        KeyName="ops",
        BlockDeviceMappings=[mapping],
        NetworkInterfaces=[{"DeviceIndex": 0}, {"DeviceIndex": 1, "Description": "backup"}],
        TagSpecifications=[{"ResourceType": "volume", "Tags": [{"Key": "cost", "Value": "42"}]}],
    )
    configure(name="renamed")
    data = _default(aws, template_id)
    assert (data["KeyName"], data["BlockDeviceMappings"]) == ("ops", [mapping])
    assert [i["DeviceIndex"] for i in data["NetworkInterfaces"]] == [0, 1]
    specified = {s["ResourceType"]: _tags(s["Tags"]) for s in data["TagSpecifications"]}
    assert specified["volume"]["cost"] == "42"
    assert {specified[kind]["Name"] for kind in ("instance", "volume")} == {"renamed"}


def test_a_launch_makes_the_disks_of_the_server(aws):
    """A volume per disk, under its name, of its size, with the template's tags; they go with the instance."""
    instance_id = aws.launched()
    volumes = _volumes(aws, instance_id)
    assert {device: v["Size"] for device, v in volumes.items()} == {"/dev/nvme0n1": 50, "/dev/nvme1n1": 500}
    assert {v["VolumeType"] for v in volumes.values()} == {"gp3"}
    assert {_tags(v["Tags"])["Name"] for v in volumes.values()} == {"shop-db-1"}
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])
    aws.let_pass()
    assert _volumes(aws, instance_id) == {}
    assert aws.ec2.describe_volumes()["Volumes"] == []


def test_volumes_are_as_the_template_says(aws, edit):
    """Type, size, throughput and encryption of a disk count; a device that the server lacks is ignored."""
    wanted = {"VolumeSize": 700, "VolumeType": "io2", "Iops": 4000, "Encrypted": True}
    edit(
        BlockDeviceMappings=[
            {"DeviceName": "/dev/nvme1n1", "Ebs": wanted | {"DeleteOnTermination": False}},
            {"DeviceName": "/dev/sdz", "Ebs": {"VolumeSize": 1}},
        ]
    )
    instance_id = aws.launched()
    volumes = _volumes(aws, instance_id)
    assert sorted(volumes) == ["/dev/nvme0n1", "/dev/nvme1n1"]
    data = volumes["/dev/nvme1n1"]
    reported = {
        "VolumeSize": data["Size"],
        **{name: data[name] for name in ("VolumeType", "Iops", "Encrypted")},
    }
    assert reported == wanted
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance_id])
    aws.let_pass()
    assert [v["Size"] for v in aws.ec2.describe_volumes()["Volumes"]] == [700]


def _profile(iam):
    """Make an instance profile with a role."""
    profile = iam.create_instance_profile(InstanceProfileName="app")["InstanceProfile"]
    iam.create_role(RoleName="app", AssumeRolePolicyDocument="{}")
    iam.add_role_to_instance_profile(InstanceProfileName="app", RoleName="app")
    return profile


def test_an_instance_is_as_the_template_says(aws, edit):
    """Key, profile, monitoring, metadata options, protection, user data and shut-down take effect."""
    aws.ec2.create_key_pair(KeyName="ops")
    profile = _profile(aws.client("iam"))
    user_data = base64.b64encode(b"echo launched").decode()
    edit(
        KeyName="ops",
        IamInstanceProfile={"Name": "app"},
        Monitoring={"Enabled": True},
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
        DisableApiTermination=True,
        EbsOptimized=True,
        InstanceInitiatedShutdownBehavior="terminate",
        UserData=user_data,
    )
    instance = aws.ec2_instance(aws.launched())
    assert (instance["KeyName"], instance["Monitoring"]["State"]) == ("ops", "enabled")
    assert instance["IamInstanceProfile"]["Arn"] == profile["Arn"]
    options = instance["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 2)
    assert instance["EbsOptimized"]
    asked = {
        "disableApiTermination": ("DisableApiTermination", True),
        "instanceInitiatedShutdownBehavior": ("InstanceInitiatedShutdownBehavior", "terminate"),
        "userData": ("UserData", user_data),
    }
    for attribute, (member, value) in asked.items():
        reported = aws.ec2.describe_instance_attribute(InstanceId=instance["InstanceId"], Attribute=attribute)
        assert reported[member]["Value"] == value


def test_a_tool_leaves_names_empty(aws, edit):
    """AWS's DRS-Settings-Tool writes the whole version, with empty names for what it does not have."""
    edit(KeyName="", ImageId="", IamInstanceProfile={"Name": ""})
    instance = aws.ec2_instance(aws.launched())
    assert "IamInstanceProfile" not in instance
    assert not instance.get("KeyName")


def test_interfaces_are_as_the_template_says(aws, edit):
    """Further interfaces are passed through (user guide), and all addresses are assigned."""
    subnets = {s["AvailabilityZone"]: s for s in aws.ec2.describe_subnets()["Subnets"]}
    subnet = subnets["eu-west-1b"]
    groups = [
        aws.ec2.create_security_group(GroupName=name, Description=name, VpcId=subnet["VpcId"])["GroupId"]
        for name in ("front", "back")
    ]
    edit(
        NetworkInterfaces=[
            {
                "DeviceIndex": 0,
                "SubnetId": subnet["SubnetId"],
                "Groups": groups[:1],
                "PrivateIpAddresses": [
                    {"Primary": True, "PrivateIpAddress": "172.31.20.20"},
                    {"Primary": False, "PrivateIpAddress": "172.31.20.21"},
                ],
            },
            {"DeviceIndex": 1, "SubnetId": subnet["SubnetId"], "Groups": groups[1:]},
        ]
    )
    instance = aws.ec2_instance(aws.launched())
    assert (instance["PrivateIpAddress"], instance["SubnetId"]) == ("172.31.20.20", subnet["SubnetId"])
    first, second = sorted(instance["NetworkInterfaces"], key=lambda i: i["Attachment"]["DeviceIndex"])
    addresses = [a["PrivateIpAddress"] for a in first["PrivateIpAddresses"]]
    assert addresses == ["172.31.20.20", "172.31.20.21"]
    assert [g["GroupId"] for g in first["Groups"]] == groups[:1]
    assert groups[1] in [g["GroupId"] for g in second["Groups"]]


@pytest.mark.parametrize("public", [True, False])
def test_a_public_address_is_as_the_template_says(aws, edit, public):
    """AssociatePublicIpAddress decides."""
    edit(NetworkInterfaces=[{"DeviceIndex": 0, "AssociatePublicIpAddress": public}])
    assert ("PublicIpAddress" in aws.ec2_instance(aws.launched())) is public


def test_an_instance_without_groups_has_the_default_one(aws):
    """As any instance in a VPC (EC2 user guide)."""
    (group,) = aws.ec2_instance(aws.launched())["SecurityGroups"]
    assert group["GroupName"] == "default"


def test_an_instance_tells_its_server_and_job(aws):
    """By the tags that are recorded of instances which DRS launched."""
    job = aws.start(DB2)
    aws.let_pass()
    tags = _tags(aws.ec2_instance(aws.instances()[DB2]["recoveryInstanceID"])["Tags"])
    reported = {"drs.amazonaws.com-job": job["jobID"], "drs.amazonaws.com-source-server": DB2}
    assert reported.items() <= tags.items()


def test_a_template_that_was_deleted_comes_again_with_defaults(aws, edit, template_id):
    """DRS makes another with default values (user guide)."""
    edit(KeyName="lost")
    aws.ec2.delete_launch_template(LaunchTemplateId=template_id)
    assert "KeyName" not in aws.ec2_instance(aws.launched())
    again = aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]
    assert again != template_id
    assert "KeyName" not in _default(aws, again)


def test_a_launch_configuration_template_shows_in_the_template_of_a_new_server(aws):
    """Its copyPrivateIp is in the template from the start."""
    aws.template(copyPrivateIp=True)
    aws.add_server()
    template_id = aws.drs.get_launch_configuration(sourceServerID=EC2_ORIGIN)["ec2LaunchTemplateID"]
    (interface,) = _default(aws, template_id)["NetworkInterfaces"]
    (source,) = aws.server(EC2_ORIGIN)["sourceProperties"]["networkInterfaces"]
    assert interface["PrivateIpAddress"] == source["ips"][0]


def test_what_goes_after_a_launch_does_not_undo_it(aws, edit, local_aws):
    """An instance profile that was there at the launch, and that nobody looked for until it was deleted."""
    iam = aws.client("iam")
    _profile(iam)
    edit(IamInstanceProfile={"Name": "app"})
    local_aws.control.set_speed("real")
    aws.start()
    aws.let_pass()
    iam.remove_role_from_instance_profile(InstanceProfileName="app", RoleName="app")
    iam.delete_instance_profile(InstanceProfileName="app")
    assert aws.server()["lastLaunchResult"] == "SUCCEEDED"
