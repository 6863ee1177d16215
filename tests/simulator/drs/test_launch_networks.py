"""A launch into a network that EC2 would refuse is FAILED in its phase, in EC2's words.

Codes and sentences are those that people have met with RunInstances, and published, unless a test says
otherwise.
"""

from __future__ import annotations

import pytest

from tests.simulator.drs.cases import DB2


def _interface(**described):
    return [{"DeviceIndex": 0, **described}]


def test_an_address_that_is_in_use_is_not_launched(aws, configure, refused):
    """With copyPrivateIp the address of the source must be free."""
    (interface,) = aws.server()["sourceProperties"]["networkInterfaces"]
    (address,) = interface["ips"]
    taken = aws.ec2.run_instances(
        ImageId="ami-1", MinCount=1, MaxCount=1, PrivateIpAddress=address, SubnetId=_first(aws)
    )
    configure(copyPrivateIp=True)
    assert refused() == ("InvalidIPAddress.InUse", f"Address {address} is in use.")
    aws.ec2.terminate_instances(InstanceIds=[taken["Instances"][0]["InstanceId"]])
    assert aws.ec2_instance(aws.launched())["PrivateIpAddress"] == address


def _first(aws):
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in aws.ec2.describe_subnets()["Subnets"]}
    return subnets["eu-west-1a"]


def test_an_address_of_an_interface_is_in_use(aws, edit, refused):
    """An address can be taken by an interface without an instance."""
    aws.ec2.create_network_interface(SubnetId=_first(aws), PrivateIpAddress="172.31.5.5")
    edit(NetworkInterfaces=_interface(PrivateIpAddress="172.31.5.5"))
    assert refused() == ("InvalidIPAddress.InUse", "Address 172.31.5.5 is in use.")


@pytest.mark.parametrize("address", ["10.0.0.0", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.15"])
def test_an_address_that_aws_keeps_is_not_launched(edit, refused, subnet, address):
    """The first four addresses of a subnet, and the last one, are AWS's (VPC user guide)."""
    edit(NetworkInterfaces=_interface(SubnetId=subnet()[0], PrivateIpAddress=address))
    assert refused() == (
        "InvalidParameterValue",
        f"Address {address} is in subnet's reserved address range",
    )


def test_an_address_of_a_reserved_prefix_is_not_launched(aws, edit, refused, subnet):
    """What is reserved for prefixes is given to no interface; in which words, is decided here."""
    subnet_id, _ = subnet()
    aws.ec2.create_subnet_cidr_reservation(SubnetId=subnet_id, Cidr="10.0.0.8/30", ReservationType="prefix")
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, PrivateIpAddress="10.0.0.9"))
    assert refused()[1] == "Address 10.0.0.9 is in subnet's reserved address range"


def test_a_full_subnet_takes_no_more(aws, edit, refused, subnet):
    """A subnet of 16 addresses holds 11 instances; one more is launched when one of them is gone."""
    subnet_id, _ = subnet()
    run = aws.ec2.run_instances(ImageId="ami-1", MinCount=11, MaxCount=11, SubnetId=subnet_id)
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id))
    expected = f"There are not enough free addresses in subnet '{subnet_id}' to satisfy the requested "
    assert refused() == ("InsufficientFreeAddressesInSubnet", f"{expected}number of instances.")
    aws.ec2.terminate_instances(InstanceIds=[run["Instances"][5]["InstanceId"]])
    assert aws.ec2_instance(aws.launched())["SubnetId"] == subnet_id


def test_a_group_of_another_network_is_not_launched(aws, edit, refused, subnet):
    """Groups and subnet belong to one VPC."""
    subnet_id, _ = subnet()
    (group,) = aws.ec2.describe_security_groups(
        GroupNames=["default"], Filters=[{"Name": "vpc-id", "Values": [_vpc(aws)]}]
    )["SecurityGroups"]
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, Groups=[group["GroupId"]]))
    message = f"Security group {group['GroupId']} and subnet {subnet_id} belong to different networks."
    assert refused() == ("InvalidParameter", message)


def _vpc(aws):
    (vpc,) = aws.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return vpc["VpcId"]


def test_groups_stand_in_the_interface(aws, edit, refused):
    """A version with interfaces cannot have groups beside them."""
    (group, *_) = aws.ec2.describe_security_groups()["SecurityGroups"]
    edit(SecurityGroupIds=[group["GroupId"]])
    assert refused() == (
        "InvalidParameterCombination",
        "Network interfaces and an instance-level security groups may not be specified on the same request",
    )


def test_a_zone_and_a_subnet_agree(aws, edit, refused):
    """The zone that a version names is that of its subnet."""
    subnet_id = _first(aws)
    edit(Placement={"AvailabilityZone": "eu-west-1b"}, NetworkInterfaces=_interface(SubnetId=subnet_id))
    message = f"Subnet '{subnet_id}' is in the availability zone eu-west-1a"
    expected = f"Value (eu-west-1b) for parameter availabilityZone is invalid. {message}"
    assert refused() == ("InvalidParameterValue", expected)


def test_an_interface_is_attached_once(aws, edit, refused):
    """An interface that there is can be named, while nothing else has it."""
    created = aws.ec2.create_network_interface(SubnetId=_first(aws))["NetworkInterface"]
    interface_id = created["NetworkInterfaceId"]
    edit(NetworkInterfaces=_interface(NetworkInterfaceId=interface_id))
    instance = aws.ec2_instance(aws.launched())
    assert [i["NetworkInterfaceId"] for i in instance["NetworkInterfaces"]] == [interface_id]
    other = aws.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[instance["InstanceId"]])
    aws.let_pass()
    aws.ec2.describe_instances()
    second = aws.ec2.create_network_interface(SubnetId=_first(aws))["NetworkInterface"]["NetworkInterfaceId"]
    aws.ec2.attach_network_interface(DeviceIndex=1, InstanceId=other, NetworkInterfaceId=second)
    edit(NetworkInterfaces=_interface(NetworkInterfaceId=second))
    assert refused() == ("InvalidNetworkInterface.InUse", f"Interface: [{second}] in use.")


def test_interfaces_are_in_one_zone(aws, edit, refused):
    """All interfaces of an instance are in its zone; in which words EC2 says so, is decided here."""
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in aws.ec2.describe_subnets()["Subnets"]}
    edit(
        NetworkInterfaces=[
            {"DeviceIndex": 0, "SubnetId": subnets["eu-west-1a"]},
            {"DeviceIndex": 1, "SubnetId": subnets["eu-west-1b"]},
        ]
    )
    code, message = refused()
    assert code == "InvalidParameterCombination"
    assert "eu-west-1a, eu-west-1b" in message


def test_without_a_default_network_a_subnet_must_be_named(aws, edit, refused, subnet):
    """Without a default VPC the launch fails (user guide), until the version names a subnet."""
    subnet_id, _ = subnet()
    aws.drs.get_launch_configuration(sourceServerID=DB2)
    template = aws.drs.get_launch_configuration(sourceServerID=DB2)["ec2LaunchTemplateID"]
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=template,
        SourceVersion="1",
        LaunchTemplateData={"NetworkInterfaces": _interface(SubnetId=subnet_id)},
    )
    aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    vpc_id = _vpc(aws)
    for described in aws.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]:
        aws.ec2.delete_subnet(SubnetId=described["SubnetId"])
    message = f"No subnets found for the default VPC '{vpc_id}'. Please specify a subnet."
    assert refused() == ("MissingInput", message)
    aws.ec2.delete_vpc(VpcId=vpc_id)
    assert refused()[0] == "VPCIdNotSpecified"
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id))
    assert aws.ec2_instance(aws.launched())["SubnetId"] == subnet_id


def test_ipv6_needs_a_block(aws, edit, refused):
    """A subnet without IPv6 gives no such address."""
    edit(NetworkInterfaces=_interface(SubnetId=_first(aws), Ipv6AddressCount=1))
    assert refused() == (
        "InvalidParameterValue",
        f"Subnet {_first(aws)} does not contain any IPv6 CIDR block ranges",
    )


@pytest.mark.parametrize(
    "beside", [{"SubnetId": "of its own"}, {"PrivateIpAddress": "172.31.4.4"}, {"DeleteOnTermination": True}]
)
def test_an_interface_that_there_is_has_its_own_settings(aws, edit, refused, beside):
    """Nothing of it can be said beside its id; in which words EC2 says so, is decided here."""
    created = aws.ec2.create_network_interface(SubnetId=_first(aws))["NetworkInterface"]
    if "SubnetId" in beside:
        beside = {"SubnetId": _first(aws)}
    edit(NetworkInterfaces=_interface(NetworkInterfaceId=created["NetworkInterfaceId"], **beside))
    (member,) = beside
    message = f"A network interface may not specify both a network interface ID and {member}"
    assert refused() == ("InvalidParameterCombination", message)
