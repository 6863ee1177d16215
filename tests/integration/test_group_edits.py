"""A protection group that is edited, then broken, while plans use it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.airflow_rest import until

if TYPE_CHECKING:
    from tests.integration.running_stack import World

pytestmark = pytest.mark.stack


def tags(world: World) -> set[str]:
    details = world.admin.call("GET", "/dags/two_places/details").raise_for_status().json()
    return {tag["name"] for tag in details["tags"]}


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
        assert run.wait_for_end() == "success", run.record.get("outcome")
        assert [server["sourceServerID"] for server in run.servers][1:] == ["s-00000000000tra002"]
    finally:
        file.write_text(text)
    until("the group mended", lambda: "outdated" not in tags(world))
