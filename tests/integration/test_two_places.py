"""A plan over two accounts and two Regions, with a protection group, on the real stack."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.airflow_rest import HOLD, until
from tests.integration.test_clean_up import cleanup

if TYPE_CHECKING:
    from tests.integration.running_stack import World

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

WHERE = [("123456789012", "eu-west-1"), ("210987654321", "eu-central-1")]


def tags(world: World) -> set[str]:
    details = world.admin.call("GET", "/dags/two_places/details").raise_for_status().json()
    return {tag["name"] for tag in details["tags"]}


def test_a_drill_runs_where_each_wave_says_and_is_cleaned_up_there(world: World) -> None:
    """From the group's file to the last instance; the gate says where the next wave goes."""
    run = world.start("two_places")
    run.wait_for("trading.approve", "deferred")
    assert "In account 210987654321, eu-central-1." in world.admin.gate(*run.gate("trading"))["body"]
    time.sleep(HOLD)
    assert world.user("alice").answer(*run.gate("trading"), "Approve", "go").status_code == 200
    assert run.wait_for_end(120) == "success", run.record.get("outcome")
    assert [(wave["accountId"], wave["region"]) for wave in run.record["waves"]] == WHERE
    assert [call["region"] for call in run.starts] == [region for _, region in WHERE]
    assert len({call["accessKey"] for call in run.starts}) == 2
    assert all(server["privateIp"] for server in run.servers)
    done: dict[str, Any] = cleanup(run, "DONE")
    assert int(done["terminated"]) == 3
    ended = [call["region"] for call in world.requests("TerminateRecoveryInstances")][-2:]
    assert ended == [region for _, region in WHERE]


def test_an_edited_group_is_in_the_next_run_and_a_broken_one_keeps_the_last_good(world: World) -> None:
    """Within seconds, for the plan that uses it; its page says where the group is wrong."""
    file = world.stack.plans.parent / "groups" / "trading.yaml"
    text = file.read_text()
    try:
        file.write_text(text.replace("{tags: {Application: trading}}", "[s-00000000000tra002]"))
        page = "/dags/two_places/details"
        until("the edit", lambda: "s-00000000000tra002" in world.admin.call("GET", page).text)
        assert "outdated" not in tags(world)
        file.write_text(text.replace("region: eu-central-1", "region: eu-central"))
        until("the problem", lambda: "groups/trading.yaml:4:9: region" in world.admin.call("GET", page).text)
        assert "outdated" in tags(world)
        run = world.start("two_places", approvals="none")
        assert run.wait_for_end(120) == "success", run.record.get("outcome")
        assert [server["sourceServerID"] for server in run.servers][1:] == ["s-00000000000tra002"]
    finally:
        file.write_text(text)
    until("the group mended", lambda: "outdated" not in tags(world))
