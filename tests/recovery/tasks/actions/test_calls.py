"""What actions call in AWS is what their policy allows, all of it and nothing else."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import TaskDeferred

from tests import iam
from tests.recovery.tasks.actions.conftest import Act, wave
from tests.recovery.tasks.actions.test_kinds import fired, let_agents_register
from tests.simulator.test_functions import with_function

if TYPE_CHECKING:
    import pytest

AUTOMATION = {"schemaVersion": "0.3", "mainSteps": [{"name": "one", "action": "aws:sleep"}]}


def test_actions_call_what_their_policy_allows_and_all_of_it(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the connection that they name: a function, a command, an automation, a record."""
    with_function(table, "promote")
    table.client("ssm").create_document(
        Content=json.dumps(AUTOMATION), Name="promote-db", DocumentType="Automation"
    )
    made = table.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    zone = made["HostedZone"]["Id"].rpartition("/")[2]
    record = {"zone": zone, "record": "a.example.com", "type": "A", "ttl": 30, "values": "10.0.0.1"}
    actions = {
        "function": ("lambda", {"function": "promote"}),
        "command": ("ssm", {"document": "AWS-RunShellScript", "targets": "launched"}),
        "automation": ("ssm", {"document": "promote-db"}),
        "record": ("route53", record),
    }
    by = {"aws_conn_id": "aws_actions"}
    act = Act(wave(after=[{"name": name, kind: asked | by} for name, (kind, asked) in actions.items()]))
    act.wave("database")
    let_agents_register(table)
    monkeypatch.setenv("AIRFLOW_CONN_AWS_ACTIONS", "aws://ACTIONS:secret@")
    for name in actions:
        _run(act, f"database.after_{name}", monkeypatch)
        assert act.state(f"database.after_{name}") == "SUCCESS"
    assert iam.seen(table.control.requests(), "ACTIONS") == iam.actions("actions")


def _run(act: Act, task_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        act.execute(task_id)
    except TaskDeferred as parked:
        kwargs = {**(parked.kwargs or {}), "event": fired(parked, monkeypatch)}
        task: Any = copy.copy(act.dag.get_task(task_id))
        task.resume_execution(parked.method_name, kwargs, act.context(task_id))
