"""Actions of a plan on the real stack: real operators, in their order, on record, and again by a person."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_rest import HOLD, until
from tests.integration.test_command_line import recovery
from tests.simulator.test_functions import with_function

if TYPE_CHECKING:
    from tests.integration.running_stack import Run, World

pytestmark = pytest.mark.stack

PLAN = """
name: With actions
description: One wave, and an action of each kind.
owner: tests
region: eu-west-1
approvers: [alice, bob]
before:
  - {name: open, http: {connection: pager, path: /simulator/clock, method: GET}}
waves:
  - name: Files
    servers: [s-00000000000fil001]
    before:
      - {name: breathe, wait: 1h}
      - {name: stop, only: recovery, lambda: {function: nobody}}
    after:
      - {name: promote, lambda: {function: promote, payload: {host: "{{ servers[0].private_ip }}"}}}
      - {name: switch, ssm: {document: switch-over}}
      - name: point
        route53:
          {zone: ZONE, record: a.example.com, type: A, values: "{{ servers | map(attribute='private_ip') }}"}
      - {name: others, dag: {id: one_wave, conf: {reason: "{{ execution.reason }}"}}}
after:
  - name: tell
    operator: airflow.providers.amazon.aws.operators.sns.SnsPublishOperator
    with: {target_arn: TOPIC, message: "{{ plan.name }} is back", region_name: eu-west-1}
"""


@pytest.fixture
def run(world: World) -> Run:
    """A drill of the plan, with all that its actions reach."""
    with_function(world, "promote")
    content = json.dumps({"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:sleep"}]})
    world.client("ssm").create_document(Content=content, Name="switch-over", DocumentType="Automation")
    made = world.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    zone = made["HostedZone"]["Id"]
    topic = world.client("sns").create_topic(Name="ops")["TopicArn"]
    host, _, port = world.stack.aws_url.removeprefix("http://").partition(":")
    pager = {"connection_id": "pager", "conn_type": "http", "host": host, "port": int(port)}
    assert world.admin.call("POST", "/connections", json=pager).is_success
    text = PLAN.replace("ZONE", zone.rpartition("/")[2]).replace("TOPIC", topic)
    (world.stack.plans / "with_actions.yaml").write_text(text)
    until("the DAG", lambda: world.admin.call("GET", "/dags/with_actions").is_success)
    world.control.fail_function("promote", "no such host", times=1)
    return world.start("with_actions", reason="all of them")


def test_actions_run_in_their_order_and_again_where_a_person_says_so(world: World, run: Run) -> None:
    """A wait is released by an approver; a function that failed runs again, and what follows it."""
    run.wait_for("files.before_breathe", "awaiting_input")
    time.sleep(HOLD)
    assert world.user("bob").answer(*run.task("files.before_breathe")).status_code == 200
    assert run.wait_for_end() == "failed"
    assert "no such host" in run.record["outcome"]
    assert items(run)["files.after_promote"]["state"] == "FAILED"
    named = (run.record["executionId"], "promote", "--reason", "the host is there")
    assert recovery(world, "bob", "run-again", *named).code == 0
    assert run.wait_for_end() == "success", run.record.get("outcome")
    found = items(run)
    assert {name: item["state"] for name, item in found.items()} == dict.fromkeys(
        [
            *("before_open", "files.before_breathe", "files.after_promote", "files.after_switch"),
            *("files.after_point", "files.after_others", "after_tell"),
        ],
        "SUCCESS",
    )
    assert found["files.before_breathe"]["result"].startswith("released early by bob")
    assert found["files.after_promote"]["by"] == "bob"
    assert run.record["status"] == "COMPLETED"
    assert len(run.starts) == 1


def items(run: Run) -> dict[str, Any]:
    """The items of actions, by their tasks."""
    return {item["taskId"]: item for item in run.world.records.tasks(run.record) if "action" in item}
