from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskDeferred
from botocore.exceptions import HTTPClientError

from drs_recovery.aws.operators.drs import DrsStartRecoveryOperator, DrsTerminateRecoveryInstancesOperator
from drs_simulator.drs.models import drs_backends
from drs_simulator.fleet import ServerDescription


def start(server_ids, **arguments):
    return DrsStartRecoveryOperator(task_id="start", source_server_ids=server_ids, **arguments)


def started(local_aws):
    return local_aws.control.requests(operation="StartRecovery")


def test_it_starts_one_drill_waits_and_returns_the_job(hook, local_aws, servers, context):
    """Nothing said is a drill."""
    job_id = start(servers.db, tags={"wave": "1"}, waiter_delay=0).execute(context)
    (job,) = hook.list_jobs([job_id])
    assert (job["status"], job["initiatedBy"], job["tags"]) == ("COMPLETED", "START_DRILL", {"wave": "1"})
    assert len(started(local_aws)) == 1


def test_a_recovery_must_be_asked_for(hook, local_aws, servers, context):
    job_id = start(servers.db, is_drill=False, waiter_delay=0).execute(context)
    assert hook.list_jobs([job_id])[0]["initiatedBy"] == "START_RECOVERY"


def test_it_need_not_wait(hook, local_aws, servers, context):
    local_aws.control.set_speed("manual")
    job_id = start(servers.db, wait_for_completion=False).execute(context)
    assert hook.list_jobs([job_id])[0]["status"] == "PENDING"


def test_r03_a_failed_server_fails_the_task_with_the_raw_error(local_aws, servers, context):
    local_aws.control.fail_server(servers.db[1], raw_error="InsufficientInstanceCapacity")
    with pytest.raises(AirflowFailException, match="InsufficientInstanceCapacity"):
        start(servers.db, waiter_delay=0).execute(context)


async def test_deferred_it_waits_in_the_trigger(hook, local_aws, servers, context):
    """For the time of all its attempts, and Airflow a minute longer than the trigger."""
    local_aws.control.set_speed("real")
    operator = start(servers.db, deferrable=True, waiter_delay=30, waiter_max_attempts=120)
    with pytest.raises(TaskDeferred) as deferred:
        operator.execute(context)
    trigger = deferred.value.trigger
    assert timedelta(minutes=59) < trigger.limit < timedelta(minutes=62)
    assert timedelta(seconds=59) < deferred.value.timeout - trigger.limit <= timedelta(seconds=61)
    assert trigger.hold == 10
    trigger.hold = 0
    local_aws.control.set_speed("immediate")
    event = await anext(trigger.run())
    assert operator.execute_complete(context, event.payload) == trigger.job_ids[0]
    assert len(started(local_aws)) == 1


def test_a_success_event_is_no_verdict(hook, local_aws, servers, context):
    local_aws.control.fail_server(servers.db[0])
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    with pytest.raises(AirflowFailException, match="1 of 2 servers did not launch"):
        start(servers.db).execute_complete(context, {"status": "success", "job_ids": [job_id]})


def test_r30_a_job_that_drs_does_not_know_is_no_success(local_aws, servers, context):
    event = {"status": "success", "job_ids": ["drsjob-00000000000000001"]}
    with pytest.raises(
        AirflowFailException, match="does not know drsjob-00000000000000001 in Region eu-west-1"
    ):
        start(servers.db).execute_complete(context, event)


@pytest.mark.parametrize("status", ["timeout", "error"])
def test_other_events_fail_the_task_with_their_text(local_aws, servers, context, status):
    event = {"status": status, "job_ids": ["drsjob-00000000000000001"], "message": "words"}
    with pytest.raises(AirflowFailException, match="words"):
        start(servers.db).execute_complete(context, event)


def test_the_console_is_linked_before_waiting(local_aws, servers, context):
    with pytest.raises(TaskDeferred) as deferred:
        start(servers.db, deferrable=True).execute(context)
    assert context["ti"].xcoms["_drs_job"] == {
        "region_name": "eu-west-1",
        "aws_domain": "aws.amazon.com",
        "job_id": deferred.value.trigger.job_ids[0],
    }


def test_a_subclass_starts_batches(hook, local_aws, servers, context):
    """One job a call; the newest is linked."""
    operator = start([*servers.db, *servers.app])
    jobs = [
        operator.start_job(context, batch, {"batch": str(n)})
        for n, batch in enumerate([servers.db, servers.app])
    ]
    assert [job["tags"] for job in hook.list_jobs([job["jobID"] for job in jobs])] == [
        {"batch": "1"},
        {"batch": "0"},
    ]
    assert context["ti"].xcoms["_drs_job"]["job_id"] == jobs[1]["jobID"]


def test_a_retry_would_start_again_so_there_is_none_by_default(servers):
    assert start(servers.db).retries == 0
    assert start(servers.db, retries=3).retries == 3


class TestTerminate:
    """DrsTerminateRecoveryInstancesOperator."""

    @pytest.fixture
    def instances(self, hook, local_aws, servers):
        """Launch recovery instances; return their ids."""
        hook.start_recovery([*servers.db, *servers.app], is_drill=True)
        return [instance["recoveryInstanceID"] for instance in hook.list_recovery_instances()]

    @staticmethod
    def terminate(ids, **arguments):
        return DrsTerminateRecoveryInstancesOperator(
            task_id="terminate", recovery_instance_ids=ids, **{"waiter_delay": 0, **arguments}
        )

    @staticmethod
    def calls(local_aws):
        return local_aws.control.requests(operation="TerminateRecoveryInstances")

    def test_they_are_gone_when_it_has_waited(self, hook, instances, context):
        """Those it names, and no other."""
        (job_id,) = self.terminate(instances[1:]).execute(context)
        assert [item["recoveryInstanceID"] for item in hook.list_recovery_instances()] == instances[:1]
        assert context["ti"].xcoms["_drs_job"]["job_id"] == job_id

    def test_t2_more_than_a_job_takes_go_in_batches(self, hook, local_aws, instances, context):
        """A job for each."""
        assert len(self.terminate(instances, batch_size=2).execute(context)) == 3
        sizes = [len(call["parameters"]["recoveryInstanceIDs"]) for call in self.calls(local_aws)]
        assert (sizes, hook.list_recovery_instances()) == ([2, 2, 1], [])

    def test_t2_no_call_has_more_than_200(self, hook, local_aws, context):
        """The service model takes no more; a quota that was raised would."""
        fleet = [f"s-{number:017d}" for number in range(205)]
        for server in fleet:
            described = ServerDescription(id=server, hostname=f"{server}.shop.example")
            drs_backends["123456789012"]["eu-west-1"].register_source_server(described.to_drs())
        local_aws.control.set_quotas(servers_in_job=1000)
        for batch in (fleet[:200], fleet[200:]):
            hook.start_recovery(batch, is_drill=True)
        ids = [instance["recoveryInstanceID"] for instance in hook.list_recovery_instances()]
        self.terminate(ids, batch_size=200).execute(context)
        assert [len(call["parameters"]["recoveryInstanceIDs"]) for call in self.calls(local_aws)] == [200, 5]
        assert hook.list_recovery_instances() == []

    def test_what_is_gone_is_passed_over(self, local_aws, instances, context):
        """So a retry repeats nothing, and none at all needs no call."""
        operator = self.terminate(instances)
        operator.execute(context)
        assert (operator.execute(context), len(self.calls(local_aws))) == ([], 1)
        assert self.terminate([]).execute(context) == []

    async def test_deferred_it_judges_by_what_drs_lists_then(self, local_aws, instances, context):
        """R-49: the finished job lists no servers."""
        local_aws.control.set_speed("real")
        operator = self.terminate(instances, deferrable=True, waiter_delay=15)
        with pytest.raises(TaskDeferred) as deferred:
            operator.execute(context)
        event = {"status": "success", "job_ids": deferred.value.trigger.job_ids}
        with pytest.raises(AirflowException, match=f"still lists {instances[0]}"):
            operator.execute_complete(context, event)
        deferred.value.trigger.hold = 0
        local_aws.control.set_speed("immediate")
        event = await anext(deferred.value.trigger.run())
        assert operator.execute_complete(context, event.payload) == deferred.value.trigger.job_ids

    def test_another_event_fails_the_task_with_its_text(self, instances, context):
        event = {"status": "timeout", "job_ids": [], "message": "words"}
        with pytest.raises(AirflowFailException, match="words"):
            self.terminate(instances).execute_complete(context, event)

    def test_an_answer_that_is_lost_is_not_sent_again(self, hook, local_aws, instances):
        """A second request would meet the job of the first as a Conflict."""
        local_aws.control.drop("drs", "TerminateRecoveryInstances", after=True, times=1)
        with pytest.raises(HTTPClientError):
            hook.terminate_recovery_instances(instances)
        assert len(self.calls(local_aws)) == 1

    @pytest.mark.parametrize("count", [0, 201])
    def test_the_service_models_limits_hold(self, hook, count):
        with pytest.raises(ValueError, match=f"1 to 200, not {count}"):
            hook.terminate_recovery_instances(["i-0123456789abcdef0"] * count)
