"""A tool as teams run it in production: with boto3, and with the AWS CLI.

It moves every interface of every launch template of DRS to another subnet, makes the latest version the
default one, copies the tags of EC2 instances to their source servers, and drills.
"""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import boto3
from awscli.clidriver import create_clidriver
from botocore import xform_name

AWS_CLI = Path(sys.executable).with_name("aws")
HOME, ORIGIN = "eu-west-1", "eu-central-1"
OF_DRS = [{"Name": "tag:AWSElasticDisasterRecoveryManaged", "Values": ["drs.amazonaws.com"]}]


class Boto3:
    """Calls by boto3."""

    def __init__(self):
        self._client = cache(boto3.client)

    def call(self, service, operation, region=HOME, **parameters):
        """Do a call; return its answer."""
        return getattr(self._client(service, region_name=region), xform_name(operation))(**parameters)

    def every(self, service, operation, member, region=HOME, **parameters):
        """Return what all pages of a list have."""
        pages = self._client(service, region_name=region).get_paginator(xform_name(operation))
        return [item for page in pages.paginate(**parameters) for item in page[member]]


class Cli:
    """Calls by commands of the AWS CLI, in one process: to start it again takes a second and more a call."""

    def __init__(self):
        self._driver = create_clidriver()

    def call(self, service, operation, region=HOME, **parameters):
        """Do a call; return its answer."""
        command = [service, xform_name(operation, "-"), "--cli-input-json", json.dumps(parameters)]
        with redirect_stdout(StringIO()) as out, redirect_stderr(StringIO()) as expected:
            status = self._driver.main([*command, "--region", region, "--output", "json"])
        assert status == 0, (command, expected.getvalue())
        return json.loads(out.getvalue() or "{}")

    def every(self, service, operation, member, region=HOME, **parameters):
        """Return what all pages of a list have: the CLI goes through them by itself."""
        return self.call(service, operation, region, **parameters)[member]


class Tool:
    """What the tool does, whatever it calls by."""

    def __init__(self, by):
        self.by = by

    def move(self, subnet_id):
        """Move every interface of every launch template; return the templates' ids."""
        templates = self.by.every("ec2", "DescribeLaunchTemplates", "LaunchTemplates", Filters=OF_DRS)
        for template_id in (ids := [template["LaunchTemplateId"] for template in templates]):
            named = {"LaunchTemplateId": template_id}
            (latest,) = self.by.every(
                "ec2",
                "DescribeLaunchTemplateVersions",
                "LaunchTemplateVersions",
                Versions=["$Latest"],
                **named,
            )
            moved = [i | {"SubnetId": subnet_id} for i in latest["LaunchTemplateData"]["NetworkInterfaces"]]
            self.by.call(
                "ec2",
                "CreateLaunchTemplateVersion",
                SourceVersion="$Latest",
                LaunchTemplateData={"NetworkInterfaces": moved},
                **named,
            )
            self.by.call("ec2", "ModifyLaunchTemplate", DefaultVersion="$Latest", **named)
        return ids

    def copy_tags(self, servers):
        """Copy the tags of the instances that source servers are, in the Region that they come from."""
        for server in servers:
            hints = server["sourceProperties"]["identificationHints"]
            if (instance_id := hints.get("awsInstanceID")) is None:
                continue
            wanted = [{"Name": "resource-id", "Values": [instance_id]}]
            region = server["sourceCloudProperties"]["originRegion"]
            tags = self.by.every("ec2", "DescribeTags", "Tags", region, Filters=wanted)
            copied = {tag["Key"]: tag["Value"] for tag in tags}
            self.by.call("drs", "TagResource", resourceArn=server["arn"], tags=copied)

    def drill(self, servers):
        """Launch all servers; return the EC2 instances by source server."""
        wanted = [{"sourceServerID": server["sourceServerID"]} for server in servers]
        job = self.by.call("drs", "StartRecovery", isDrill=True, sourceServers=wanted)["job"]
        (seen,) = self.by.every("drs", "DescribeJobs", "items", filters={"jobIDs": [job["jobID"]]})
        assert seen["status"] == "COMPLETED"
        assert {s["launchStatus"] for s in seen["participatingServers"]} == {"LAUNCHED"}
        recovered = self.by.every("drs", "DescribeRecoveryInstances", "items")
        reservations = self.by.every("ec2", "DescribeInstances", "Reservations")
        instances = {i["InstanceId"]: i for r in reservations for i in r["Instances"]}
        return {r["sourceServerID"]: instances[r["ec2InstanceID"]] for r in recovered}

    def clean_up(self, instances):
        """Terminate what was launched."""
        ids = [instance["InstanceId"] for instance in instances.values()]
        self.by.call("drs", "TerminateRecoveryInstances", recoveryInstanceIDs=ids)
        assert self.by.every("drs", "DescribeRecoveryInstances", "items") == []


def _drilled_elsewhere(by):
    """Let the tool work; return the servers' instances, with the subnet that they were moved to."""
    tool = Tool(by)
    subnets = by.every("ec2", "DescribeSubnets", "Subnets")
    subnet_id = max(subnets, key=lambda subnet: subnet["AvailabilityZone"])["SubnetId"]
    servers = by.every("drs", "DescribeSourceServers", "items")
    assert len(tool.move(subnet_id)) == len(servers)
    tool.copy_tags(servers)
    for server in servers:
        by.call("drs", "UpdateLaunchConfiguration", sourceServerID=server["sourceServerID"], copyTags=True)
    instances = tool.drill(servers)
    assert set(instances) == {server["sourceServerID"] for server in servers}
    assert {instance["SubnetId"] for instance in instances.values()} == {subnet_id}
    tool.clean_up(instances)
    return {server_id: {tag["Key"]: tag["Value"] for tag in i["Tags"]} for server_id, i in instances.items()}


def _add_tools(local_aws, count):
    """Let agents connect servers that run in EC2 elsewhere."""
    local_aws.control.add_server(
        "s-00000000tool{n:05}",
        "tool-{n}.example",
        count=count,
        origin_region=ORIGIN,
        origin_tags={"CostCentre": "4{n}"},
    )


def _cost_centres(tags, count):
    return [tags[f"s-00000000tool{n:05}"]["CostCentre"] for n in range(1, count + 1)]


def test_a_tool_with_boto3_moves_copies_and_drills(local_aws):
    """Of more launch templates than a page once had; tags of an instance reach the one that is launched."""
    _add_tools(local_aws, 7)
    tags = _drilled_elsewhere(Boto3())
    assert (len(tags), _cost_centres(tags, 7)) == (23, [f"4{n}" for n in range(1, 8)])


def test_a_tool_with_the_cli_moves_copies_and_drills(local_aws, tmp_path, monkeypatch):
    """The same steps as commands; the installed command sees what they did."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    _add_tools(local_aws, 3)
    tags = _drilled_elsewhere(Cli())
    assert (len(tags), _cost_centres(tags, 3)) == (19, ["41", "42", "43"])
    command = [AWS_CLI, "drs", "describe-jobs", "--query", "items[].initiatedBy", "--output", "text"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["START_DRILL", "TERMINATE_RECOVERY_INSTANCES"]
