"""The identity of a plan, its hash: it changes with what would run, and with nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.plan import Plan, Wave, read_plan
from drs_recovery.plan.models import PlanFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LAYOUTS = {
    "as written": """\
name: Shop
description: A shop.
owner: shop-team
region: eu-west-1
gate_timeout: 90m
drill_schedule: "0 6 1 * *"
waves:
  - name: Database
    servers: [s-000000000000db001]
  - name: App
    servers: {tags: {Tier: app, Application: shop}}
""",
    "other order, comments, defaults written out": """\
# The same plan
waves:
- servers:
  - "s-000000000000db001"
  name: 'Database'   # first
  pause_before_wave: false
  on_failure: stop
  timeout: 240m
- {servers: {tags: {Application: shop, Tier: app}}, name: App}
drill_schedule: 0  6 1 * *
gate_timeout: 1h30m
approvers: []
drill_approvals: none
aws_conn_id: aws_default
region: "eu-west-1"
owner: shop-team
description: >
  A shop.
name: Shop
""",
}

ACTION = {"name": "page", "http": {"connection": "pager"}}
OF_A_WAVE: dict[str, Any] = {
    "name": "Other",
    "pause_before_wave": True,
    "servers": {"tags": {"Tier": "db"}},
    "approvers": ["carol"],
    "approvals_needed": 2,
    "requester_may_approve": False,
    "break_glass": ["dr-lead"],
    "region": "eu-central-1",
    "aws_conn_id": "aws_dr",
    "depends_on": [],
    "optional": ["s-00000000000000002"],
    "minimum_launched": 1,
    "on_failure": "continue",
    "checks": [{"name": "up", "ec2": "ok"}],
    "timeout": "3h",
    "recovery_point": {"before": "start"},
    "launch": {"instance_type": "r6i.large"},
    "launch_in_drills": {"subnet": "subnet-1"},
    "before": [ACTION],
    "after": [ACTION],
}
OF_A_PLAN: dict[str, Any] = {
    "name": "Other",
    "description": "another",
    "owner": "another",
    "region": "eu-central-1",
    "aws_conn_id": "aws_dr",
    "tier": 1,
    "rto": "1h",
    "rpo": "1h",
    "preflight": {"lag": "block"},
    "approvers": ["carol", "dave"],
    "approvals_needed": 2,
    "requester_may_approve": False,
    "break_glass": ["dr-lead"],
    "gate_timeout": "1h",
    "drill_schedule": "0 6 1 * *",
    "drill_approvals": "as_planned",
    "cleanup": "always",
    "cleanup_after": "1h",
    "recovery_point": {"before": "start"},
    "before": [ACTION],
    "after": [ACTION],
}
"""Another value of each key than a plan has that says only what it must."""


def plan(wave: dict[str, Any], **more: Any) -> Plan:
    """Return a plan of two waves, of which the first is given in part."""
    about = {"id": "shop", "name": "Shop", "description": "x", "owner": "x", "region": "eu-west-1"}
    first = {"name": "A", "servers": ["s-00000000000000001"]}
    second = {"name": "B", "servers": ["s-00000000000000002"]}
    return Plan.model_validate({**about, "waves": [first, second | wave], **more})


def test_the_hash_is_of_what_a_plan_says_not_how(tmp_path: Path) -> None:
    """Comments, key order, quotes, styles and defaults written out do not change the hash."""
    path = tmp_path / "shop.yaml"
    hashes = set()
    for layout in LAYOUTS.values():
        path.write_text(layout)
        hashes.add(read_plan(path).hash)
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Shop\n", "Shopp\n"),
        ("90m", "91m"),
        ("0 6 1", "0 6 2"),
        ("db001", "db002"),
        ("Tier: app", "Tier: App"),
        ("    servers: [", "    pause_before_wave: true\n    servers: ["),
        ("  - name: App\n", "  - name: App\n    depends_on: []\n"),
        ("  - name: App\n", "  - name: App\n    optional: {tags: {Tier: app}}\n"),
        ("  - name: App\n", "  - name: App\n    minimum_launched: 2\n"),
        ("  - name: App\n", "  - name: App\n    on_failure: continue\n"),
        ("  - name: App\n", "  - name: App\n    timeout: 3h\n"),
    ],
)
def test_the_hash_changes_with_what_a_plan_says(tmp_path: Path, old: str, new: str) -> None:
    """Every change of content is another hash."""
    layout = LAYOUTS["as written"]
    assert old in layout
    path = tmp_path / "shop.yaml"
    path.write_text(layout)
    before = read_plan(path).hash
    path.write_text(layout.replace(old, new, 1))
    assert read_plan(path).hash != before


def test_the_hash_is_sha_256_in_hex(plan_of: Callable[..., Plan]) -> None:
    """The record holds 64 hexadecimal digits."""
    assert len(bytes.fromhex(plan_of({"name": "A"}).hash)) == 32


def test_every_key_has_another_value() -> None:
    """A new one gets its row."""
    assert OF_A_WAVE.keys() == Wave.model_fields.keys()
    assert OF_A_PLAN.keys() == PlanFile.model_fields.keys() - {"waves"}


@pytest.mark.parametrize("key", OF_A_WAVE)
def test_each_key_of_a_wave_is_part_of_the_identity(key: str) -> None:
    """What is not said, and what is said again as it would be without it, is not."""
    changed = plan({key: OF_A_WAVE[key]})
    assert changed.hash != plan({}).hash
    assert Plan.load(changed.dump()).hash == changed.hash


@pytest.mark.parametrize("key", OF_A_PLAN)
def test_each_key_of_a_plan_is_part_of_the_identity(key: str) -> None:
    """And a frozen plan has the same."""
    changed = plan({}, **{"cleanup": "always", key: OF_A_PLAN[key]})
    assert changed.hash != plan({}, cleanup="never" if key == "cleanup" else "always").hash
    assert Plan.load(changed.dump()).hash == changed.hash


def test_actions_are_part_of_what_a_plan_is() -> None:
    """Another one, or another argument of one, is another plan; one without any is what it always was."""
    wave = {"name": "A", "servers": ["s-00000000000000001"]}
    about = {"id": "shop", "name": "Shop", "description": "x", "owner": "x", "region": "eu-west-1"}

    def plan(**more: object) -> Plan:
        return Plan.model_validate({**about, "waves": [wave], **more})

    one = [{"name": "page", "http": {"connection": "pager"}}]
    other = [{"name": "page", "http": {"connection": "pager", "path": "/x"}}]
    hashes = {plan().hash, plan(before=one).hash, plan(after=one).hash, plan(before=other).hash}
    assert len(hashes) == 4
    assert '"before"' not in plan().dump()
    assert '"format":2' in plan(before=one).dump()
    assert Plan.load(plan(before=one).dump()) == plan(before=one)
