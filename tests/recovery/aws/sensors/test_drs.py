from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from airflow.sdk.exceptions import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    TaskDeferred,
)

from drs_recovery.aws.sensors.drs import DrsJobSensor
from drs_recovery.aws.triggers.drs import DrsJobTrigger

JOB_ID = "drsjob-00000000000000001"


def sensor(job_ids, **arguments):
    return DrsJobSensor(task_id="wait", job_ids=job_ids, **arguments)


@pytest.fixture
def running_job(hook, local_aws, servers):
    """Start a job that does not begin before the clock is set."""
    local_aws.control.set_speed("real")
    return hook.start_recovery(servers.db, is_drill=True)["jobID"]


def test_jobs_that_have_ended_are_judged_without_deferring(hook, local_aws, servers, context):
    """A wave already final is no reason to park a task: it looks at all jobs at once, and raises nothing."""
    jobs = [hook.start_recovery(group, is_drill=True)["jobID"] for group in (servers.db, servers.app)]
    sensor(jobs).execute(context)
    looks = local_aws.control.requests(operation="DescribeJobs")
    assert {frozenset(look["parameters"]["filters"]["jobIDs"]) for look in looks} == {frozenset(jobs)}


@pytest.mark.parametrize("phase", ["SNAPSHOT", "CONVERSION", "LAUNCH"])
def test_r03_a_completed_job_with_a_failed_server_fails_the_task(hook, local_aws, servers, context, phase):
    """R-08: with what AWS said; a retry could not help."""
    local_aws.control.fail_server(servers.db[0], phase, raw_error="InsufficientInstanceCapacity")
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    with pytest.raises(AirflowFailException) as failed:
        sensor(job_id).execute(context)
    assert f"{servers.db[0]} FAILED" in str(failed.value)
    assert "InsufficientInstanceCapacity" in str(failed.value)


def test_every_failed_job_is_reported(hook, local_aws, servers, context):
    for server in (servers.db[0], servers.app[0]):
        local_aws.control.fail_server(server)
    jobs = [hook.start_recovery(group, is_drill=True)["jobID"] for group in (servers.db, servers.app)]
    with pytest.raises(AirflowFailException) as failed:
        sensor(jobs).execute(context)
    assert all(job_id in str(failed.value) for job_id in jobs)


def test_running_jobs_are_deferred_to_the_trigger(running_job, context):
    """With everything the trigger needs to reach the same account and Region."""
    waiting = sensor(
        running_job,
        timeout=3600,
        hold=11,
        poll_interval=2,
        relaxed_interval=7,
        missing_grace=30,
        region_name="eu-west-1",
        verify=False,
        botocore_config={"read_timeout": 9},
    )
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(context)
    _, arguments = deferred.value.trigger.serialize()
    deadline = datetime.fromisoformat(arguments.pop("deadline"))
    assert timedelta(minutes=59) < deadline - datetime.now(deadline.tzinfo) <= timedelta(hours=1)
    assert arguments == {
        "job_ids": [running_job],
        "hold": 11,
        "poll_interval": 2,
        "relaxed_interval": 7,
        "missing_grace": 30,
        "aws_conn_id": "aws_default",
        "region_name": "eu-west-1",
        "verify": False,
        "botocore_config": {"read_timeout": 9},
    }


def test_airflow_waits_longer_than_the_trigger(running_job, context):
    """Else chance decides which of the two time-outs ends the task."""
    with pytest.raises(TaskDeferred) as deferred:
        sensor(running_job, timeout=3600).execute(context)
    margin = deferred.value.timeout - deferred.value.trigger.limit
    assert timedelta(seconds=59) < margin <= timedelta(seconds=61)


def test_p1_trouble_at_the_first_look_is_left_to_the_trigger(endpoint, answers, context, monkeypatch):
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    endpoint.answers[0] = answers.refusal(429, "ThrottlingException", "Rate exceeded")
    with pytest.raises(TaskDeferred):
        sensor(JOB_ID).execute(context)


def test_r30_an_unknown_job_is_deferred_never_done(local_aws, context):
    """A new job may be invisible for seconds; the trigger knows when that is too long."""
    with pytest.raises(TaskDeferred):
        sensor(JOB_ID).execute(context)


async def test_a_deferred_sensor_resumes_and_ends(local_aws, running_job, context):
    """The whole way: defer, the trigger's event, the judgement."""
    waiting = sensor(running_job, hold=0)
    with pytest.raises(TaskDeferred) as deferred:
        waiting.execute(context)
    local_aws.control.set_speed("immediate")
    event = await anext(deferred.value.trigger.run())
    assert deferred.value.method_name == "execute_complete"
    waiting.execute_complete(context, event.payload)


def test_a_success_event_is_no_verdict(hook, local_aws, servers, context):
    """The event says that the jobs have ended; their servers are judged by what DRS says."""
    local_aws.control.fail_server(servers.db[0])
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    with pytest.raises(AirflowFailException, match="1 of 2 servers did not launch"):
        sensor(job_id).execute_complete(context, {"status": "success", "job_ids": [job_id]})


@pytest.mark.parametrize(
    ("status", "error"), [("timeout", AirflowSensorTimeout), ("error", AirflowFailException)]
)
def test_other_events_end_the_task_with_their_text(local_aws, context, status, error):
    with pytest.raises(error, match="words"):
        sensor(JOB_ID).execute_complete(context, {"status": status, "job_ids": [JOB_ID], "message": "words"})


def test_without_deferring_it_pokes_until_the_job_has_ended(local_aws, running_job, context):
    waiting = sensor(running_job, deferrable=False, poke_interval=0.01)
    assert waiting.poke(context) is False
    local_aws.control.set_speed("immediate")
    waiting.execute(context)


def test_without_deferring_the_timeout_holds(running_job, context):
    with pytest.raises(AirflowSensorTimeout):
        sensor(running_job, deferrable=False, poke_interval=0.01, timeout=0.05).execute(context)


def test_r30_without_deferring_an_unknown_job_is_an_error_after_the_grace(local_aws, context):
    poking = sensor(JOB_ID, deferrable=False, poke_interval=0.01, missing_grace=0.05)
    assert poking.poke(context) is False
    with pytest.raises(
        AirflowFailException, match=f"does not know {JOB_ID} in Region eu-west-1 of account 1234"
    ):
        poking.execute(context)


@pytest.mark.parametrize("deferrable", [True, False])
def test_soft_fail_skips_instead(hook, local_aws, servers, context, deferrable):
    local_aws.control.fail_server(servers.db[0])
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    with pytest.raises(AirflowSkipException):
        sensor(job_id, soft_fail=True, deferrable=deferrable).execute(context)


def test_an_id_that_drs_would_refuse_is_refused(local_aws, context):
    with pytest.raises(ValueError, match="'drsjob-1' is no DRS job id"):
        sensor("drsjob-1").execute(context)


def test_the_console_is_linked_before_waiting(running_job, context):
    with pytest.raises(TaskDeferred):
        sensor([JOB_ID, running_job]).execute(context)
    assert context["ti"].xcoms["_drs_job"]["job_id"] == running_job


def test_a_subclass_brings_its_own_trigger_and_its_own_end(local_aws, running_job, context):
    class OwnTrigger(DrsJobTrigger):
        pass

    class OwnSensor(DrsJobSensor):
        finished = None

        def make_trigger(self, context):
            return OwnTrigger(**self.get_trigger_arguments(context))

        def finish(self, context, jobs):
            self.finished = [job["status"] for job in jobs]

    own = OwnSensor(task_id="wait", job_ids=running_job)
    with pytest.raises(TaskDeferred) as deferred:
        own.execute(context)
    assert isinstance(deferred.value.trigger, OwnTrigger)
    local_aws.control.set_speed("immediate")
    own.execute_complete(context, {"status": "success", "job_ids": [running_job]})
    assert own.finished == ["COMPLETED"]
