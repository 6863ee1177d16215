"""Cases of launch configurations, launch configuration templates and launch actions."""

from __future__ import annotations

from typing import Any

from tests.simulator.drs.cases import DB1, DB2, EC2_ORIGIN, Aws, effect, refusal

ACTION = {
    "actionId": "11111111-2222-3333-4444-555555555555",
    "actionCode": "AWS-RunShellScript",
    "order": 2,
    "optional": True,
    "active": True,
    "name": "Warm the caches",
    "actionVersion": "$DEFAULT",
    "category": "CONFIGURATION",
    "description": "Reads what is read most",
    "parameters": {"commands": {"value": "warm-caches", "type": "SSM_STORE"}},
}
SECOND = ACTION | {"actionId": "99999999-2222-3333-4444-555555555555", "name": "Say hello"}


def actions(aws: Aws, resource_id: str = DB1, **filters: Any) -> list[dict[str, Any]]:
    return list(aws.drs.list_launch_actions(resourceId=resource_id, filters=filters)["items"])


def templates(aws: Aws) -> list[dict[str, Any]]:
    return list(aws.drs.describe_launch_configuration_templates()["items"])


@effect("GetLaunchConfiguration")
def get(aws: Aws) -> None:
    """It names a launch template that EC2 has."""
    configuration = aws.drs.get_launch_configuration(sourceServerID=DB1)
    wanted = [configuration["ec2LaunchTemplateID"]]
    (template,) = aws.ec2.describe_launch_templates(LaunchTemplateIds=wanted)["LaunchTemplates"]
    assert template["LaunchTemplateName"].endswith(DB1)


@effect("UpdateLaunchConfiguration")
def update(aws: Aws) -> None:
    """It decides the next launch of this server: here, that its EC2 instance is stopped."""
    aws.drs.update_launch_configuration(sourceServerID=DB1, launchDisposition="STOPPED")
    aws.start(DB1, DB2)
    states = {server: instance["ec2InstanceState"] for server, instance in aws.instances().items()}
    assert states == {DB1: "STOPPED", DB2: "RUNNING"}
    assert aws.drs.get_launch_configuration(sourceServerID=DB1)["launchDisposition"] == "STOPPED"


@effect("CreateLaunchConfigurationTemplate")
def create(aws: Aws) -> None:
    """It decides how servers are launched that are added later; those that exist stay as they are."""
    aws.template(copyTags=True, recoveryMode="FAST", tags={"owner": "eve"})
    aws.add_server()
    added = aws.drs.get_launch_configuration(sourceServerID=EC2_ORIGIN)
    assert (added["copyTags"], added["recoveryMode"]) == (True, "FAST")
    assert aws.drs.get_launch_configuration(sourceServerID=DB1)["recoveryMode"] == "OPTIMAL"


@effect("DescribeLaunchConfigurationTemplates")
def describe(aws: Aws) -> None:
    """It shows the template as it was created, with its tags."""
    assert templates(aws) == []
    created = aws.template(copyPrivateIp=True, tags={"owner": "eve"})
    assert templates(aws) == [created]
    assert (created["copyPrivateIp"], created["tags"]) == (True, {"owner": "eve"})


@effect("UpdateLaunchConfigurationTemplate")
def update_template(aws: Aws) -> None:
    """It changes what it names, and nothing else."""
    created = aws.template(copyTags=True)
    template_id = created["launchConfigurationTemplateID"]
    aws.drs.update_launch_configuration_template(
        launchConfigurationTemplateID=template_id, launchDisposition="STOPPED"
    )
    assert templates(aws) == [created | {"launchDisposition": "STOPPED"}]


@effect("DeleteLaunchConfigurationTemplate")
def delete_template(aws: Aws) -> None:
    """It makes room for another."""
    template_id = aws.template()["launchConfigurationTemplateID"]
    aws.drs.delete_launch_configuration_template(launchConfigurationTemplateID=template_id)
    assert templates(aws) == []
    assert aws.template()["launchConfigurationTemplateID"] != template_id


@effect("PutLaunchAction")
def put(aws: Aws) -> None:
    """It adds an action, or replaces the one of the same id."""
    aws.drs.put_launch_action(resourceId=DB1, **ACTION)
    aws.drs.put_launch_action(resourceId=DB1, **ACTION | {"order": 7})
    assert actions(aws) == [ACTION | {"order": 7, "type": "SSM_COMMAND"}]


@effect("ListLaunchActions")
def list_actions(aws: Aws) -> None:
    """It shows a resource's actions in their order, or those asked for."""
    aws.drs.put_launch_action(resourceId=DB1, **SECOND | {"order": 3})
    aws.drs.put_launch_action(resourceId=DB1, **ACTION)
    assert [action["name"] for action in actions(aws)] == [ACTION["name"], SECOND["name"]]
    assert [a["name"] for a in actions(aws, actionIds=[SECOND["actionId"]])] == [SECOND["name"]]
    assert actions(aws, DB2) == []


@effect("DeleteLaunchAction")
def delete_action(aws: Aws) -> None:
    """It removes the action."""
    aws.drs.put_launch_action(resourceId=DB1, **ACTION)
    aws.drs.delete_launch_action(resourceId=DB1, actionId=ACTION["actionId"])
    assert actions(aws) == []


@refusal("UpdateLaunchConfiguration", "ConflictException")
def update_busy(aws: Aws) -> None:
    """How a server is launched cannot change while it is being launched."""
    aws.hold_time()
    aws.start(DB1)
    aws.drs.update_launch_configuration(sourceServerID=DB1, copyTags=True)


@refusal("CreateLaunchConfigurationTemplate", "ServiceQuotaExceededException")
def create_two(aws: Aws) -> None:
    """There is one template."""
    aws.template()
    aws.template()


@refusal("PutLaunchAction", "ConflictException")
def put_second(aws: Aws) -> None:
    """Two actions of a resource have different orders."""
    aws.drs.put_launch_action(resourceId=DB1, **ACTION)
    aws.drs.put_launch_action(resourceId=DB1, **SECOND)
