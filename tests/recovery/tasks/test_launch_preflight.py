"""What launch settings name is looked for before anything is launched: types, subnets, groups, addresses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recovery.tasks.checked import SURE, refused, warned
from tests.recovery.tasks.conftest import DB, WEB, Drive, plan
from tests.recovery.tasks.settings import PAIR, subnet


def opened(launch: dict[str, Any], *, run_id: str = "manual__1", conf: Any = None, **fields: Any) -> Drive:
    return Drive(plan(PAIR | {"launch": launch}, **fields), run_id=run_id, **(conf or {}))


def test_all_that_ec2_does_not_have_is_named_at_once_and_blocks_a_drill(table: Any, starts: Any) -> None:
    """With its servers; a recovery is warned of it."""
    place, group = subnet(table)
    (default,) = table.client("ec2").describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["default"]}, {"Name": "vpc-id", "Values": [_other(table)]}]
    )["SecurityGroups"]
    launch = {
        "instance_type": "u-12tb1.112xlarge",
        "subnet": place,
        "security_groups": [group, default["GroupId"], "sg-0gone"],
        "servers": {
            DB: {"private_ip": "10.9.1.3"},
            WEB: {"private_ip": "10.0.0.9", "subnet": "subnet-0gone"},
        },
    }
    text = refused(opened(launch))
    assert "launch: there is no subnet subnet-0gone in this account and Region: s-00000000000web001" in text
    assert "there is no security group sg-0gone in this account and Region: s-000000000000db001" in text
    assert f"{default['GroupId']} is a security group of {default['VpcId']}, and {place} is in vpc-" in text
    assert f"EC2 does not offer u-12tb1.112xlarge in eu-west-1a, the zone of {place}" in text
    assert f"10.9.1.3 is one of AWS's own in {place} (10.9.1.0/24)" in text
    real = opened(launch, run_id="manual__2", conf=SURE)
    real.execute("open_execution")
    assert "there is no subnet subnet-0gone" in warned(real)["launch"]
    assert starts() == 0


def _other(table: Any) -> str:
    (vpc,) = table.client("ec2").describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    return str(vpc["VpcId"])


def test_an_address_is_inside_its_subnet_and_free(table: Any) -> None:
    """But for that of the instance which a launch replaces."""
    place, group = subnet(table, "10.9.1.0/28")
    inside = {"subnet": place, "security_groups": [group]}
    assert f"10.9.2.5 is outside {place}" in refused(
        opened(inside | {"servers": {DB: {"private_ip": "10.9.2.5"}}})
    )
    table.client("ec2").create_network_interface(SubnetId=place, PrivateIpAddress="10.9.1.5")
    taken = inside | {"servers": {DB: {"private_ip": "10.9.1.5"}}}
    assert "10.9.1.5 of " in refused(opened(taken, run_id="manual__2"))
    own = inside | {"servers": {DB: {"private_ip": "10.9.1.6"}}}
    for run in ("manual__3", "manual__4"):
        drive = opened(own, run_id=run)
        drive.execute("open_execution")
        assert "launch" not in warned(drive)
        drive.execute("pair.start_recovery")
        drive.execute("pair.wait_for_recovery")
        drive.execute("complete_execution")


def test_a_subnet_with_too_few_free_addresses_is_named(table: Any) -> None:
    """Two servers need two."""
    place, group = subnet(table, "10.9.1.0/28")
    for _ in range(10):
        table.client("ec2").create_network_interface(SubnetId=place)
    text = refused(opened({"subnet": place, "security_groups": [group]}))
    assert f"{place} has 1 free addresses, and 2 servers are launched into it" in text


@pytest.mark.parametrize("own", [True, False], ids=["of its own", "of the VPC"])
def test_a_drill_s_network_leads_nowhere(table: Any, own: bool) -> None:
    """Local routes and endpoints only, in the subnet's table or the VPC's main one; a plan may block it."""
    place, group = subnet(table)
    ec2 = table.client("ec2")
    inside = {"launch_in_drills": {"subnet": place, "security_groups": [group]}}
    quiet = Drive(plan(PAIR | inside))
    quiet.execute("open_execution")
    assert "drill_network" not in warned(quiet)
    (found,) = ec2.describe_subnets(SubnetIds=[place])["Subnets"]
    (main,) = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [found["VpcId"]]}])[
        "RouteTables"
    ]
    routes = ec2.create_route_table(VpcId=found["VpcId"])["RouteTable"] if own else main
    if own:
        ec2.associate_route_table(RouteTableId=routes["RouteTableId"], SubnetId=place)
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=found["VpcId"])
    ec2.create_route(RouteTableId=routes["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    strict = plan(PAIR | inside, id="strict", preflight={"drill_network": "block"})
    text = f"routes lead out of {place}, into which a drill is launched: {gateway}"
    assert text in refused(Drive(strict))
    real = Drive(strict, run_id="manual__2", execution_type="RECOVERY", confirm="strict")
    real.execute("open_execution")
    assert "drill_network" not in warned(real)


def test_a_drill_in_the_subnet_of_a_recovery_is_named(table: Any) -> None:
    """Whoever forgets `launch_in_drills` reads it at each gate."""
    place, group = subnet(table)
    drive = opened({"subnet": place, "security_groups": [group]})
    drive.execute("open_execution")
    assert f"a drill is launched into {place}, the subnet of a recovery" in warned(drive)["drill_network"]


def test_what_cannot_be_asked_for_does_not_pass(table: Any) -> None:
    """EC2 denies a look: that is the problem of the check."""
    table.control.deny("ec2", "DescribeSubnets")
    assert "what the launch settings name cannot be asked for" in refused(opened({"subnet": "subnet-0a"}))
