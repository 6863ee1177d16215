"""Where the waves of a plan are recovered to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.plan import Plan, Target
from drs_recovery.plan.frozen import FrozenPlan
from tests.recovery.plan.conftest import plan_of

if TYPE_CHECKING:
    from typing import Any

OWN = Target("aws_default", "eu-west-1")
said = st.fixed_dictionaries(
    {},
    optional={
        "region": st.sampled_from(["eu-west-1", "eu-central-1"]),
        "aws_conn_id": st.sampled_from(["aws_default", "aws_web"]),
    },
)


def led(*places: dict[str, Any], **keys: Any) -> Plan:
    return plan_of(*({"name": f"W{number}", **place} for number, place in enumerate(places)), **keys)


def test_a_wave_says_what_differs_from_its_plan() -> None:
    """The Region alone, the connection alone, both, or nothing."""
    other = {"region": "eu-central-1", "aws_conn_id": "aws_web"}
    plan = led({}, {"region": "eu-central-1"}, {"aws_conn_id": "aws_web"}, other, {})
    assert plan.targets == {
        OWN: (0, 4),
        Target("aws_default", "eu-central-1"): (1,),
        Target("aws_web", "eu-west-1"): (2,),
        Target("aws_web", "eu-central-1"): (3,),
    }
    assert [plan.target(number) for number in (0, 1)] == [OWN, Target("aws_default", "eu-central-1")]


@given(st.lists(said, min_size=1, max_size=3), st.lists(said, min_size=1, max_size=3))
def test_two_plans_are_the_same_exactly_if_their_waves_lead_to_the_same_places(
    one: list[dict[str, str]], other: list[dict[str, str]]
) -> None:
    """What a wave repeats of its plan changes neither identity nor format."""
    places = [[led(*waves).target(number) for number in range(len(waves))] for waves in (one, other)]
    assert (led(*one).hash == led(*other).hash) is (places[0] == places[1])
    leads_elsewhere = set(places[0]) != {OWN}
    frozen = led(*one).dump()
    assert FrozenPlan.model_validate_json(frozen).format == (2 if leads_elsewhere else 1)
    assert Plan.load(frozen) == led(*one)


@pytest.mark.parametrize("key", ["region", "aws_conn_id"])
def test_the_plans_own_place_moves_the_waves_that_say_none(key: str) -> None:
    """And is part of what the plan says."""
    value = {"region": "us-west-2", "aws_conn_id": "aws_dr"}[key]
    moved = led({}, {key: value}, **{key: value})
    assert len(moved.targets) == 1
    assert moved.hash != led({}, {key: value}).hash
