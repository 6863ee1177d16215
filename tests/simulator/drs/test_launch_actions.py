"""Post-launch actions are runs of documents in Systems Manager, where their runId can be looked up."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

DB1 = "s-000000000000db001"
RUNBOOK = {"schemaVersion": "0.3", "mainSteps": [{"name": "check", "action": "aws:sleep", "inputs": {}}]}


@pytest.fixture
def ssm(aws):
    """Give a client of Systems Manager in which there is a runbook of the account's own."""
    ssm = aws.client("ssm")
    ssm.create_document(
        Name="Check", Content=json.dumps(RUNBOOK), DocumentType="Automation", DocumentFormat="JSON"
    )
    return ssm


@pytest.fixture
def put(drs, configure):
    """Give a function that lets a document run after the launches of DB1."""
    configure(postLaunchEnabled=True)

    def added(document, order=2, *, optional=True, **parameters):
        return drs.put_launch_action(
            resourceId=DB1,
            actionId=f"00000000-0000-0000-0000-00000000{order:04}",
            actionCode=document,
            actionVersion="1",
            name=f"Action {order}",
            order=order,
            active=True,
            optional=optional,
            category="OTHER",
            description="What follows a launch.",
            parameters={name: {"type": "SSM_STORE", "value": value} for name, value in parameters.items()},
        )

    return added


@pytest.fixture
def runs(drs, look):
    """Give a function that returns a job's runs, and the id of its recovery instance."""

    def reported(job):
        (server,) = look(job)["participatingServers"]
        (instance,) = drs.describe_recovery_instances()["items"]
        return server["launchActionsStatus"]["runs"], instance["recoveryInstanceID"]

    return reported


def test_a_command_is_sent_to_the_recovery_instance(ssm, put, launch, runs):
    """GetCommandInvocation knows the run by its id, with the document and its parameters."""
    put("AWS-RunShellScript", commands="warm-caches")
    (run,), instance_id = runs(launch(DB1))
    reported = ssm.get_command_invocation(CommandId=run["runId"], InstanceId=instance_id)
    assert (reported["DocumentName"], reported["Status"]) == ("AWS-RunShellScript", "Success")
    (command,) = ssm.list_commands(InstanceId=instance_id)["Commands"]
    assert (command["CommandId"], command["Parameters"]) == (run["runId"], {"commands": ["warm-caches"]})
    assert (run["status"], run["action"]["type"]) == ("SUCCEEDED", "SSM_COMMAND")


@pytest.mark.parametrize("active", [True, False])
def test_an_instance_with_active_actions_has_the_profile_that_they_need(aws, configure, active):
    """User guide: DRS gives it one where the launch template names none; without actions there is none."""
    configure(postLaunchEnabled=active)
    instance_id = aws.launched(DB1)
    instance = aws.ec2_instance(instance_id)
    name = "AWSElasticDisasterRecoveryRecoveryInstanceWithLaunchActionsRole"
    assert instance.get("IamInstanceProfile", {"Arn": ""})["Arn"].endswith(name if active else "")
    managed = [
        i["InstanceId"] for i in aws.client("ssm").describe_instance_information()["InstanceInformationList"]
    ]
    assert managed == ([instance_id] if active else [])


def test_a_runbook_is_executed(ssm, put, launch, runs):
    """The type of an action is that of its document, given by name or by ARN; the run is an execution."""
    arn = "arn:aws:ssm:eu-west-1:123456789012:document/Check"
    assert [put("Check")["type"], put(arn, 3)["type"], put("AWS-CreateImage", 4)["type"]] == [
        "SSM_AUTOMATION"
    ] * 3
    reported, _ = runs(launch(DB1))
    executions = [
        ssm.get_automation_execution(AutomationExecutionId=run["runId"])["AutomationExecution"]
        for run in reported
    ]
    assert [e["DocumentName"] for e in executions] == ["Check", "Check", "AWS-CreateImage"]
    assert {e["AutomationExecutionStatus"] for e in executions} == {"Success"}
    assert executions[0]["ExecutionEndTime"] <= executions[1]["ExecutionEndTime"]


def test_a_document_that_fails_fails_its_action(local_aws, ssm, put, launch, runs):
    """The result of the document is that of the run, in both services; the others are not touched."""
    put("AWS-RunShellScript")
    put("Check", 3)
    local_aws.control.fail_document("AWS-RunShellScript", "TimedOut", "the host is slow")
    (first, second), instance_id = runs(launch(DB1))
    assert (first["status"], first["failureReason"]) == ("FAILED", "the host is slow")
    assert second["status"] == "SUCCEEDED"
    reported = ssm.get_command_invocation(CommandId=first["runId"], InstanceId=instance_id)
    assert (reported["Status"], reported["StandardErrorContent"]) == ("TimedOut", "the host is slow")


def test_actions_that_fail_for_a_server_fail_in_systems_manager(local_aws, ssm, put, launch, runs):
    """The fault of a server's actions shows in their runs as well."""
    put("AWS-RunShellScript")
    local_aws.control.fail_actions(DB1, "no agent")
    (run,), instance_id = runs(launch(DB1))
    reported = ssm.get_command_invocation(CommandId=run["runId"], InstanceId=instance_id)
    assert (run["status"], reported["Status"], reported["StandardErrorContent"]) == (
        "FAILED",
        "Failed",
        "no agent",
    )


@pytest.fixture
def failing(local_aws):
    """Let the document fail that Run Command runs most."""
    local_aws.control.fail_document("AWS-RunShellScript")


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("optional", [True, False])
def test_an_action_that_is_not_optional_fails_the_launch(drs, put, launch, look, optional):
    """Service model: optional is whether the launch will not be marked as failed if this action fails."""
    put("AWS-RunShellScript", optional=optional)
    (server,) = look(launch(DB1))["participatingServers"]
    assert server["launchStatus"] == ("LAUNCHED" if optional else "FAILED")
    (source,) = drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
    assert source["lastLaunchResult"] == ("SUCCEEDED" if optional else "FAILED")
    (instance,) = drs.describe_recovery_instances()["items"]
    assert source["recoveryInstanceId"] == instance["recoveryInstanceID"]


@pytest.mark.usefixtures("failing")
def test_a_launch_fails_when_its_action_does_and_not_before(put, launch, look, let_pass):
    """The job ends before: until the run has ended, the server is LAUNCHED and the run IN_PROGRESS."""
    put("AWS-RunShellScript", optional=False)
    job, seen = launch(DB1), []
    for _ in range(300):
        let_pass(10)
        now = look(job)
        (server,) = now["participatingServers"]
        runs = [run["status"] for run in server["launchActionsStatus"]["runs"]]
        seen.append((now["status"], server["launchStatus"], runs))
        if runs == ["FAILED"]:
            break
    assert ("COMPLETED", "LAUNCHED", ["IN_PROGRESS"]) in seen
    assert seen[-1] == ("COMPLETED", "FAILED", ["FAILED"])
    assert ("COMPLETED", "FAILED", ["IN_PROGRESS"]) not in seen


def test_both_services_agree_while_time_passes(ssm, put, launch, look, let_pass):
    """Systems Manager knows no run that DRS has not begun, and tells of each as DRS does."""
    put("Check")
    job, seen = launch(DB1), set()
    while not seen or ("IN_PROGRESS", "InProgress") not in seen or ("SUCCEEDED", "Success") not in seen:
        let_pass(15)
        known = {
            e["AutomationExecutionId"]: e["AutomationExecutionStatus"]
            for e in ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
        }
        (server,) = look(job)["participatingServers"]
        reported = {run["runId"]: run["status"] for run in server["launchActionsStatus"]["runs"]}
        assert set(known) == set(reported)
        seen |= {(reported[run], known[run]) for run in reported}
    assert seen == {("IN_PROGRESS", "InProgress"), ("SUCCEEDED", "Success")}


def test_a_document_that_is_not_there_is_no_action(drs, put):
    """PutLaunchAction refuses what Systems Manager could not run."""
    with pytest.raises(ClientError, match="actionCode Lost: there is no such document") as refused:
        put("Lost")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert drs.list_launch_actions(resourceId=DB1)["items"] == []
