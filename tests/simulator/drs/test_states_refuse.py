"""States in which an operation is refused, besides those that the table of operations proves."""

from __future__ import annotations

from functools import partial

import pytest

from tests.simulator.drs.cases import DB1

INSTANCE = "i-00000000000000404"


@pytest.mark.parametrize("operation", ["StopReplication", "DisconnectSourceServer", "DeleteSourceServer"])
def test_a_server_in_a_job_keeps_its_replication(aws, operation):
    """A server that a job works on is neither stopped nor disconnected nor deleted: a Conflict names both."""
    aws.hold_time()
    job = aws.start(DB1)
    with pytest.raises(aws.drs.exceptions.ConflictException, match=job["jobID"]) as refused:
        aws.drs._make_api_call(operation, {"sourceServerID": DB1})
    assert refused.value.response["resourceId"] == DB1


def test_a_disconnected_server_is_not_started(aws):
    """StartReplication is for STOPPED servers; the message has the state."""
    aws.drs.disconnect_source_server(sourceServerID=DB1)
    with pytest.raises(aws.drs.exceptions.ConflictException, match=r"DISCONNECTED.*STOPPED"):
        aws.drs.start_replication(sourceServerID=DB1)


def test_a_server_that_replicates_is_not_retried(aws):
    """RetryDataReplication is for STALLED, DISCONNECTED and STOPPED servers."""
    with pytest.raises(aws.drs.exceptions.ValidationException, match=r"CONTINUOUS.*STALLED"):
        aws.drs.retry_data_replication(sourceServerID=DB1)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"stagingAreaSubnetId": "subnet-00000404"}, "stagingAreaSubnetId"),
        ({"replicationServersSecurityGroupsIDs": ["sg-00000404"]}, "replicationServersSecurityGroupsIDs"),
        ({"ebsEncryption": "CUSTOM"}, "ebsEncryptionKeyArn"),
        ({"replicationServerInstanceType": "x9.huge"}, "replicationServerInstanceType"),
        ({"bandwidthThrottling": 10_001}, "bandwidthThrottling"),
        ({"replicatedDisks": [{"deviceName": "/dev/sdx"}]}, "replicatedDisks.deviceName"),
    ],
    ids=["subnet", "security group", "key", "type", "bandwidth", "disk"],
)
def test_replication_uses_what_there_is(aws, change, place):
    """An unknown subnet, group, type or disk, or a missing key, is refused by its place, and nothing changes.

    More than 10,000 Mb/s is refused as AWS's DRS-Settings-Tool does.
    """
    before = aws.drs.get_replication_configuration(sourceServerID=DB1)
    with pytest.raises(aws.drs.exceptions.ValidationException) as refused:
        aws.drs.update_replication_configuration(sourceServerID=DB1, **{"bandwidthThrottling": 7, **change})
    assert refused.value.response["fieldList"][0]["name"] == place
    after = aws.drs.get_replication_configuration(sourceServerID=DB1)
    assert after["bandwidthThrottling"] == before["bandwidthThrottling"] == 0


def test_replication_servers_are_in_one_network(aws):
    """A group of another VPC than the staging subnet is refused, in whichever request it comes."""
    vpc = aws.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    group = aws.ec2.create_security_group(GroupName="g", Description="g", VpcId=vpc)["GroupId"]
    subnet = aws.ec2.create_subnet(VpcId=vpc, CidrBlock="10.7.1.0/24")["Subnet"]["SubnetId"]
    default = aws.drs.get_replication_configuration(sourceServerID=DB1)["stagingAreaSubnetId"]
    update = partial(aws.drs.update_replication_configuration, sourceServerID=DB1)
    update(stagingAreaSubnetId=subnet, replicationServersSecurityGroupsIDs=[group])
    with pytest.raises(aws.drs.exceptions.ValidationException, match=f"{group} is in another network"):
        update(stagingAreaSubnetId=default)


def test_an_unknown_recovery_instance_is_a_validation_error(aws):
    """DeleteRecoveryInstance declares no ResourceNotFoundException."""
    with pytest.raises(aws.drs.exceptions.ValidationException, match=INSTANCE):
        aws.drs.delete_recovery_instance(recoveryInstanceID=INSTANCE)


def test_a_resource_has_fifty_tags(aws):
    """More are refused, those that it has counted in; one that it has can be changed."""
    server = aws.server()
    full = server["tags"] | {f"k{number}": "" for number in range(50 - len(server["tags"]))}
    aws.drs.tag_resource(resourceArn=server["arn"], tags=full)
    aws.drs.tag_resource(resourceArn=server["arn"], tags={"k1": "changed"})
    with pytest.raises(
        aws.drs.exceptions.ValidationException, match=r"would have 51: allowed are 50 at most"
    ):
        aws.drs.tag_resource(resourceArn=server["arn"], tags={"more": ""})
    assert aws.server()["tags"] == full | {"k1": "changed"}


def test_a_deleted_resource_has_no_tags(aws):
    """An ARN ends with its resource."""
    job = aws.start(DB1)
    aws.jobs()
    aws.drs.delete_job(jobID=job["jobID"])
    with pytest.raises(aws.drs.exceptions.ResourceNotFoundException):
        aws.drs.list_tags_for_resource(resourceArn=job["arn"])


@pytest.mark.parametrize("part", ["region", "account", "kind"])
def test_an_arn_is_known_as_a_whole(aws, part):
    """The id alone is not enough: another Region, account or kind is another resource."""
    other = {
        "region": (":eu-west-1:", ":eu-west-2:"),
        "account": (":123456789012:", ":210987654321:"),
        "kind": ("source-server/", "job/"),
    }[part]
    with pytest.raises(aws.drs.exceptions.ResourceNotFoundException):
        aws.drs.list_tags_for_resource(resourceArn=aws.server()["arn"].replace(*other))


def test_members_that_the_model_lacks_change_nothing(aws):
    """What an operation does not take is ignored, also where its answer has it."""
    client = aws.client("drs")
    body = f'{{"sourceServerID": "{DB1}", "ec2LaunchTemplateID": "lt-1", "copyTags": true}}'.encode()
    client.meta.events.register("before-call.drs", lambda params, **_: params.update(body=body))
    answer = client.update_launch_configuration(sourceServerID=DB1)
    assert answer["copyTags"] is True
    assert answer["ec2LaunchTemplateID"] != "lt-1"
