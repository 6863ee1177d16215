"""Launch configurations and EC2 launch templates: what they change about the next launch."""

from __future__ import annotations

import pytest

from tests.simulator.drs.cases import DB1, DB2, EC2_ORIGIN
from tests.simulator.drs.cases_launches import ACTION, SECOND, actions


def _launched(aws, server_id=DB1):
    return aws.ec2_instance(aws.launched(server_id))


def _tags(instance):
    return {tag["Key"]: tag["Value"] for tag in instance["Tags"]}


def _versions(aws, template_id):
    return aws.ec2.describe_launch_template_versions(LaunchTemplateId=template_id)["LaunchTemplateVersions"]


def test_an_update_changes_what_it_names_only(aws, configure):
    """What a request leaves out stays as it was, also inside the same configuration."""
    before = aws.drs.get_launch_configuration(sourceServerID=DB1)
    configure(copyTags=True, licensing={"osByol": True})
    after = configure(recoveryMode="FAST", name="db")
    del before["ResponseMetadata"], after["ResponseMetadata"]
    changed = {"copyTags": True, "licensing": {"osByol": True}, "recoveryMode": "FAST", "name": "db"}
    assert after == before | changed


def test_copy_tags_gives_the_tags_of_the_server_to_the_instance(aws, configure):
    """The tags of a source server reach its EC2 instance with copyTags only."""
    assert "Application" not in _tags(_launched(aws, DB2))
    configure(copyTags=True)
    assert _tags(_launched(aws))["Application"] == "web-shop"


def test_copy_private_ip_gives_the_address_of_the_server_to_the_instance(aws, configure):
    """With copyPrivateIp it has the address at the source, where the subnet has it."""
    configure(copyPrivateIp=True)
    (interface,) = aws.server()["sourceProperties"]["networkInterfaces"]
    assert _launched(aws)["PrivateIpAddress"] == interface["ips"][0]


def test_the_name_is_the_name_tag(aws, configure):
    """The configuration's name is the Name tag of the next instance."""
    configure(name="shop-db-one")
    assert _tags(_launched(aws))["Name"] == "shop-db-one"


def test_r12_a_static_address_needs_no_copied_one(aws, configure, edit):
    """R-12: the launch template's address counts with copyPrivateIp false, and not with true."""
    edit(NetworkInterfaces=[{"DeviceIndex": 0, "PrivateIpAddress": "172.31.3.3"}])
    assert _launched(aws)["PrivateIpAddress"] == "172.31.3.3"
    configure(copyPrivateIp=True)
    assert _launched(aws)["PrivateIpAddress"] != "172.31.3.3"


def test_the_default_version_decides_subnet_groups_and_tags(aws, edit):
    """An instance is launched with what its launch template's default version has."""
    subnet = aws.ec2.describe_subnets()["Subnets"][1]
    group = aws.ec2.create_security_group(GroupName="db", Description="db", VpcId=subnet["VpcId"])["GroupId"]
    edit(
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet["SubnetId"], "Groups": [group]}],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "cost", "Value": "42"}]}],
    )
    instance = _launched(aws)
    assert instance["SubnetId"] == subnet["SubnetId"]
    assert [g["GroupId"] for g in instance["SecurityGroups"]] == [group]
    assert {"cost": "42", "Name": "shop-db-1"}.items() <= _tags(instance).items()


def test_a_name_that_is_taken_does_not_matter(aws):
    """DRS makes its launch template beside one that someone gave the same name."""
    data = {"InstanceType": "t3.micro"}
    theirs = aws.ec2.create_launch_template(LaunchTemplateName=f"drs-{EC2_ORIGIN}", LaunchTemplateData=data)
    aws.add_server()
    ours = aws.drs.get_launch_configuration(sourceServerID=EC2_ORIGIN)["ec2LaunchTemplateID"]
    assert ours != theirs["LaunchTemplate"]["LaunchTemplateId"]


def test_a_version_that_is_not_the_default_changes_nothing(aws, template_id, configure):
    """Only the default version is launched."""
    configure(targetInstanceTypeRightSizingMethod="NONE")
    aws.ec2.create_launch_template_version(
        LaunchTemplateId=template_id, LaunchTemplateData={"InstanceType": "t3.micro"}
    )
    assert _launched(aws)["InstanceType"] == "m5.2xlarge"


def test_r11_right_sizing_overwrites_the_instance_type(aws, configure, edit, template_id):
    """R-11: with right-sizing DRS writes the type that fits the server; without, the template's counts."""
    edit(InstanceType="t3.micro")
    assert _launched(aws)["InstanceType"] == "m5.2xlarge"
    assert _versions(aws, template_id)[-1]["LaunchTemplateData"]["InstanceType"] == "m5.2xlarge"
    configure(targetInstanceTypeRightSizingMethod="NONE")
    edit(InstanceType="t3.micro")
    assert _launched(aws)["InstanceType"] == "t3.micro"


def test_r11_an_update_makes_a_template_version_by_itself(aws, configure, edit, template_id):
    """R-11: UpdateLaunchConfiguration writes a new default version; what people wrote stays in it."""
    tag = {"Key": "cost", "Value": "42"}
    edit(TagSpecifications=[{"ResourceType": "instance", "Tags": [tag]}])
    before = len(_versions(aws, template_id))
    configure(copyTags=True)
    versions = _versions(aws, template_id)
    assert len(versions) == before + 1
    assert versions[-1]["DefaultVersion"]
    assert tag in versions[-1]["LaunchTemplateData"]["TagSpecifications"][0]["Tags"]


def test_a_deleted_launch_template_is_made_again(aws, template_id):
    """A server whose launch template someone deleted is launched with a new one."""
    aws.ec2.delete_launch_template(LaunchTemplateId=template_id)
    assert _launched(aws)["State"]["Name"] == "running"
    again = aws.drs.get_launch_configuration(sourceServerID=DB1)["ec2LaunchTemplateID"]
    assert again != template_id


def test_a_template_gives_its_actions_to_servers_that_are_added_later(aws):
    """A new server has the template's actions; from then on each goes its own way."""
    template_id = aws.template()["launchConfigurationTemplateID"]
    aws.drs.put_launch_action(resourceId=template_id, **ACTION)
    aws.add_server()
    aws.drs.put_launch_action(resourceId=template_id, **SECOND | {"order": 3})
    assert [action["name"] for action in actions(aws, EC2_ORIGIN)] == [ACTION["name"]]
    assert len(actions(aws, template_id)) == 2


@pytest.mark.parametrize(
    "wanted",
    [{"resourceId": "lct-00000000000000404"}, {"resourceId": DB1}],
    ids=["unknown template", "unknown action"],
)
def test_what_is_not_there_is_not_found(aws, wanted):
    """A template or an action that does not exist is a ResourceNotFoundException."""
    with pytest.raises(aws.drs.exceptions.ResourceNotFoundException):
        aws.drs.delete_launch_action(actionId=ACTION["actionId"], **wanted)


def test_a_template_has_tags(aws):
    """A launch configuration template is tagged by ARN, as all resources are."""
    arn = aws.template(tags={"owner": "eve"})["arn"]
    aws.drs.tag_resource(resourceArn=arn, tags={"tier": "db"})
    aws.drs.untag_resource(resourceArn=arn, tagKeys=["owner"])
    (template,) = aws.drs.describe_launch_configuration_templates()["items"]
    assert template["tags"] == aws.drs.list_tags_for_resource(resourceArn=arn)["tags"] == {"tier": "db"}
