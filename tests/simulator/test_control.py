"""The control API: requests, clock, quotas, reset."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from botocore.exceptions import ClientError

from drs_simulator.client import ControlRefused

DB1 = "s-000000000000db001"


def test_every_call_is_logged_with_what_came_of_it(local_aws, launch):
    """Time of arrival, operation, parameters, access key, Region, status, and the job that was made."""
    before = datetime.now(UTC)
    job = launch(DB1, tags={"wave": "0"})
    (logged,) = local_aws.control.requests(operation="StartRecovery")
    assert before <= datetime.fromisoformat(logged.pop("time")) <= datetime.now(UTC)
    assert logged == {
        "service": "drs",
        "operation": "StartRecovery",
        "parameters": {"sourceServers": [{"sourceServerID": DB1}], "isDrill": True, "tags": {"wave": "0"}},
        "accessKey": "testing",
        "region": "eu-west-1",
        "outcome": "answered",
        "status": 202,
        "jobID": job["jobID"],
    }


def test_refused_calls_are_logged_too(local_aws, drs):
    """A failing call is in the log with its status and error code."""
    with pytest.raises(ClientError):
        drs.get_launch_configuration(sourceServerID="s-00000000000000404")
    (logged,) = local_aws.control.requests(service="drs")
    assert (logged["status"], logged["error"]) == (404, "ResourceNotFoundException")


def test_calls_of_other_services_are_logged(local_aws, ec2):
    """The log names operation and error of JSON and of query services alike."""
    with pytest.raises(ClientError):
        ec2.describe_instances(InstanceIds=["i-00000000000000000"])
    with pytest.raises(ClientError):
        local_aws.client("dynamodb").describe_table(TableName="none")
    logged = [(r["service"], r["operation"], r["error"]) for r in local_aws.control.requests()]
    assert logged == [
        ("ec2", "DescribeInstances", "InvalidInstanceID.NotFound"),
        ("dynamodb", "DescribeTable", "ResourceNotFoundException"),
    ]


def test_tag_calls_are_logged_by_name(local_aws, drs):
    """Operations that share a path are shown apart, with the ARN as a parameter."""
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
    drs.untag_resource(resourceArn=server["arn"], tagKeys=["Tier", "Name"])
    (logged,) = local_aws.control.requests(operation="UntagResource")
    assert logged["parameters"] == {"resourceArn": server["arn"], "tagKeys": ["Tier", "Name"]}


def test_the_log_can_be_cleared_and_filtered(local_aws, drs):
    """Only known attributes select; an unknown one is refused with those there are."""
    drs.describe_jobs()
    assert local_aws.control.requests(operation="StartRecovery") == []
    with pytest.raises(ControlRefused, match="verb: allowed are service, operation"):
        local_aws.control.requests(verb="x")
    local_aws.control.clear_requests()
    assert local_aws.control.requests() == []


def test_the_speed_can_be_changed_while_jobs_run(local_aws, launch, look):
    """What has passed stays passed: a job never goes back, and a faster clock ends it sooner."""
    control = local_aws.control
    control.set_speed("real")
    job = launch(DB1)
    assert look(job)["status"] == "PENDING"
    control.set_speed(100_000)
    while look(job)["status"] != "COMPLETED":
        pass
    control.set_speed("real")
    assert look(job)["status"] == "COMPLETED"


@pytest.mark.parametrize("speed", ["fast", 0, -1, None, 10**6, "nan"])
def test_a_speed_that_no_clock_has_is_refused(local_aws, speed):
    """The message has the value and what is allowed; the speed stays."""
    with pytest.raises(ControlRefused, match=r"speed .*allowed are 'immediate', 'real', 'manual'"):
        local_aws.control.set_speed(speed)
    assert local_aws.control.clock()["speed"] == "immediate"


def test_real_time_is_one_second_a_second(local_aws):
    """The speed ``real`` is no scaling."""
    local_aws.control.set_speed("real")
    assert local_aws.control.clock()["speed"] == 1


def test_the_control_api_reads_json_whatever_it_is_called(local_aws):
    """Curl says that it sends a form; what it sends is read all the same."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = httpx.put(
        f"{local_aws.url}/simulator/clock", content='{"speed": 7}', headers=form, trust_env=False
    )
    assert answer.json()["speed"] == 7


def test_a_clock_needs_a_speed_and_nothing_else(local_aws):
    """A body of another form is refused with the form that is allowed."""
    answer = httpx.put(f"{local_aws.url}/simulator/clock", json={"factor": 3}, trust_env=False)
    assert answer.status_code == 400
    assert '{"speed": …}' in answer.json()["error"]


def test_dates_agree_with_the_clients_clock_at_every_speed(local_aws, launch, look):
    """A scaled clock shortens durations; it dates nothing into the future."""
    local_aws.control.set_speed(100_000)
    job = launch(DB1)
    while (seen := look(job))["status"] != "COMPLETED":
        pass
    now = datetime.now(UTC)
    assert (
        datetime.fromisoformat(seen["creationDateTime"]) < datetime.fromisoformat(seen["endDateTime"]) <= now
    )


def test_quotas_that_cannot_be_read_are_refused(local_aws):
    """The message names the place."""
    with pytest.raises(ControlRefused, match="concurrentJobs: -1"):
        local_aws.control.set_quotas(concurrentJobs=-1)


def test_an_unknown_path_names_those_there_are(local_aws):
    """404 and 405 say what the control API has."""
    for method, path in (("GET", "chaos"), ("GET", "reset")):
        answer = httpx.request(method, f"{local_aws.url}/simulator/{path}", trust_env=False)
        assert answer.status_code in (404, 405)
        assert "/simulator/faults" in answer.json()["error"]


def test_reset_returns_to_the_start(local_aws, drs, ec2, launch, look, *, table):
    """Jobs, instances, faults, the log and moto's other state are gone; fleet, quotas and speed are back."""
    control = local_aws.control
    look(launch(DB1))
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
    drs.untag_resource(resourceArn=server["arn"], tagKeys=["Name"])
    control.fail_server(DB1)
    control.set_quotas(concurrentJobs=1)
    control.set_speed(2)

    control.reset()

    assert control.requests() == []
    assert (control.faults(), control.clock()["speed"]) == (
        {"calls": [], "servers": [], "jobs": [], "documents": [], "functions": []},
        "immediate",
    )
    assert control.quotas()["concurrentJobs"] == 20
    assert drs.describe_jobs()["items"] == drs.describe_recovery_instances()["items"] == []
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
    assert (server["tags"]["Name"], server["lastLaunchResult"]) == ("shop-db-1", "NOT_STARTED")
    assert ec2.describe_instances()["Reservations"] == []
    assert table.list_tables()["TableNames"] == []
