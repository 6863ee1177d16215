"""What DRS may do with its caller's rights is what AWS lists for it, within AWS's own policy."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests import iam

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LISTED = {
    "drs": ["CreateRecoveryInstanceForDrs", "DescribeSourceServers", "ListTagsForResource"],
    "ec2": [
        *("AttachVolume", "AuthorizeSecurityGroupEgress", "AuthorizeSecurityGroupIngress"),
        *("CreateLaunchTemplate", "CreateLaunchTemplateVersion", "CreateSnapshot", "CreateTags"),
        *("CreateVolume", "DeleteLaunchTemplateVersions", "DeleteSnapshot", "DeleteVolume"),
        *("DescribeAccountAttributes", "DescribeAvailabilityZones", "DescribeImages"),
        *("DescribeInstanceAttribute", "DescribeInstanceStatus", "DescribeInstanceTypes"),
        *("DescribeInstances", "DescribeLaunchTemplateVersions", "DescribeLaunchTemplates"),
        *("DescribeSecurityGroups", "DescribeSnapshots", "DescribeSubnets", "DescribeVolumes"),
        *("DetachVolume", "ModifyInstanceAttribute", "ModifyLaunchTemplate", "RevokeSecurityGroupEgress"),
        *("RunInstances", "StartInstances", "StopInstances", "TerminateInstances"),
    ],
    "iam": ["PassRole"],
}
"""Dependent actions of StartRecovery and TerminateRecoveryInstances, by AWS's reference of authorization."""

THROUGH_A_SERVICE = {
    ("Bool", "aws:ViaAWSService", "true"),
    ("ForAnyValue:StringEquals", "aws:CalledVia", "drs.amazonaws.com"),
}
FOR_PEOPLE = {"ec2:GetConsoleOutput", "ec2:GetConsoleScreenshot"}
"""What DRS's pages show of an instance; no launch needs it."""


class Grant(NamedTuple):
    """One action on one kind of resource, and under which conditions."""

    action: str
    resource: str
    conditions: dict[tuple[str, str], frozenset[str]]

    def covers(self, other: Grant) -> bool:
        """Tell whether all that another one allows is allowed by this one."""
        return (
            fnmatchcase(other.action, self.action)
            and fnmatchcase(other.resource, self.resource)
            and all(other.conditions.get(key, {"*"}) <= values for key, values in self.conditions.items())
        )

    @property
    def through_a_service(self) -> bool:
        return any(
            (*key, one) in THROUGH_A_SERVICE for key, values in self.conditions.items() for one in values
        )


def listed(value: Any) -> Iterable[str]:
    return [value] if isinstance(value, str) else value


def grants(document: dict[str, Any]) -> Iterator[Grant]:
    """Yield what a policy allows, without pairs of an action and a resource that mean nothing."""
    for statement in document["Statement"]:
        conditions = {
            (operator, key.replace("ec2:ResourceTag", "aws:ResourceTag")): frozenset(listed(values))
            for operator, keys in statement.get("Condition", {}).items()
            for key, values in keys.items()
        }
        for action in listed(statement["Action"]):
            for resource in listed(statement["Resource"]):
                if "*" in {action[-1], resource} or iam.about(action, resource):
                    yield Grant(action, resource, conditions)


AWS = list(
    grants(
        json.loads(aws_managed_policies_data)["AWSElasticDisasterRecoveryConsoleFullAccess_v2"]["Document"]
    )
)
OURS = list(grants(iam.policy("launch")))


@pytest.mark.parametrize("service", LISTED)
def test_nothing_that_aws_lists_for_a_launch_is_missing(service: str) -> None:
    """It would end a job with nothing launched, and no error."""
    assert {f"{service}:{name}" for name in LISTED[service]} <= iam.actions("launch", "start")


def test_all_that_aws_allows_drs_alone_is_allowed() -> None:
    """In AWS's policy for its console: a right that a new release of it has is missed here."""
    wanted = {grant.action for grant in AWS if grant.action.startswith("ec2:") and grant.through_a_service}
    assert wanted - FOR_PEOPLE <= {grant.action for grant in OURS}


@pytest.mark.parametrize("grant", OURS, ids=lambda one: f"{one.action} {one.resource}")
def test_nothing_is_allowed_that_aws_would_not(grant: Grant) -> None:
    """By its own policy, under whose conditions ours stand."""
    assert any(theirs.covers(grant) for theirs in AWS)


def test_what_changes_ec2_is_allowed_through_a_service_alone() -> None:
    """So the role of the plans can launch and end instances by DRS, and in no other way."""
    changing = [g for g in OURS if g.action.startswith("ec2:") and g.resource != "*"]
    assert changing
    assert [grant for grant in changing if not grant.through_a_service] == []
