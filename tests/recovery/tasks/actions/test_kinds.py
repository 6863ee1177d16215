"""Each kind of action does its work by the real operator, and what came of it stands on record in a line."""

from __future__ import annotations

import asyncio
import copy
import json
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException, TaskAwaitingInput, TaskDeferred

from drs_recovery.settings import settings
from drs_recovery.tasks.actions.ssm import check_no_reference
from tests.recovery.tasks.actions.conftest import Act, wave
from tests.recovery.tasks.troubles import details_of
from tests.simulator.test_functions import with_function

if TYPE_CHECKING:
    from collections.abc import Callable

AFTER = "database.after_it"


@pytest.fixture
def act(table: Any) -> Callable[..., Act]:
    """Give what launches a wave with one action after it, up to that."""

    def launched(**action: Any) -> Act:
        act = Act(wave(after=[{"name": "it", **action}]))
        act.wave("database")
        return act

    return launched


def deferred(act: Act) -> TaskDeferred:
    """Execute the action until it waits in the triggerer."""
    with pytest.raises(TaskDeferred) as parked:
        act.execute(AFTER)
    return parked.value


def resume(act: Act, parked: TaskDeferred, event: Any) -> None:
    """Resume the action as Airflow does, in another process."""
    task: Any = copy.copy(act.dag.get_task(AFTER))
    kwargs = {**(parked.kwargs or {}), "event": event}
    task.resume_execution(parked.method_name, kwargs, act.context(AFTER))


def fired(parked: TaskDeferred, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what the trigger yields, made again of what Airflow keeps of it."""
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "0")
    settings.cache_clear()
    _, arguments = parked.trigger.serialize()
    trigger = type(parked.trigger)(**json.loads(json.dumps(arguments)))

    async def first() -> Any:
        async with aclosing(trigger.run()) as events:
            return (await asyncio.wait_for(anext(events), 20)).payload

    return asyncio.run(first())


def test_a_function_is_invoked_with_json(act: Callable[..., Act], table: Any) -> None:
    """Rendered from what is known of the servers; its answer is the result."""
    with_function(table, "promote")
    shop = act(
        **{"lambda": {"function": "promote", "payload": {"id": "{{ servers[0].recovery_instance_id }}"}}}
    )
    shop.execute(AFTER)
    assert shop.tasks[AFTER].result.startswith('{"id": "i-')


@pytest.mark.parametrize(
    ("fault", "state", "told"),
    [
        (lambda control: control.fail_function("promote", "no such host"), "FAILED", "no such host"),
        (lambda control: control.deny("lambda"), "FAILED", "AccessDenied.*docs/production.md, The policies"),
        (lambda control: control.drop("lambda", after=True), "UNSEEN", "nobody saw how it ended"),
        (lambda control: control.break_calls("lambda", after=True), "UNSEEN", "nobody saw how it ended"),
    ],
    ids=["FunctionError", "refused", "answer lost", "5xx"],
)
def test_a_function_that_failed_is_told_from_one_that_nobody_saw_end(
    act: Callable[..., Act], table: Any, fault: Any, state: str, told: str
) -> None:
    """It is invoked once: botocore sends no second request of its own."""
    with_function(table, "promote")
    shop = act(**{"lambda": {"function": "promote"}})
    fault(table.control)
    shop.refused(AFTER, told)
    assert shop.state(AFTER) == state
    sent = [one["operation"] for one in table.control.requests(service="lambda")]
    assert len([one for one in sent if one == "Invoke"]) == 1


def test_a_command_is_sent_to_the_instances_that_were_launched(
    act: Callable[..., Act], table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits in the triggerer, and each instance's end is in the result."""
    shop = act(
        ssm={"document": "AWS-RunShellScript", "parameters": {"commands": "true"}, "targets": "launched"}
    )
    let_agents_register(table)
    parked = deferred(shop)
    assert shop.state(AFTER) == "RUNNING"
    resume(shop, parked, fired(parked, monkeypatch))
    assert shop.state(AFTER) == "SUCCESS"
    assert "i-" in shop.tasks[AFTER].result
    assert "Success" in shop.tasks[AFTER].result


def test_a_command_that_failed_names_its_instances(
    act: Callable[..., Act], table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As AWS says it ended."""
    table.control.fail_document("AWS-RunShellScript", "TimedOut")
    shop = act(ssm={"document": "AWS-RunShellScript", "targets": "launched"})
    let_agents_register(table)
    parked = deferred(shop)
    event = fired(parked, monkeypatch)
    with pytest.raises(AirflowFailException, match=r"i-.*ExecutionTimedOut"):
        resume(shop, parked, event)
    assert shop.state(AFTER) == "FAILED"


def test_an_automation_is_waited_for(
    act: Callable[..., Act], table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The document's type decides; what it lacks is said."""
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:sleep"}]})
    table.client("ssm").create_document(Content=content, Name="promote-db", DocumentType="Automation")
    table.control.fail_document("promote-db", "Failed", "step one failed", times=1)
    shop = act(ssm={"document": "promote-db"})
    parked = deferred(shop)
    event = fired(parked, monkeypatch)
    with pytest.raises(AirflowFailException, match="step one failed"):
        resume(shop, parked, event)
    assert "automation" in shop.tasks[AFTER].result


def let_agents_register(table: Any) -> None:
    """Give what was launched an instance profile: without one no agent of Systems Manager registers."""
    table.client("iam").create_instance_profile(InstanceProfileName="agents")
    ec2 = table.client("ec2")
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            ec2.associate_iam_instance_profile(
                IamInstanceProfile={"Name": "agents"}, InstanceId=instance["InstanceId"]
            )


def test_a_name_that_systems_manager_would_fill_in_itself_is_refused() -> None:
    """It reads `{{ssm:name}}` in parameters: what a person or DRS says must not become a secret's value."""
    said = "echo {{ssm:secret}}"
    with pytest.raises(AirflowException, match="a name on record holds"):
        check_no_reference({"commands": [said]}, {"execution": {"reason": "{{ssm:secret}}"}})
    check_no_reference({"commands": [said]}, {"execution": {"reason": "a drill"}})
    check_no_reference({"commands": ["echo"]}, {"execution": {"reason": "{{ssm:secret}}"}})


def test_a_record_is_set_and_what_it_was_goes_on_record(
    act: Callable[..., Act], table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the change, and waited for until it is INSYNC."""
    route53 = table.client("route53")
    zone = route53.create_hosted_zone(Name="example.com", CallerReference="1")["HostedZone"]["Id"].rpartition(
        "/"
    )[2]
    asked = {"zone": zone, "record": "shop.example.com", "type": "A"}
    values = "{{ servers | map(attribute='private_ip') }}"
    shop = act(route53={**asked, "ttl": 30, "values": values})
    parked = deferred(shop)
    assert "nothing became 30 " in shop.tasks[AFTER].result
    resume(shop, parked, fired(parked, monkeypatch))
    (found,) = [
        one
        for one in route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        if one["Type"] == "A"
    ]
    assert (found["Name"], found["TTL"], len(found["ResourceRecords"])) == ("shop.example.com.", 30, 1)
    assert shop.state(AFTER) == "SUCCESS"
    assert shop.tasks[AFTER].result.endswith("(INSYNC)")


def test_what_a_name_was_before_stays_on_record_when_the_action_runs_again(
    act: Callable[..., Act], table: Any
) -> None:
    """Its process was killed; the next run finds what the first has set."""
    made = table.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    shop = act(
        route53={"zone": zone, "record": "a.example.com", "type": "A", "ttl": 30, "values": "10.0.0.1"}
    )
    deferred(shop)
    deferred(shop)
    assert "30 10.0.0.1 became" in shop.tasks[AFTER].result
    assert [text for text in details_of(shop, "TASK_STARTED") if "nothing became 30 10.0.0.1" in text]


def test_a_time_out_is_no_end_that_anybody_saw(act: Callable[..., Act], table: Any) -> None:
    """What it began may still go on."""
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": []})
    table.client("ssm").create_document(Content=content, Name="promote-db", DocumentType="Automation")
    shop = act(ssm={"document": "promote-db"}, timeout="5m")
    parked = deferred(shop)
    assert 0 < parked.timeout.total_seconds() <= 300
    task: Any = copy.copy(shop.dag.get_task(AFTER))
    with pytest.raises(AirflowFailException, match=r"5 min.* passed.*nobody saw how it ended"):
        task.resume_execution("__fail__", {"error": "Trigger timeout"}, shop.context(AFTER))
    assert shop.state(AFTER) == "UNSEEN"


@pytest.mark.parametrize(
    ("event", "state", "told"),
    [
        ({"error": "late", "error_type": "timeout"}, "SUCCESS", "10 min"),
        (
            {"chosen_options": ["Approve"], "responded_by_user": {"id": "bob"}},
            "SUCCESS",
            "released early by bob",
        ),
        ({"chosen_options": ["Reject"], "responded_by_user": {"id": "bob"}}, "FAILED", "rejected by bob"),
    ],
    ids=["its time passes", "released early", "rejected"],
)
def test_a_wait_ends_by_itself_or_by_an_approver(
    act: Callable[..., Act], event: dict[str, Any], state: str, told: str
) -> None:
    """It is parked without a worker and without a trigger; the plan's approvers may answer."""
    shop = act(wait="10m")
    with pytest.raises(TaskAwaitingInput) as parked:
        shop.execute(AFTER)
    given = {"responded_at": shop.run.run_after, "params_input": {}, **event}
    task: Any = copy.copy(shop.dag.get_task(AFTER))
    try:
        task.resume_execution(parked.value.method_name, {"event": given}, shop.context(AFTER))
    except AirflowFailException as error:
        assert told in str(error)  # noqa: PT017 - one of three ends
    assert shop.state(AFTER) == state
    assert told in f"{shop.tasks[AFTER].result}{shop.tasks[AFTER].message}"


def test_another_dag_is_run_once_and_waited_for(
    act: Callable[..., Act], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A try after one whose end nobody saw finds the same run; its end is the action's."""
    asked: list[Any] = []
    comms = type("Comms", (), {"send": lambda _, message: asked.append(message)})()
    monkeypatch.setattr("airflow.sdk.execution_time.task_runner.SUPERVISOR_COMMS", comms, raising=False)
    shop = act(dag={"id": "switch_over", "conf": {"type": "{{ execution.type }}"}})
    parked = deferred(shop)
    with pytest.raises(TaskDeferred):
        shop.execute(AFTER, try_number=2)
    first, second = asked
    assert (first.dag_id, first.conf, first.run_id) == ("switch_over", {"type": "DRILL"}, second.run_id)
    assert parked.timeout is not None
    event = ("DagStateTrigger", {"run_ids": [first.run_id], first.run_id: "success"})
    task: Any = copy.copy(shop.dag.get_task(AFTER))
    task.resume_execution("execute_complete", {"event": event}, shop.context(AFTER, try_number=2))
    assert shop.state(AFTER) == "SUCCESS"
    assert first.run_id in shop.tasks[AFTER].result


def test_any_operator_that_is_allowed_runs_with_its_arguments_filled_in(
    act: Callable[..., Act], table: Any
) -> None:
    """Airflow itself renders none of them."""
    topic = table.client("sns").create_topic(Name="ops")["TopicArn"]
    path = "airflow.providers.amazon.aws.operators.sns.SnsPublishOperator"
    arguments = {"target_arn": topic, "message": "{{ plan.name }}", "region_name": "eu-west-1"}
    shop = act(operator=path, **{"with": arguments})
    task: Any = shop.dag.get_task(AFTER)
    assert (task.template_fields, type(task).__name__) == ((), "SnsPublishOperator")
    shop.execute(AFTER)
    (asked,) = table.control.requests(service="sns", operation="Publish")
    assert asked["parameters"]["Message"] == '{"default": "Shop"}'
    assert shop.state(AFTER) == "SUCCESS"
