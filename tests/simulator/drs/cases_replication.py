"""Cases of replication configurations and replication configuration templates."""

from __future__ import annotations

from typing import Any

from tests.simulator.drs.cases import DB1, DB2, EC2_ORIGIN, Aws, effect, refusal

RULES = {"MINUTE": (10, 60), "HOUR": (1, 24), "DAY": (1, 14)}
SETTINGS: dict[str, Any] = {
    "stagingAreaSubnetId": "subnet-00000000000000404",
    "replicationServersSecurityGroupsIDs": [],
    "ebsEncryption": "NONE",
    "bandwidthThrottling": 50,
    "stagingAreaTags": {"team": "dr"},
    "pitPolicy": [
        {"units": unit, "interval": interval, "retentionDuration": kept, "enabled": True}
        for unit, (interval, kept) in RULES.items()
    ],
}
"""All that CreateReplicationConfigurationTemplate requires; the subnet does not exist."""


def created(aws: Aws, **settings: Any) -> dict[str, Any]:
    """Create a template with a subnet that exists, and return the answer."""
    subnet = aws.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    wanted = SETTINGS | {"stagingAreaSubnetId": subnet} | settings
    answer = dict(aws.drs.create_replication_configuration_template(**wanted))
    del answer["ResponseMetadata"]
    return answer


def templates(aws: Aws) -> list[dict[str, Any]]:
    return list(aws.drs.describe_replication_configuration_templates()["items"])


@effect("GetReplicationConfiguration")
def get_replication(aws: Aws) -> None:
    """It names a default subnet of EC2 and the server's disks, the first of which boots."""
    configuration = aws.drs.get_replication_configuration(sourceServerID=DB1)
    aws.ec2.describe_subnets(SubnetIds=[configuration["stagingAreaSubnetId"]])
    disks = {disk["deviceName"]: disk["isBootDisk"] for disk in configuration["replicatedDisks"]}
    assert disks == {"/dev/nvme0n1": True, "/dev/nvme1n1": False}
    assert len(configuration["pitPolicy"]) == 3


@effect("UpdateReplicationConfiguration")
def update_replication(aws: Aws) -> None:
    """It changes what it names, of this server, and nothing else."""
    before = aws.drs.get_replication_configuration(sourceServerID=DB1)
    changes = {"bandwidthThrottling": 50, "createPublicIP": True, "stagingAreaTags": {"a": "b"}}
    aws.drs.update_replication_configuration(sourceServerID=DB1, **changes)
    after = aws.drs.get_replication_configuration(sourceServerID=DB1)
    del before["ResponseMetadata"], after["ResponseMetadata"]
    assert after == before | changes
    disk = {"deviceName": "/dev/nvme1n1", "stagingDiskType": "IO1", "iops": 4000}
    aws.drs.update_replication_configuration(sourceServerID=DB1, replicatedDisks=[disk])
    first, second = aws.drs.get_replication_configuration(sourceServerID=DB1)["replicatedDisks"]
    assert (first, second) == (before["replicatedDisks"][0], before["replicatedDisks"][1] | disk)
    assert aws.drs.get_replication_configuration(sourceServerID=DB2)["bandwidthThrottling"] == 0


@effect("CreateReplicationConfigurationTemplate")
def create_template(aws: Aws) -> None:
    """It decides how servers replicate that are added later, and what is kept of them; none that exists."""
    template = created(aws, createPublicIP=True)
    before = aws.drs.get_replication_configuration(sourceServerID=DB1)
    aws.add_server()
    added = aws.drs.get_replication_configuration(sourceServerID=EC2_ORIGIN)
    assert {name: added[name] for name in SETTINGS} == {name: template[name] for name in SETTINGS}
    assert (added["createPublicIP"], before["createPublicIP"]) == (True, False)
    kept = {
        server_id: len(aws.drs.describe_recovery_snapshots(sourceServerID=server_id)["items"])
        for server_id in (DB1, EC2_ORIGIN)
    }
    assert kept[EC2_ORIGIN] == kept[DB1] + 7


@effect("DescribeReplicationConfigurationTemplates")
def describe_templates(aws: Aws) -> None:
    """It shows the template as it was created, with its tags."""
    assert templates(aws) == []
    template = created(aws, tags={"owner": "eve"})
    assert templates(aws) == [template]
    tags = aws.drs.list_tags_for_resource(resourceArn=template["arn"])["tags"]
    assert tags == template["tags"] == {"owner": "eve"}


@effect("UpdateReplicationConfigurationTemplate")
def update_template(aws: Aws) -> None:
    """It changes what it names, and nothing else; it checks what it is given."""
    template = created(aws)
    named = {"replicationConfigurationTemplateID": template["replicationConfigurationTemplateID"]}
    aws.drs.update_replication_configuration_template(**named, bandwidthThrottling=7)
    assert templates(aws) == [template | {"bandwidthThrottling": 7}]


@effect("DeleteReplicationConfigurationTemplate")
def delete_template(aws: Aws) -> None:
    """It makes room for another; servers that are added no longer follow it."""
    template_id = created(aws)["replicationConfigurationTemplateID"]
    aws.drs.delete_replication_configuration_template(replicationConfigurationTemplateID=template_id)
    aws.add_server()
    added = aws.drs.get_replication_configuration(sourceServerID=EC2_ORIGIN)
    assert added["bandwidthThrottling"] == 0
    assert templates(aws) == []
    assert created(aws)["replicationConfigurationTemplateID"] != template_id


@refusal("CreateReplicationConfigurationTemplate", "ServiceQuotaExceededException")
def create_two(aws: Aws) -> None:
    """There is one template."""
    created(aws)
    created(aws)


@refusal("UpdateReplicationConfiguration", "ConflictException")
def update_disconnected(aws: Aws) -> None:
    """The replication of a disconnected server cannot be configured."""
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    aws.drs.update_replication_configuration(sourceServerID=DB1, bandwidthThrottling=1)
