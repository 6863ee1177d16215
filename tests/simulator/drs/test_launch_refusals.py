"""A launch that EC2 would refuse is FAILED in its phase, in EC2's words, and leaves nothing behind.

Codes and sentences are those that people have met with RunInstances, and published, unless a test says
otherwise. That an address outside the subnet makes a launch fail is in DRS's user guide.
"""

from __future__ import annotations

import pytest


def _interface(**described):
    return [{"DeviceIndex": 0, **described}]


PROFILE = "arn:aws:iam::123456789012:instance-profile/lost"
OF_PROFILE = "Value ({}) for parameter iamInstanceProfile.{} is invalid. Invalid IAM Instance Profile {}"
TWICE_PUBLIC = (
    "The associatePublicIPAddress parameter cannot be specified when launching with "
    "multiple network interfaces."
)
OTHER_ARCHITECTURE = (
    "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' "
    "of the specified AMI. Specify an instance type and an AMI that have matching architectures, and "
    "try again. You can use 'describe-instance-types' or 'describe-images' to discover the "
    "architecture of the instance type or AMI."
)
OTHER_ZONE = (
    "Your requested instance type (m8id.2xlarge) is not supported in your requested Availability "
    "Zone (eu-west-1a). Please retry your request by not specifying an Availability Zone or choosing "
    "eu-west-1b, eu-west-1c."
)

NAMED_IN_VAIN = [
    (
        {"NetworkInterfaces": _interface(SubnetId="subnet-00000404")},
        ("InvalidSubnetID.NotFound", "The subnet ID 'subnet-00000404' does not exist"),
    ),
    (
        {"NetworkInterfaces": _interface(Groups=["sg-00000404"])},
        ("InvalidGroup.NotFound", "The security group 'sg-00000404' does not exist"),
    ),
    (
        {"NetworkInterfaces": _interface(NetworkInterfaceId="eni-00000404")},
        ("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID 'eni-00000404' does not exist"),
    ),
    (
        {"NetworkInterfaces": _interface(PrivateIpAddress="10.9.9.9")},
        ("InvalidParameterValue", "Address 10.9.9.9 does not fall within the subnet's address range"),
    ),
    (
        {"NetworkInterfaces": _interface(PrivateIpAddress="nowhere")},
        ("InvalidParameterValue", "invalid value for parameter address: nowhere"),
    ),
    (
        {
            "NetworkInterfaces": _interface(
                PrivateIpAddresses=[
                    {"Primary": True, "PrivateIpAddress": "172.31.3.3"},
                    {"Primary": False, "PrivateIpAddress": "10.9.9.9"},
                ]
            )
        },
        ("InvalidParameterValue", "Address 10.9.9.9 does not fall within the subnet's address range"),
    ),
    (
        {"NetworkInterfaces": [{"DeviceIndex": 0}, {"DeviceIndex": 1}, {"DeviceIndex": 1}]},
        ("InvalidParameterValue", "Each network interface requires a unique device index."),
    ),
    (
        {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1}]},
        ("InvalidParameterCombination", TWICE_PUBLIC),
    ),
    (
        {"NetworkInterfaces": [{"DeviceIndex": index} for index in range(5)]},
        ("AttachmentLimitExceeded", "Interface count 5 exceeds the limit for m5.2xlarge"),
    ),
    (
        {
            "NetworkInterfaces": _interface(
                PrivateIpAddresses=[{"PrivateIpAddress": f"172.31.4.{n}"} for n in range(4, 20)]
            )
        },
        ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."),
    ),
    ({"KeyName": "lost"}, ("InvalidKeyPair.NotFound", "The key pair 'lost' does not exist")),
    (
        {"IamInstanceProfile": {"Name": "lost"}},
        ("InvalidParameterValue", OF_PROFILE.format("lost", "name", "name")),
    ),
    (
        {"IamInstanceProfile": {"Arn": PROFILE}},
        ("InvalidParameterValue", OF_PROFILE.format(PROFILE, "arn", "ARN")),
    ),
    ({"ImageId": "ami-00000404"}, ("InvalidAMIID.NotFound", "The image id '[ami-00000404]' does not exist")),
    (
        {"Placement": {"GroupName": "lost"}},
        ("InvalidPlacementGroup.Unknown", "The Placement Group 'lost' is unknown."),
    ),
    (
        {"BlockDeviceMappings": [{"DeviceName": "/dev/nvme1n1", "Ebs": {"VolumeType": "floppy"}}]},
        ("InvalidParameterValue", "Invalid value 'floppy' for VolumeType."),
    ),
    (
        {"BlockDeviceMappings": [{"DeviceName": "/dev/nvme1n1", "Ebs": {"VolumeType": "io1"}}]},
        ("InvalidParameterCombination", "The parameter iops must be specified for io1 volumes."),
    ),
]


@pytest.mark.parametrize(("data", "expected"), NAMED_IN_VAIN, ids=lambda part: str(part)[:60])
def test_what_a_template_names_without_effect_is_not_launched(edit, refused, data, expected):
    """What the default version names must be there, and be allowed where it is named."""
    edit(**data)
    assert refused() == expected


TYPES = [
    ("t3.huge", ("InvalidParameterValue", "Invalid value 't3.huge' for InstanceType.")),
    ("m6g.large", ("InvalidParameterValue", OTHER_ARCHITECTURE)),
    ("m8id.2xlarge", ("Unsupported", OTHER_ZONE)),
]


@pytest.fixture
def unsized(configure):
    """Let the launch template alone decide the instance type."""
    configure(targetInstanceTypeRightSizingMethod="NONE")


@pytest.mark.parametrize(("wanted", "expected"), TYPES, ids=[wanted for wanted, _ in TYPES])
@pytest.mark.usefixtures("unsized")
def test_a_type_that_cannot_run_the_server_there_is_not_launched(aws, edit, refused, wanted, expected):
    """There must be such a type, for the server's architecture, in the zone of the subnet."""
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in aws.ec2.describe_subnets()["Subnets"]}
    edit(InstanceType=wanted, NetworkInterfaces=_interface(SubnetId=subnets["eu-west-1a"]))
    assert refused() == expected


def test_right_sizing_saves_a_launch_from_a_wrong_type(aws, edit):
    """With right-sizing, the default, DRS overwrites what would have failed (user guide)."""
    edit(InstanceType="m6g.large")
    assert aws.ec2_instance(aws.launched())["InstanceType"] == "m5.2xlarge"


def test_a_volume_is_not_smaller_than_its_disk(aws, edit, refused):
    """A volume holds what the server's disk holds."""
    edit(BlockDeviceMappings=[{"DeviceName": "/dev/nvme1n1", "Ebs": {"VolumeSize": 499}}])
    code, message = refused()
    assert code == "InvalidBlockDeviceMapping"
    assert message.startswith("Volume of size 499GB is smaller than snapshot")
    assert message.endswith("expect size >= 500GB")


def test_an_instance_has_fifty_tags(aws, edit, refused):
    """More tags than EC2 allows are refused."""
    tags = [{"Key": f"key-{n}", "Value": "v"} for n in range(48)]
    edit(TagSpecifications=[{"ResourceType": "instance", "Tags": tags}])
    assert refused()[0] == "TagLimitExceeded"
