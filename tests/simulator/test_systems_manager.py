"""Run Command and Automation: runs take their time, and end as a fault or the fleet says."""

from __future__ import annotations

import json

import boto3
import pytest
from botocore.exceptions import ClientError

from drs_simulator.fleet import read_fleet
from drs_simulator.server import Server

RUNBOOK = {
    "schemaVersion": "0.3",
    "mainSteps": [
        {"name": "check", "action": "aws:assertAwsResourceProperty", "inputs": {}},
        {"name": "move", "action": "aws:executeAwsApi", "inputs": {}},
    ],
}
COMMAND = {
    "schemaVersion": "2.2",
    "mainSteps": [{"action": "aws:runShellScript", "name": "say", "inputs": {}}],
}


@pytest.fixture
def ssm(local_aws):
    """Give a boto3 client of Systems Manager."""
    return local_aws.client("ssm")


@pytest.fixture
def runbook(ssm):
    """Give the name of a runbook of two steps."""
    ssm.create_document(
        Name="Move", Content=json.dumps(RUNBOOK), DocumentType="Automation", DocumentFormat="JSON"
    )
    return "Move"


@pytest.fixture
def run_instance(local_aws, ec2):
    """Give a function that runs an instance, with an instance profile or without, and returns its id."""
    iam = local_aws.client("iam")

    def run(**profile):
        if profile:
            iam.create_instance_profile(InstanceProfileName=profile["Name"])
        options = {"IamInstanceProfile": profile} if profile else {}
        answer = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1, **options)
        return answer["Instances"][0]["InstanceId"]

    return run


@pytest.fixture
def instance_id(run_instance):
    """Give an instance that runs, and that Systems Manager manages."""
    return run_instance(Name="managed")


@pytest.fixture
def execution(ssm):
    """Give a function that describes an execution by its id."""
    return lambda run: ssm.get_automation_execution(AutomationExecutionId=run)["AutomationExecution"]


@pytest.fixture
def invocation(ssm):
    """Give a function that describes a command on an instance."""
    return lambda command, instance: ssm.get_command_invocation(CommandId=command, InstanceId=instance)


def _refused(call, **parameters):
    with pytest.raises(ClientError) as refused:
        call(**parameters)
    return refused.value.response["Error"]["Code"]


def test_an_execution_goes_step_by_step_and_succeeds(ssm, runbook, execution, let_pass):
    """InProgress, one step after another, then Success; it is listed, the latest first."""
    run = ssm.start_automation_execution(DocumentName=runbook, Parameters={"Who": ["db"]})[
        "AutomationExecutionId"
    ]
    seen = []
    for _ in range(3):
        now = execution(run)
        steps = [step["StepStatus"] for step in now["StepExecutions"]]
        seen.append((now["AutomationExecutionStatus"], steps, now.get("CurrentStepName")))
        let_pass(11)
    assert seen == [
        ("InProgress", ["InProgress", "Pending"], "check"),
        ("InProgress", ["Success", "InProgress"], "move"),
        ("Success", ["Success", "Success"], None),
    ]
    assert now["Parameters"] == {"Who": ["db"]}
    assert now["ExecutionStartTime"] <= now["ExecutionEndTime"]
    second = ssm.start_automation_execution(DocumentName=runbook)["AutomationExecutionId"]
    listed = ssm.describe_automation_executions()["AutomationExecutionMetadataList"]
    assert [each["AutomationExecutionId"] for each in listed] == [second, run]
    filters = [
        {"Key": "ExecutionStatus", "Values": ["Success"]},
        {"Key": "DocumentNamePrefix", "Values": ["Mo"]},
    ]
    (found,) = ssm.describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]
    assert found["AutomationExecutionId"] == run
    steps = ssm.describe_automation_step_executions(AutomationExecutionId=run)["StepExecutions"]
    assert [step["StepName"] for step in steps] == ["check", "move"]


def test_an_immediate_clock_waits_for_no_run(ssm, runbook, execution, invocation, instance_id):
    """At the speed immediate a run has ended at the first look."""
    run = ssm.start_automation_execution(DocumentName=runbook)["AutomationExecutionId"]
    assert execution(run)["AutomationExecutionStatus"] == "Success"
    command = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[instance_id])["Command"]
    assert command["Status"] == "InProgress"
    assert invocation(command["CommandId"], instance_id)["Status"] == "Success"


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
def test_a_fault_decides_how_a_runbook_ends(local_aws, ssm, runbook, execution, status):
    """In Systems Manager's words, as often as it says; then runs succeed again."""
    local_aws.control.fail_document(runbook, status, "no such host", times=1)
    ids = [ssm.start_automation_execution(DocumentName=runbook)["AutomationExecutionId"] for _ in range(2)]
    ends = [(seen["AutomationExecutionStatus"], seen.get("FailureMessage")) for seen in map(execution, ids)]
    assert ends == [(status, "no such host"), ("Success", None)]
    assert [fault["hits"] for fault in local_aws.control.faults()["documents"]] == [1]


@pytest.mark.parametrize("status", ["Failed", "TimedOut", "Cancelled"])
def test_a_fault_decides_how_a_command_ends(local_aws, ssm, invocation, instance_id, status):
    """The same of Run Command, with the code and what the command said."""
    fault = local_aws.control.fail_document("AWS-RunShellScript", status, "no such host")
    ends = []
    for _ in range(2):
        sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[instance_id])["Command"]
        reported = invocation(sent["CommandId"], instance_id)
        ends.append((reported["Status"], reported["ResponseCode"], reported["StandardErrorContent"]))
        if len(ends) == 1:
            local_aws.control.remove_fault(fault)
    assert ends == [(status, 1, "no such host"), ("Success", 0, "")]


@pytest.mark.usefixtures("local_aws")
def test_a_fleet_decides_how_runs_end_too(tmp_path, monkeypatch):
    """Its documents are there though nobody created them, and of their type."""
    file = tmp_path / "fleet.yaml"
    document = "{name: Restart, type: Automation, status: Failed, message: busy, seconds: 5}"
    file.write_text(f"account: '123456789012'\nregion: eu-west-1\nservers: []\ndocuments: [{document}]\n")
    with Server(speed="immediate", fleet=read_fleet(file)) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        ssm = boto3.client("ssm", region_name="eu-west-1")
        run = ssm.start_automation_execution(DocumentName="Restart")["AutomationExecutionId"]
        seen = ssm.get_automation_execution(AutomationExecutionId=run)["AutomationExecution"]
        sent = _refused(ssm.send_command, DocumentName="Restart", InstanceIds=["i-00000000000000404"])
    assert (seen["AutomationExecutionStatus"], seen["FailureMessage"]) == ("Failed", "busy")
    assert sent == "InvalidDocument"


def test_a_command_is_reported_for_each_instance(ssm, instance_id, invocation, let_pass):
    """While it runs it has no end and no code; lists count who is through."""
    sent = ssm.send_command(DocumentName="AWS-RunShellScript", InstanceIds=[instance_id], Comment="hello")[
        "Command"
    ]
    running = invocation(sent["CommandId"], instance_id)
    assert (running["Status"], running["ResponseCode"], running["Comment"]) == ("InProgress", -1, "hello")
    let_pass(30)
    (listed,) = ssm.list_commands(CommandId=sent["CommandId"])["Commands"]
    assert (listed["Status"], listed["TargetCount"], listed["CompletedCount"]) == ("Success", 1, 1)
    (reported,) = ssm.list_command_invocations(InstanceId=instance_id)["CommandInvocations"]
    assert (reported["CommandId"], reported["Status"]) == (sent["CommandId"], "Success")
    assert (
        _refused(invocation, command=sent["CommandId"], instance="i-00000000000000404")
        == "InvocationDoesNotExist"
    )


def test_a_run_can_be_stopped_while_it_is_in_progress(ssm, runbook, execution, let_pass):
    """StopAutomationExecution cancels it, or completes it early; what has ended stays as it is."""
    for how, status in (("Cancel", "Cancelled"), ("Complete", "Success")):
        run = ssm.start_automation_execution(DocumentName=runbook)["AutomationExecutionId"]
        let_pass(5)
        ssm.stop_automation_execution(AutomationExecutionId=run, Type=how)
        assert execution(run)["AutomationExecutionStatus"] == status
        stopped = _refused(ssm.stop_automation_execution, AutomationExecutionId=run)
        assert stopped == "InvalidAutomationStatusUpdateException"


def test_a_token_starts_one_execution(ssm, runbook):
    """A retry gets the same one; another request with the token is refused."""
    token = "00000000-0000-0000-0000-000000000001"
    ids = {
        ssm.start_automation_execution(DocumentName=runbook, ClientToken=token)["AutomationExecutionId"]
        for _ in "12"
    }
    assert len(ids) == 1
    other = {"DocumentName": runbook, "ClientToken": token, "Parameters": {"a": ["b"]}}
    assert _refused(ssm.start_automation_execution, **other) == "IdempotentParameterMismatch"


def test_what_is_not_there_cannot_be_run(ssm, runbook, instance_id, execution):
    """A document of another type or none, a version, an instance that does not run: refused as modelled."""
    start, send = ssm.start_automation_execution, ssm.send_command
    ssm.create_document(
        Name="Say", Content=json.dumps(COMMAND), DocumentType="Command", DocumentFormat="JSON"
    )
    assert _refused(start, DocumentName="Lost") == "AutomationDefinitionNotFoundException"
    assert _refused(start, DocumentName="Say") == "AutomationDefinitionNotFoundException"
    assert (
        _refused(start, DocumentName=runbook, DocumentVersion="7")
        == "AutomationDefinitionVersionNotFoundException"
    )
    assert _refused(send, DocumentName=runbook, InstanceIds=[instance_id]) == "InvalidDocument"
    assert _refused(send, DocumentName="Say", InstanceIds=["i-00000000000000404"]) == "InvalidInstanceId"
    assert send(DocumentName="Say", InstanceIds=[instance_id])["Command"]["DocumentName"] == "Say"
    lost = "00000000-0000-0000-0000-000000000404"
    assert _refused(execution, run=lost) == "AutomationExecutionNotFoundException"
    assert _refused(ssm.list_commands, CommandId=lost) == "InvalidCommandId"


def test_an_instance_without_a_profile_is_not_managed(ssm, ec2, run_instance, instance_id):
    """Its agent may not register: it is not listed, and gets no command; nor does one that is stopped."""
    alone = run_instance()

    def listed(**options):
        return [
            i["InstanceId"] for i in ssm.describe_instance_information(**options)["InstanceInformationList"]
        ]

    def sent(instance):
        return _refused(ssm.send_command, DocumentName="AWS-RunShellScript", InstanceIds=[instance])

    assert listed() == [instance_id]
    assert listed(Filters=[{"Key": "InstanceIds", "Values": [alone]}]) == []
    assert listed(Filters=[{"Key": "PingStatus", "Values": ["Online"]}]) == [instance_id]
    assert sent(alone) == "InvalidInstanceId"
    ec2.stop_instances(InstanceIds=[instance_id])
    assert (listed(), sent(instance_id)) == ([], "InvalidInstanceId")


def test_moto_answers_what_it_always_did(ssm):
    """Parameters and documents are moto's own."""
    ssm.put_parameter(Name="/a", Value="b", Type="String")
    assert ssm.get_parameter(Name="/a")["Parameter"]["Value"] == "b"
