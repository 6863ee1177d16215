"""Private addresses in EC2, as moto's own tests would have it: under ``mock_aws`` alone.

A subnet keeps its first four addresses and its last one (VPC user guide, "Subnet sizing"); what is left is
given to one interface at a time.
"""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from drs_simulator.registration import register

register()


@pytest.fixture(scope="module")
def mocked():
    """Give a client of a mocked EC2, in which each test makes a network of its own."""
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield boto3.client("ec2", region_name="eu-west-1")


@pytest.fixture
def ec2(mocked):
    """Give the client."""
    return mocked


@pytest.fixture
def subnet_id(ec2):
    """Give the id of a subnet of eleven addresses."""
    vpc_id = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    return ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.0.0.0/28")["Subnet"]["SubnetId"]


USABLE = {f"10.0.0.{number}" for number in range(4, 15)}


def _create(ec2, subnet_id, **options):
    return ec2.create_network_interface(SubnetId=subnet_id, **options)["NetworkInterface"]


def _addresses(interface):
    return [address["PrivateIpAddress"] for address in interface["PrivateIpAddresses"]]


def test_create_network_interface__all_addresses_of_a_subnet(ec2, subnet_id):
    made = [_create(ec2, subnet_id) for _ in USABLE]
    assert {interface["PrivateIpAddress"] for interface in made} == USABLE
    with pytest.raises(ClientError) as exc:
        _create(ec2, subnet_id)
    assert exc.value.response["Error"]["Code"] == "InsufficientFreeAddressesInSubnet"
    ec2.delete_network_interface(NetworkInterfaceId=made[3]["NetworkInterfaceId"])
    assert _create(ec2, subnet_id)["PrivateIpAddress"] == made[3]["PrivateIpAddress"]


def test_create_network_interface__secondary_addresses(ec2, subnet_id):
    made = _create(ec2, subnet_id, SecondaryPrivateIpAddressCount=4)
    assert len(set(_addresses(made))) == 5
    assert set(_addresses(made)) <= USABLE
    with pytest.raises(ClientError):
        _create(ec2, subnet_id, SecondaryPrivateIpAddressCount=6)
    assert len(_addresses(_create(ec2, subnet_id, SecondaryPrivateIpAddressCount=5))) == 6


def test_create_network_interface__named_addresses_are_not_given_again(ec2, subnet_id):
    named = _create(ec2, subnet_id, PrivateIpAddress="10.0.0.7")
    others = [_create(ec2, subnet_id) for _ in range(10)]
    assert {i["PrivateIpAddress"] for i in (named, *others)} == USABLE


def test_run_instances__beside_interfaces(ec2, subnet_id):
    made = [_create(ec2, subnet_id) for _ in range(8)]
    run = ec2.run_instances(ImageId="ami-1", MinCount=3, MaxCount=3, SubnetId=subnet_id)["Instances"]
    assert {i["PrivateIpAddress"] for i in (*made, *run)} == USABLE


def test_run_instances__interface_keeps_its_address(ec2, subnet_id):
    made = [_create(ec2, subnet_id) for _ in USABLE]
    first = {"DeviceIndex": 0, "NetworkInterfaceId": made[0]["NetworkInterfaceId"]}
    run = ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, NetworkInterfaces=[first])["Instances"]
    assert run[0]["PrivateIpAddress"] == made[0]["PrivateIpAddress"]
    ec2.terminate_instances(InstanceIds=[run[0]["InstanceId"]])
    with pytest.raises(ClientError):
        _create(ec2, subnet_id)


@pytest.mark.parametrize(
    "options", [{"SecondaryPrivateIpAddressCount": 2}, {"PrivateIpAddresses": ["10.0.0.9"]}]
)
def test_assign_private_ip_addresses(ec2, subnet_id, options):
    interface_id = _create(ec2, subnet_id)["NetworkInterfaceId"]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=interface_id, **options)
    (described,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    held = _addresses(described)
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface_id, PrivateIpAddresses=held[1:])
    others = {_create(ec2, subnet_id)["PrivateIpAddress"] for _ in range(10)}
    assert others | {held[0]} == USABLE
