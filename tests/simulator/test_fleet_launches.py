"""Fleets that say how servers are launched, and into which networks."""

from __future__ import annotations

import boto3
import httpx
import pytest

from drs_simulator.fleet import FleetError, read_fleet
from drs_simulator.server import Server

DB, LATER = "s-000000000000db001", "s-00000000000web009"
ALL = "other-a, recovery-a, recovery-b"
FLEET = """
account: "123456789012"
region: eu-west-1
networks:
- name: recovery
  cidr: 10.20.0.0/16
  security_groups: [web, db]
  subnets:
  - {name: recovery-a, cidr: 10.20.1.0/24, zone: eu-west-1a}
  - {name: recovery-b, cidr: 10.20.2.0/24, zone: eu-west-1b}
- name: other
  cidr: 10.30.0.0/16
  security_groups: [app]
  subnets:
  - {name: other-a, cidr: 10.30.1.0/24, zone: eu-west-1a}
servers:
- count: 2
  id: "s-00000000000web{n:03}"
  hostname: "web-{n}.example"
  launch_template:
    subnet: recovery-a
    security_groups: [web]
    instance_profile: web
- id: s-000000000000db001
  hostname: db-1.example
  launch_configuration:
    target_instance_type_right_sizing_method: NONE
    launch_disposition: STOPPED
    copy_tags: true
  launch_template:
    subnet: recovery-b
    security_groups: [db, default]
    private_ip: 10.20.2.10
    instance_type: r5.large
""".lstrip()


def _read(tmp_path, text=FLEET):
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    return read_fleet(path)


@pytest.mark.parametrize(
    ("line", "written", "message"),
    [
        (
            "security_groups: [web]\n    ",
            "security_groups: [app]\n    ",
            r"21:23: servers\.0\.launch_template\.security_groups\.0: 'app': .* recovery-a is: db, default",
        ),
        (
            "subnet: recovery-b",
            "subnet: recover-b",
            r"30:13: servers\.1\.launch_template\.subnet: 'recover-b': allowed .*: other-a, recovery-a, rec",
        ),
        (
            "subnet: recovery-a\n    ",
            "",
            r"20:22: servers\.0\.launch_template\.security_groups: allowed with a subnet",
        ),
        (
            "r5.large",
            "r5.tiny",
            r"33:20: servers\.1\..*\.instance_type: 'r5.tiny': allowed are instance types .* in eu-west-1",
        ),
        ("r5.large", "m7g.large", r"instance_type: 'm7g.large': allowed are instance types for x86_64"),
        (
            "method: NONE",
            "method: BASIC",
            r"33:20: .*'r5.large': allowed with launch_configuration: .*NONE\}: DRS overwrites it otherwise",
        ),
        ("10.20.2.10", "10.20.2.3", r"32:17: .*'10.20.2.3': allowed in recovery-b is 10.20.2.4 to 10.20.2"),
        ("10.20.2.10", "10.20.1.10", r"32:17: .*'10.20.1.10': allowed in recovery-b is 10.20.2.4 to"),
        ("10.20.2.10", "ten", r"private_ip: 'ten': allowed is an IPv4 address"),
        (
            "instance_profile: web",
            "private_ip: 10.20.1.9",
            r"private_ip: '10.20.1.9': allowed for one server",
        ),
        (
            "copy_tags: true",
            "copy_private_ip: true",
            rf"without copy_private_ip.*\n.*28:22: .*: True: .* {DB}: 172.31.2.199, not with 10.20.2.0/24",
        ),
        (
            "zone: eu-west-1b",
            "zone: eu-west-2b",
            r"9:50: networks\.0\.subnets\.1\.zone: 'eu-west-2b': allowed are the zones of eu-west-1: eu",
        ),
        ("10.20.2.0/24", "10.20.1.128/25", r"9:30: .*: allowed is what does not overlap recovery-a: 10.20.1"),
        ("10.20.2.0/24", "10.21.2.0/24", r"9:30: .*'10.21.2.0/24': allowed are blocks in 10.20.0.0/16"),
        ("10.20.2.0/24", "10.20.2.1/24", r"9:30: .*'10.20.2.1/24': allowed is an IPv4 block"),
        ("10.20.0.0/16", "10.0.0.0/8", r"5:9: networks\.0\.cidr: '10.0.0.0/8': allowed are blocks from /16"),
        ("name: other-a", "name: recovery", r"14:12: networks\.1\.subnets\.0\.name: 'recovery': .* once"),
        (
            "  security_groups: [app]",
            "  ids: {apps: sg-00000000000000a9a}\n  security_groups: [app]",
            r"12:15: networks\.1\.ids\.apps: .*: allowed are its groups and subnets: app, other-a",
        ),
        ("subnet: recovery-b", "subnet_id: a", r"30:5: .*\.subnet_id: allowed are subnet, security_groups"),
    ],
    ids=[
        "group of another VPC",
        "subnet that is nowhere",
        "groups without a subnet",
        "type that is nowhere",
        "type of another architecture",
        "type that DRS overwrites",
        "address that AWS keeps",
        "address of another subnet",
        "no address",
        "address of two",
        "address of the source in another network",
        "zone of another Region",
        "overlap",
        "block outside",
        "block with a host",
        "block too large",
        "name of two",
        "id of nothing",
        "unknown key",
    ],
)
def test_launches_that_contradict_the_network_are_refused(tmp_path, line, written, message):
    """With file, line, column, keys, the value and what is allowed."""
    assert FLEET.count(line) == 1
    with pytest.raises(FleetError, match=message) as refused:
        _read(tmp_path, FLEET.replace(line, written))
    assert str(refused.value).startswith(f"{tmp_path / 'fleet.yaml'}:")


def test_a_type_is_launched_where_its_zone_has_it(tmp_path):
    """One zone of the Region does not offer it, as far as moto knows."""
    text = FLEET.replace("r5.large", "p4d.24xlarge")
    with pytest.raises(FleetError, match=r"'p4d.24xlarge': allowed with a subnet in .*, not in eu-west-1b"):
        _read(tmp_path, text)


def test_servers_are_launched_as_their_fleet_says(local_aws, tmp_path):
    """Configuration and launch template have it from the start, and the instances too."""
    with Server(speed="immediate", fleet=_read(tmp_path)) as server:
        drs, ec2 = (local_aws.client(name, endpoint_url=server.url) for name in ("drs", "ec2"))
        configuration = drs.get_launch_configuration(sourceServerID=DB)
        assert configuration["launchDisposition"] == "STOPPED"
        latest = ec2.describe_launch_templates(LaunchTemplateIds=[configuration["ec2LaunchTemplateID"]])
        assert latest["LaunchTemplates"][0]["DefaultVersionNumber"] > 1
        added = _add(server.url, subnet="other-a", security_groups=["app"])
        assert added.json() == {"added": [LATER]}
        launched = _launched(drs, ec2)
    assert {name: _seen(instance) for name, instance in launched.items()} == {
        DB: ("10.20.2.10", "r5.large", "stopped", {"db", "default"}),
        LATER: (launched[LATER]["PrivateIpAddress"], "m5.large", "running", {"app"}),
        **{
            web: (launched[web]["PrivateIpAddress"], "m5.large", "running", {"web"})
            for web in ("s-00000000000web001", "s-00000000000web002")
        },
    }
    assert launched["s-00000000000web002"]["PrivateIpAddress"].startswith("10.20.1.")
    assert launched["s-00000000000web001"]["IamInstanceProfile"]["Arn"].endswith("/web")


def _add(url, networks=None, **launch_template):
    server = {"id": LATER, "hostname": "web-9.example", "launch_template": launch_template}
    body = {"servers": [server]} | ({} if networks is None else {"networks": networks})
    return httpx.post(f"{url}/simulator/servers", json=body, trust_env=False)


def _launched(drs, ec2):
    servers = [s["sourceServerID"] for s in drs.describe_source_servers()["items"]]
    drs.start_recovery(isDrill=True, sourceServers=[{"sourceServerID": server} for server in servers])
    instances = {r["sourceServerID"]: r["ec2InstanceID"] for r in drs.describe_recovery_instances()["items"]}
    described = ec2.describe_instances()["Reservations"]
    by_id = {i["InstanceId"]: i for reservation in described for i in reservation["Instances"]}
    return {server: by_id[instance] for server, instance in instances.items()}


def _seen(instance):
    groups = {group["GroupName"] for group in instance["SecurityGroups"]}
    return instance["PrivateIpAddress"], instance["InstanceType"], instance["State"]["Name"], groups


def test_a_server_added_later_is_launched_into_networks_of_the_fleet(local_aws, tmp_path):
    """What contradicts them, or was deleted since, is refused, and no server added."""
    with Server(speed="immediate", fleet=_read(tmp_path)) as server:
        ec2, drs = (local_aws.client(name, endpoint_url=server.url) for name in ("ec2", "drs"))
        wanted = [{"Name": "tag:Name", "Values": ["other-a"]}]
        (subnet,) = ec2.describe_subnets(Filters=wanted)["Subnets"]
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
        refused = [
            _add(server.url, subnet="other-a"),
            _add(server.url, subnet="other-b"),
            _add(server.url, subnet="other-a", networks=[]),
        ]
        assert len(drs.describe_source_servers()["items"]) == 3
    assert [answer.status_code for answer in refused] == [400] * 3
    assert [answer.json()["error"] for answer in refused] == [
        "launch_template.subnet: 'other-a': allowed are subnets of the fleet that EC2 has still",
        f"servers.0.launch_template.subnet: 'other-b': allowed are the subnets here: {ALL}",
        "networks: allowed in a fleet; EC2's own operations make more",
    ]


def test_subnets_groups_zones_and_functions_have_the_ids_that_the_fleet_gives_them():
    """So that plans can name them: those of the example plans are there when the simulator starts."""
    with Server(speed="immediate") as server:
        ec2 = _client(server.url, "ec2")
        ids = {"subnet-00000000000dec0de", "subnet-0000000000001501a"}
        assert ids <= {subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"]}
        assert "sg-00000000000dec0de" in {one["GroupId"] for one in _groups(ec2)}
        (zone,) = _client(server.url, "route53").list_hosted_zones()["HostedZones"]
        assert (zone["Id"], zone["Name"]) == ("/hostedzone/Z0TRADING", "trading.example")
        answer = _client(server.url, "lambda").invoke(FunctionName="trading-promote", Payload=b"{}")
        assert answer["StatusCode"] == 200


def _groups(ec2):
    return ec2.describe_security_groups()["SecurityGroups"]


def _client(url, service):
    own = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client(service, region_name="eu-west-1", endpoint_url=url, **own)
