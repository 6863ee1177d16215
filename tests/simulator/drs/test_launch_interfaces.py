"""A launch template whose interfaces contradict themselves, or each other, is FAILED in its phase.

Interfaces that can be had have addresses that EC2 knows to be theirs.
"""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest


def _interface(**described):
    return [{"DeviceIndex": 0, **described}]


def _subnet(aws):
    (subnet,) = [s for s in aws.ec2.describe_subnets()["Subnets"] if s["AvailabilityZone"] == "eu-west-1a"]
    return subnet


FIRST, SECOND = "172.31.4.4", "172.31.4.5"
IN_USE = ("InvalidIPAddress.InUse", f"Address {FIRST} is in use.")
ONE_PRIMARY = "Only one private IP address of a network interface can be designated as primary."
BESIDE_PRIMARY = "A private IP address may not be designated as primary beside PrivateIpAddress."
BESIDE_COUNT = (
    "A network interface may not specify both PrivateIpAddresses and SecondaryPrivateIpAddressCount."
)
PUBLIC = (
    "The associatePublicIPAddress parameter cannot be specified when launching with "
    "multiple network interfaces."
)


def _listed(*addresses, primary=FIRST):
    return [{"PrivateIpAddress": a, "Primary": a == primary} for a in addresses]


CONTRADICTIONS = {
    "twice on two interfaces": (
        [{"DeviceIndex": 0, "PrivateIpAddress": FIRST}, {"DeviceIndex": 1, "PrivateIpAddress": FIRST}],
        IN_USE,
    ),
    "twice on one": (
        _interface(PrivateIpAddresses=_listed(SECOND, FIRST, FIRST, primary=SECOND)),
        IN_USE,
    ),
    "twice as primary and secondary": (
        _interface(PrivateIpAddress=FIRST, PrivateIpAddresses=_listed(FIRST, primary=None)),
        IN_USE,
    ),
    "two primary ones": (
        _interface(PrivateIpAddresses=[{"PrivateIpAddress": a, "Primary": True} for a in (FIRST, SECOND)]),
        ("InvalidParameterCombination", ONE_PRIMARY),
    ),
    "another primary one": (
        _interface(PrivateIpAddress=SECOND, PrivateIpAddresses=_listed(FIRST)),
        ("InvalidParameterCombination", BESIDE_PRIMARY),
    ),
    "a list and a count": (
        _interface(PrivateIpAddresses=_listed(FIRST), SecondaryPrivateIpAddressCount=1),
        ("InvalidParameterCombination", BESIDE_COUNT),
    ),
    "too many": (
        _interface(SecondaryPrivateIpAddressCount=15),
        ("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit."),
    ),
    "no primary interface": (
        [{"DeviceIndex": 1}],
        (
            "InvalidParameterCombination",
            "When specifying network interfaces, you must include a device at index 0.",
        ),
    ),
    "no device index": (
        [{"Description": "eth0"}],
        ("InvalidParameterValue", "Each network interface requires a device index."),
    ),
    "public, the second": (
        [{"DeviceIndex": 0}, {"DeviceIndex": 1, "AssociatePublicIpAddress": True}],
        ("InvalidParameterCombination", PUBLIC),
    ),
}


@pytest.mark.parametrize(("interfaces", "expected"), CONTRADICTIONS.values(), ids=CONTRADICTIONS)
def test_interfaces_that_contradict_themselves_are_not_launched(edit, refused, interfaces, expected):
    """What cannot be combined is documented at RunInstances and CreateNetworkInterface.

    The words about device indices, counts and public addresses are recorded, the others are decided here.
    """
    edit(NetworkInterfaces=interfaces)
    assert refused() == expected


def test_secondary_addresses_are_counted(aws, edit, subnet):
    """SecondaryPrivateIpAddressCount gives as many, each an address of the subnet that nobody else has."""
    subnet_id, _ = subnet()
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, SecondaryPrivateIpAddressCount=10))
    (interface,) = aws.ec2_instance(aws.launched())["NetworkInterfaces"]
    addresses = [a["PrivateIpAddress"] for a in interface["PrivateIpAddresses"]]
    assert sorted(addresses) == sorted(f"10.0.0.{n}" for n in range(4, 15))
    assert [a["Primary"] for a in interface["PrivateIpAddresses"]] == [True] + 10 * [False]


def test_secondary_addresses_take_room(aws, edit, refused, subnet):
    """Addresses of interfaces without an instance, and secondary ones, leave no room for more."""
    subnet_id, _ = subnet()
    made = [aws.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"] for _ in range(8)]
    expected = f"There are not enough free addresses in subnet '{subnet_id}' to satisfy the requested "
    full = ("InsufficientFreeAddressesInSubnet", f"{expected}number of instances.")
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, SecondaryPrivateIpAddressCount=3))
    assert refused() == full
    interfaces = [{"DeviceIndex": index, "SubnetId": subnet_id} for index in range(4)]
    edit(NetworkInterfaces=interfaces)
    assert refused() == full
    aws.ec2.delete_network_interface(NetworkInterfaceId=made[0]["NetworkInterfaceId"])
    instance = aws.ec2_instance(aws.launched())
    taken = [i["PrivateIpAddress"] for i in (*made[1:], *instance["NetworkInterfaces"])]
    assert sorted(taken) == sorted(f"10.0.0.{n}" for n in range(4, 15))


def test_an_interface_that_there_is_needs_no_room(aws, edit, subnet):
    """It has its address, also in a full subnet, and keeps it when its instance is gone."""
    subnet_id, _ = subnet()
    made = [aws.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"] for _ in range(11)]
    edit(NetworkInterfaces=_interface(NetworkInterfaceId=made[0]["NetworkInterfaceId"]))
    instance = aws.ec2_instance(aws.launched())
    assert instance["PrivateIpAddress"] == made[0]["PrivateIpAddress"]
    aws.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    assert aws.ec2_instance(aws.launched())["PrivateIpAddress"] == made[0]["PrivateIpAddress"]


def test_one_interface_is_not_attached_twice(aws, edit, refused):
    """Its id can stand at one index."""
    made = aws.ec2.create_network_interface(SubnetId=_subnet(aws)["SubnetId"])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    edit(NetworkInterfaces=[{"DeviceIndex": index, "NetworkInterfaceId": made} for index in (0, 1)])
    assert refused() == ("InvalidNetworkInterface.InUse", f"Interface: [{made}] in use.")


def test_interfaces_are_in_one_network(aws, edit, refused, subnet):
    """An interface of another VPC is refused, be it there or to be made; this is decided here."""
    first = {"DeviceIndex": 0, "SubnetId": _subnet(aws)["SubnetId"]}
    subnet_id, vpc_id = subnet()
    made = aws.ec2.create_network_interface(SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    default = aws.ec2.describe_subnets(SubnetIds=[first["SubnetId"]])["Subnets"][0]["VpcId"]
    message = f"Network interfaces of one instance may not be in several networks: {default}, {vpc_id}."
    for other in ({"SubnetId": subnet_id}, {"NetworkInterfaceId": made}):
        edit(NetworkInterfaces=[first, {"DeviceIndex": 1, **other}])
        assert refused() == ("InvalidParameterCombination", message)


def test_ipv6_addresses_are_those_of_the_subnet(aws, edit, refused):
    """As many as are asked for, or those that are named, of the subnet's own block."""
    vpc_id = aws.ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    (vpc,) = aws.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
    made = aws.ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.1.0.0/24", Ipv6CidrBlock=block)["Subnet"]
    subnet_id, network = made["SubnetId"], ip_network(block)
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, Ipv6Addresses=[{"Ipv6Address": "2001:db8::1"}]))
    message = "Address 2001:db8::1 does not fall within the subnet's address range"
    assert refused() == ("InvalidParameterValue", message)
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, Ipv6AddressCount=2))
    (interface,) = aws.ec2_instance(aws.launched())["NetworkInterfaces"]
    addresses = {ip_address(a["Ipv6Address"]) for a in interface["Ipv6Addresses"]}
    assert len(addresses) == 2
    assert all(address in network for address in addresses)
    named = [{"Ipv6Address": str(network[7])}]
    edit(NetworkInterfaces=_interface(SubnetId=subnet_id, Ipv6Addresses=named))
    (interface,) = aws.ec2_instance(aws.launched())["NetworkInterfaces"]
    assert [a["Ipv6Address"] for a in interface["Ipv6Addresses"]] == [str(network[7])]
