"""Launch templates in EC2, as moto's own tests would have it: under ``mock_aws`` alone.

What is expected is documented at DescribeLaunchTemplates, CreateLaunchTemplateVersion and
ModifyLaunchTemplate.
"""

from __future__ import annotations

import base64

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ec2.exceptions import InvalidLaunchTemplateVersionNotFound
from moto.ec2.models import ec2_backends
from moto.moto_api._internal import mock_random

from drs_simulator import ec2 as mended
from drs_simulator.registration import register

register()


@pytest.fixture(scope="module")
def regions():
    """Give Regions of a mocked AWS, each to be used once: to mock again takes a second."""
    with mock_aws():
        yield iter(boto3.Session().get_available_regions("ec2"))


@pytest.fixture
def region(regions):
    """Give a Region that is as new."""
    return next(regions)


@pytest.fixture
def ec2(monkeypatch, region):
    """Give a client of a mocked EC2."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return boto3.client("ec2", region_name=region)


def _create(ec2, data=None, **options):
    name = f"lt-{mock_random.get_random_hex(8)}"
    data = data or {"ImageId": "ami-abc123"}
    created = ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=data, **options)
    return created["LaunchTemplate"]["LaunchTemplateId"]


def _add(ec2, template_id, data, **options):
    return ec2.create_launch_template_version(
        LaunchTemplateId=template_id, LaunchTemplateData=data, **options
    )["LaunchTemplateVersion"]


def _data(ec2, template_id, version="$Latest"):
    (described,) = ec2.describe_launch_template_versions(LaunchTemplateId=template_id, Versions=[version])[
        "LaunchTemplateVersions"
    ]
    return described["LaunchTemplateData"]


@pytest.mark.parametrize(("named", "number"), [("$Latest", 3), ("$Default", 1), ("2", 2)])
def test_modify_launch_template__default_version(ec2, named, number):
    template_id = _create(ec2)
    _add(ec2, template_id, {"ImageId": "ami-2"})
    _add(ec2, template_id, {"ImageId": "ami-3"})
    modified = ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=named)
    assert modified["LaunchTemplate"]["DefaultVersionNumber"] == number
    (described,) = ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
    assert (described["DefaultVersionNumber"], described["LatestVersionNumber"]) == (number, 3)


@pytest.mark.parametrize("named", ["0", "4", "-1", "latest", "$Newest"])
def test_modify_launch_template__unknown_version(ec2, named):
    template_id = _create(ec2)
    with pytest.raises(ClientError) as exc:
        ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion=named)
    error = exc.value.response["Error"]
    assert error["Code"] == "InvalidLaunchTemplateId.VersionNotFound"
    assert named in error["Message"]


def test_create_launch_template_version__source_version(ec2):
    first = {
        "ImageId": "ami-1",
        "InstanceType": "t3.micro",
        "NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": "subnet-1"}],
    }
    template_id = _create(ec2, first)
    created = _add(ec2, template_id, {"InstanceType": "t3.large"}, SourceVersion="1")
    assert created["LaunchTemplateData"] == first | {"InstanceType": "t3.large"}
    assert _data(ec2, template_id) == created["LaunchTemplateData"]
    assert _data(ec2, template_id, "1") == first


@pytest.mark.parametrize(("source", "image"), [("$Latest", "ami-2"), ("$Default", "ami-1"), ("1", "ami-1")])
def test_create_launch_template_version__named_source_version(ec2, source, image):
    template_id = _create(ec2, {"ImageId": "ami-1"})
    _add(ec2, template_id, {"ImageId": "ami-2"})
    created = _add(ec2, template_id, {"InstanceType": "t3.large"}, SourceVersion=source)
    assert created["LaunchTemplateData"] == {"ImageId": image, "InstanceType": "t3.large"}


def test_create_launch_template_version__lists_are_replaced(ec2):
    template_id = _create(ec2, {"NetworkInterfaces": [{"DeviceIndex": 0}, {"DeviceIndex": 1}]})
    created = _add(ec2, template_id, {"NetworkInterfaces": [{"DeviceIndex": 2}]}, SourceVersion="1")
    assert created["LaunchTemplateData"]["NetworkInterfaces"] == [{"DeviceIndex": 2}]


def test_create_launch_template_version__snapshots_are_not_inherited(ec2):
    mapping = {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": "snap-1", "VolumeSize": 8}}
    template_id = _create(ec2, {"BlockDeviceMappings": [mapping]})
    created = _add(ec2, template_id, {"ImageId": "ami-2"}, SourceVersion="1")
    (inherited,) = created["LaunchTemplateData"]["BlockDeviceMappings"]
    assert inherited == {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 8}}
    assert _data(ec2, template_id, "1")["BlockDeviceMappings"] == [mapping]


def test_create_launch_template_version__no_source_version(ec2):
    template_id = _create(ec2, {"ImageId": "ami-1"})
    created = _add(ec2, template_id, {"InstanceType": "t3.large"})
    assert created["LaunchTemplateData"] == {"InstanceType": "t3.large"}


def test_create_launch_template_version__unknown_source_version(ec2):
    template_id = _create(ec2)
    with pytest.raises(ClientError) as exc:
        _add(ec2, template_id, {"InstanceType": "t3.large"}, SourceVersion="7")
    assert exc.value.response["Error"]["Code"] == "InvalidLaunchTemplateId.VersionNotFound"


def test_describe_launch_templates__pagination(ec2):
    created = [_create(ec2) for _ in range(37)]
    pages = list(ec2.get_paginator("describe_launch_templates").paginate(PaginationConfig={"PageSize": 10}))
    assert [len(page["LaunchTemplates"]) for page in pages] == [10, 10, 10, 7]
    assert [t["LaunchTemplateId"] for page in pages for t in page["LaunchTemplates"]] == created
    assert "NextToken" not in pages[-1]


def test_describe_launch_templates__more_than_fifteen(ec2):
    created = {_create(ec2) for _ in range(20)}
    described = ec2.describe_launch_templates()
    assert {t["LaunchTemplateId"] for t in described["LaunchTemplates"]} == created
    assert "NextToken" not in described


def test_describe_launch_templates__invalid_token(ec2):
    _create(ec2)
    with pytest.raises(ClientError) as exc:
        ec2.describe_launch_templates(NextToken="unknown")
    assert exc.value.response["Error"]["Code"] == "InvalidNextToken"


def test_describe_launch_template_versions__pagination(ec2):
    template_id = _create(ec2)
    for number in range(2, 24):
        _add(ec2, template_id, {"ImageId": f"ami-{number}"})
    paginator = ec2.get_paginator("describe_launch_template_versions")
    pages = paginator.paginate(LaunchTemplateId=template_id, PaginationConfig={"PageSize": 10})
    numbers = [v["VersionNumber"] for page in pages for v in page["LaunchTemplateVersions"]]
    assert numbers == list(range(1, 24))


def test_describe_launch_templates__current_tags(ec2):
    specification = {"ResourceType": "launch-template", "Tags": [{"Key": "team", "Value": "a"}]}
    template_id = _create(ec2, TagSpecifications=[specification])
    ec2.create_tags(Resources=[template_id], Tags=[{"Key": "team", "Value": "b"}])
    found = ec2.describe_launch_templates(Filters=[{"Name": "tag:team", "Values": ["b"]}])["LaunchTemplates"]
    assert [template["Tags"] for template in found] == [[{"Key": "team", "Value": "b"}]]


def test_create_launch_template_version__no_data(ec2):
    template_id = _create(ec2)
    for options in ({}, {"SourceVersion": "1"}):
        with pytest.raises(ClientError) as exc:
            _add(ec2, template_id, {}, **options)
        assert exc.value.response["Error"]["Code"] == "MissingParameter"
    (described,) = ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"]
    assert described["LatestVersionNumber"] == 1


@pytest.mark.parametrize(
    ("user_data", "message"),
    [
        (base64.b64encode(16385 * b"a").decode(), "User data is limited to 16384 bytes."),
        ("#!/bin/sh", "Invalid BASE64 encoding of user data."),
    ],
    ids=["too long", "not encoded"],
)
def test_create_launch_template_version__invalid_user_data(ec2, user_data, message):
    template_id = _create(ec2)
    with pytest.raises(ClientError) as exc:
        _add(ec2, template_id, {"UserData": user_data})
    error = exc.value.response["Error"]
    assert (error["Code"], error["Message"]) == ("InvalidUserData.Malformed", message)


def test_create_launch_template_version__longest_user_data(ec2):
    longest = base64.b64encode(16384 * b"a").decode()
    assert _add(ec2, _create(ec2), {"UserData": longest})["LaunchTemplateData"] == {"UserData": longest}


def test_delete_launch_template_versions(ec2):
    template_id = _create(ec2)
    for number in (2, 3, 4):
        _add(ec2, template_id, {"ImageId": f"ami-{number}"})
    ec2.modify_launch_template(LaunchTemplateId=template_id, DefaultVersion="3")
    result = ec2.delete_launch_template_versions(LaunchTemplateId=template_id, Versions=["1", "3", "4", "9"])
    named = {"LaunchTemplateId", "LaunchTemplateName", "VersionNumber"}
    deleted = result["SuccessfullyDeletedLaunchTemplateVersions"]
    assert [set(version) for version in deleted] == [named, named]
    assert [version["VersionNumber"] for version in deleted] == [1, 4]
    kept = result["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert {version["VersionNumber"]: version["ResponseError"]["Code"] for version in kept} == {
        3: "unexpectedError",
        9: "launchTemplateVersionDoesNotExist",
    }
    assert _data(ec2, template_id) == _data(ec2, template_id, "$Default") == {"ImageId": "ami-3"}
    assert _add(ec2, template_id, {"ImageId": "ami-5"})["VersionNumber"] == 5
    described = ec2.describe_launch_template_versions(LaunchTemplateId=template_id, MinVersion="3")
    assert [v["VersionNumber"] for v in described["LaunchTemplateVersions"]] == [3, 5]
    with pytest.raises(ClientError):
        _data(ec2, template_id, "4")


def test_delete_launch_template_versions__unknown_template(ec2):
    with pytest.raises(ClientError) as exc:
        ec2.delete_launch_template_versions(LaunchTemplateId="lt-00000404", Versions=["1"])
    assert exc.value.response["Error"]["Code"] == "InvalidLaunchTemplateId.NotFound"


def test_moto_still_lacks_this(region):
    """When moto knows ``$Latest`` itself, what replaces it can go."""
    backend = ec2_backends["123456789012"][region]
    template = backend.create_launch_template("t", "", {"ImageId": "ami-1"}, {})
    with pytest.raises(InvalidLaunchTemplateVersionNotFound):
        mended.replaced["LaunchTemplateBackend.modify_launch_template"](
            backend, "$Latest", template_id=template.id
        )
