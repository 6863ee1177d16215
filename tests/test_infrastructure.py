"""The CloudFormation template makes the table that `init` makes, and roles for Airflow's connections."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from airflow.sdk import Connection
from moto.sts.models import sts_backends

from docs.policies import TEMPLATE, documents, template
from drs_recovery.settings import settings
from tests import iam
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.tasks.conftest import DB, Drive, plan
from tests.test_docs import page, section

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 51_200
"""Of a template that is sent, and not fetched from a bucket."""

MOST_CHARACTERS = 6_144
"""Of a managed policy, white space aside."""

AIRFLOW = "arn:aws:iam::123456789012:role/airflow"
ACCOUNT = "123456789012"
RESOURCES = template()["Resources"]
TABLE = RESOURCES["Executions"]["Properties"]


@pytest.fixture
def stack(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Deploy the template with its defaults, and give its outputs."""
    settings.cache_clear()
    yield deployed(local_aws)
    settings.cache_clear()


def deployed(local_aws: Any, **parameters: str) -> dict[str, str]:
    client = local_aws.client("cloudformation")
    given = {"AirflowRoleArn": AIRFLOW, **parameters}
    client.create_stack(
        StackName="recovery-plans",
        TemplateBody=TEMPLATE.read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
    )
    (made,) = client.describe_stacks(StackName="recovery-plans")["Stacks"]
    assert made["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in made["Outputs"]}


def test_the_table_of_the_template_is_that_of_init(local_aws: Any) -> None:
    """Keys, indexes, billing, protection, backups; its key is one of its own, which init does not make."""
    settings.cache_clear()
    assert recovery("init", "--table-only").exit_code == 0
    (made,) = (one["parameters"] for one in local_aws.control.requests(operation="CreateTable"))
    (backups,) = (
        one["parameters"] for one in local_aws.control.requests(operation="UpdateContinuousBackups")
    )
    ours = {name: value for name, value in TABLE.items() if name in made}
    assert ours.keys() == made.keys()
    encrypted, asked = ours.pop("SSESpecification"), made.pop("SSESpecification")
    assert ours | {"TableName": template()["Parameters"]["TableName"]["Default"]} == made
    assert (encrypted["SSEEnabled"], encrypted["SSEType"]) == (asked["Enabled"], asked["SSEType"])
    assert TABLE["PointInTimeRecoverySpecification"] == backups["PointInTimeRecoverySpecification"]
    assert TABLE.keys() - made.keys() == {
        *("SSESpecification", "PointInTimeRecoverySpecification"),
        "TimeToLiveSpecification",  # off by default: only what is archived has the attribute
    }


def test_init_finds_nothing_to_do_on_the_table_of_the_stack(local_aws: Any, stack: dict[str, str]) -> None:
    """But what moto's CloudFormation leaves out: it knows neither backups nor the key of a table."""
    before = len(local_aws.control.requests())
    result = recovery("init", "--table-only", "--json")
    assert json.loads(result.stdout)["table"]["done"] == "kept"
    calls = local_aws.control.requests()[before:]
    changes = [
        one["parameters"] for one in calls if one["operation"].startswith("Update") and "error" not in one
    ]
    left_out = {"SSESpecification", "PointInTimeRecoverySpecification"}
    assert {name for change in changes for name in change} - {"TableName"} == left_out


def test_a_drill_runs_by_the_connections_of_the_outputs(
    local_aws: Any, stack: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each role is assumed by Airflow's own, and calls what its policies allow and nothing else."""
    monkeypatch.setattr("airflow.providers.standard.operators.hitl.upsert_hitl_detail", lambda **_: None)
    monkeypatch.setenv("RECOVERY_TABLE_CONN_ID", "recovery_table")
    monkeypatch.setenv("AIRFLOW_CONN_RECOVERY_TABLE", stack["TableConnection"])
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", stack["PlansConnection"])
    settings.cache_clear()
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    with monkeypatch.context() as airflow:
        airflow.setenv("AWS_ACCESS_KEY_ID", "AIRFLOW")
        drive.execute("open_execution")
        drive.wave("database")
        drive.execute("complete_execution")
    assert drive.statuses == ["COMPLETED"]
    requests = local_aws.control.requests()
    assert iam.seen(requests, "AIRFLOW") == iam.actions("assume")
    for name, allowed in (("Table", iam.actions("table")), ("Plans", iam.actions("watch", "start"))):
        role = stack.get(f"{name}Role") or json.loads(stack[f"{name}Connection"])["extra"]["role_arn"]
        keys = [
            one.access_key_id for one in sts_backends[ACCOUNT]["aws"].assumed_roles if one.role_arn == role
        ]
        called = set().union(*(iam.seen(requests, key) for key in keys))
        assert called
        assert called <= allowed


def attached(local_aws: Any, role_arn: str) -> set[str]:
    """Return the policies of a role, as the template names them."""
    name = role_arn.rpartition("/")[2]
    found = local_aws.client("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {one["PolicyName"].removeprefix("recovery-plans-").partition("-")[0] for one in found}


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, {"WatchPolicy", "StartPolicy", "SettingsPolicy", "CleanUpPolicy", "LaunchPolicy"}),
        ({"LaunchSettings": "false", "CleanUp": "false"}, {"WatchPolicy", "StartPolicy", "LaunchPolicy"}),
        (
            {"InstanceRoleArns": "arn:aws:iam::123456789012:role/app"},
            {
                "WatchPolicy",
                "StartPolicy",
                "SettingsPolicy",
                "CleanUpPolicy",
                "LaunchPolicy",
                "PassRolesPolicy",
            },
        ),
    ],
    ids=["by default", "no settings, no clean-up", "roles of servers"],
)
def test_the_role_of_the_plans_has_the_policies_that_were_asked_for(
    local_aws: Any, parameters: dict[str, str], expected: set[str]
) -> None:
    """And that of triggerers may watch alone."""
    outputs = deployed(local_aws, **parameters)
    assert attached(local_aws, outputs["PlansRole"]) == expected
    assert attached(local_aws, outputs["WatchRole"]) == {"WatchPolicy"}


def test_servers_can_be_told_by_a_tag(local_aws: Any) -> None:
    """Those without it are neither launched nor given settings."""
    outputs = deployed(local_aws, ServersTag="shop")
    client = local_aws.client("iam")
    conditions = {}
    for one in client.list_policies(Scope="Local")["Policies"]:
        version = client.get_policy_version(PolicyArn=one["Arn"], VersionId=one["DefaultVersionId"])
        for statement in version["PolicyVersion"]["Document"]["Statement"]:
            conditions[statement["Sid"]] = statement.get("Condition")
    only = {"StringEquals": {"aws:ResourceTag/RecoveryPlans": "shop"}}
    assert outputs
    assert (conditions["Start"], conditions["SetLaunchConfigurations"]) == (only, only)


def test_an_account_with_servers_alone_has_no_table(local_aws: Any) -> None:
    """But the roles that plans recover by there."""
    outputs = deployed(local_aws, Table="none", Actions="true")
    assert outputs.keys() == {
        *("PlansConnection", "WatchConnection", "ActionsConnection"),
        *("PlansRole", "WatchRole", "ActionsRole", "AssumePolicy"),
    }
    assert local_aws.client("dynamodb").list_tables()["TableNames"] == []


@pytest.mark.parametrize("name", [name for name in template()["Outputs"] if name.endswith("Connection")])
def test_an_output_is_a_connection_as_airflow_reads_it(name: str) -> None:
    """Its value goes into the environment as it is."""
    text = template()["Outputs"][name]["Value"]["Fn::Sub"].replace("${", "").replace(".Arn}", "")
    connection = Connection.from_json(text, conn_id="recovery")
    assert connection.conn_type == "aws"
    assert connection.extra_dejson["role_arn"] in RESOURCES


def test_only_airflow_takes_on_a_role() -> None:
    """No account as a whole, and nobody else."""
    roles = [one["Properties"] for one in RESOURCES.values() if one["Type"] == "AWS::IAM::Role"]
    assert roles
    for role in roles:
        (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert trust["Principal"] == {"AWS": {"Ref": "AirflowRoleArn"}}


def test_what_holds_data_outlives_the_stack() -> None:
    """The table, the key without which it cannot be read, the bucket."""
    kept = {name for name, one in RESOURCES.items() if one.get("DeletionPolicy") == "Retain"}
    assert kept == {"Executions", "Key", "Snapshots", "Evidence"}
    assert all(RESOURCES[name]["UpdateReplacePolicy"] == "Retain" for name in kept)
    assert RESOURCES["Key"]["Properties"]["EnableKeyRotation"] is True


@pytest.mark.parametrize("name", ["Snapshots", "Evidence"])
def test_a_bucket_is_closed(name: str) -> None:
    """Versions, encrypted, no public access, TLS alone."""
    bucket = RESOURCES[name]["Properties"]
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (denied,) = RESOURCES[f"{name}TlsOnly"]["Properties"]["PolicyDocument"]["Statement"]
    assert (denied["Effect"], denied["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})
    assert RESOURCES[f"{name}TlsOnly"]["Properties"]["Bucket"] == {"Ref": name}


def test_evidence_cannot_be_removed_and_is_off_by_default() -> None:
    """Its versions are locked; this release writes none."""
    bucket = RESOURCES["Evidence"]["Properties"]
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]["Mode"] == {"Ref": "EvidenceMode"}
    of_evidence = {name for name, one in RESOURCES.items() if one.get("Condition") == "KeepsEvidence"}
    assert of_evidence == {"Evidence", "EvidenceTlsOnly", "ArchivePolicy"}
    assert template()["Parameters"]["EvidenceBucket"]["Default"] == "false"


def test_aws_takes_its_size() -> None:
    """Of the template as a whole, and of each policy."""
    assert len(TEMPLATE.read_bytes()) <= MOST_BYTES
    for document in documents().values():
        assert len(re.sub(r"\s", "", json.dumps(document))) <= MOST_CHARACTERS


def test_cloudformation_reads_no_aliases() -> None:
    """Of YAML: what is said twice stands there twice."""
    assert not [event for event in yaml.parse(TEMPLATE.read_text()) if getattr(event, "anchor", None)]


def test_the_page_has_all_parameters_and_outputs() -> None:
    """Parameters with their defaults, in the order of the template."""
    text = section(page("production"), "The infrastructure")
    shown = re.findall(r"^\| `(\w+)` \|(?: `([^`]+)`)? \| .* \|$", text, re.MULTILINE)
    parameters = [(name, str(one.get("Default", ""))) for name, one in template()["Parameters"].items()]
    assert shown == parameters
    assert re.findall(r"^\| `(\w+)` \| [^|]*\|$", text, re.MULTILINE) == list(template()["Outputs"])
