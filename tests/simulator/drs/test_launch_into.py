"""Launching into an EC2 instance that there is already."""

from __future__ import annotations

import pytest

from tests.simulator.drs.cases import DB1

OTHER = "s-00000000000app001"
TARGET_TAG = {"Key": "AWSDRS", "Value": "AllowLaunchingIntoThisInstance"}


@pytest.fixture
def target(aws):
    """Give the id of an EC2 instance that may be launched into."""
    tags = [{"ResourceType": "instance", "Tags": [TARGET_TAG]}]
    run = aws.ec2.run_instances(ImageId="ami-1", MinCount=1, MaxCount=1, TagSpecifications=tags)
    return run["Instances"][0]["InstanceId"]


def _into(instance_id):
    return {"launchIntoInstanceProperties": {"launchIntoEC2InstanceID": instance_id}}


def _tags(instance):
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def test_a_server_is_launched_into_an_instance(aws, configure, target):
    """The recovery instance is the EC2 instance that the configuration names."""
    configure(**_into(target))
    assert aws.launched() == target
    assert _tags(aws.ec2_instance(target))["AWSElasticDisasterRecoverySourceServerID"] == DB1


def test_r14_an_instance_that_is_launched_into_again_lives_on(aws, configure, target):
    """The next launch takes the same instance, and terminates nothing."""
    configure(**_into(target))
    aws.launched()
    assert aws.launched() == target
    assert aws.ec2_instance(target)["State"]["Name"] == "running"


def test_terminating_ends_an_instance_that_was_launched_into(aws, configure, target):
    """TerminateRecoveryInstances terminates whatever the recovery instance runs in."""
    configure(**_into(target))
    aws.drs.terminate_recovery_instances(recoveryInstanceIDs=[aws.launched()])
    assert aws.instances() == {}
    assert aws.ec2_instance(target)["State"]["Name"] == "terminated"


@pytest.mark.parametrize("case", ["unknown", "untagged", "copyTags", "copyPrivateIp"])
def test_not_every_instance_can_be_launched_into(aws, configure, target, case):
    """It must exist and have the tag that allows it, with nothing copied to it; a refusal leaves no trace."""
    wanted, others = target, {}
    if case == "unknown":
        wanted = "i-00000000000000404"
    elif case == "untagged":
        aws.ec2.delete_tags(Resources=[target], Tags=[TARGET_TAG])
    else:
        others = {case: True}
    with pytest.raises(aws.drs.exceptions.ValidationException, match=wanted) as refused:
        configure(**_into(wanted), **others)
    place = "launchIntoInstanceProperties.launchIntoEC2InstanceID"
    assert refused.value.response["fieldList"][0]["name"] == place
    assert aws.drs.get_launch_configuration(sourceServerID=DB1)["launchIntoInstanceProperties"] == {}


def test_an_instance_to_launch_into_must_be_there(aws, configure, target, refused):
    """What is launched into is not replaced by a new instance when it is gone; this is decided here."""
    configure(**_into(target))
    aws.ec2.terminate_instances(InstanceIds=[target])
    assert refused()[0] == "IncorrectInstanceState"


def test_an_instance_to_launch_into_must_allow_it_still(aws, configure, target, refused):
    """Without its tag DRS may not start it: so says the policy of its service role."""
    configure(**_into(target))
    aws.ec2.delete_tags(Resources=[target], Tags=[TARGET_TAG])
    assert refused()[0] == "UnauthorizedOperation"


def test_an_instance_of_another_server_is_not_launched_into(aws, configure, target, refused):
    """Two servers in one instance are one server too few: the second fails; this is decided here."""
    aws.drs.update_launch_configuration(sourceServerID=OTHER, **_into(target))
    aws.start(OTHER)
    aws.let_pass()
    configure(**_into(target))
    assert refused() == (
        "IncorrectInstanceState",
        f"The instance '{target}' is the recovery instance of {OTHER}.",
    )
    assert aws.instances()[OTHER]["recoveryInstanceID"] == target


def test_an_instance_of_another_architecture_is_not_launched_into(aws, configure, refused):
    """An image of x86_64 does not run there."""
    tags = [{"ResourceType": "instance", "Tags": [TARGET_TAG]}]
    run = aws.ec2.run_instances(
        ImageId="ami-1", MinCount=1, MaxCount=1, InstanceType="m6g.large", TagSpecifications=tags
    )
    configure(**_into(run["Instances"][0]["InstanceId"]))
    code, message = refused()
    assert code == "InvalidParameterValue"
    assert "'arm64'" in message
