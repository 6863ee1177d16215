"""What a plan is: its values, its waves, and its way into the record and back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drs_recovery import __version__
from drs_recovery.errors import PlanError
from drs_recovery.names import group_id, likeness
from drs_recovery.plan import Plan, Preflight, ServerTags, Wave

if TYPE_CHECKING:
    from collections.abc import Callable

lines = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
wave_names = st.lists(lines, min_size=1, max_size=5, unique_by=(group_id, likeness)).filter(
    lambda names: not {"open_execution", "complete_execution"} & {group_id(name) for name in names}
)
tags = st.dictionaries(st.text(min_size=1, max_size=9), st.text(max_size=9), min_size=1, max_size=3)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Return any plan: servers by id or tags, waves that wait for any of those before them."""
    names = draw(wave_names)
    return Plan(
        id=draw(st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)),
        name=draw(lines),
        description=draw(lines),
        owner=draw(lines),
        region=draw(st.sampled_from(["eu-west-1", "us-gov-west-1", "cn-north-1", "eusc-de-east-1"])),
        rto=draw(st.none() | st.timedeltas(timedelta(days=1), timedelta(days=9)).map(_whole)),
        rpo=draw(st.none() | st.just(timedelta(minutes=15))),
        preflight=Preflight(lag=draw(st.sampled_from(["block", "block_drills", "warn"]))),
        approvers=tuple(draw(st.lists(lines, max_size=3, unique=True))),
        gate_timeout=timedelta(seconds=draw(st.integers(1, 365 * 24 * 3600))),
        drill_schedule=draw(st.sampled_from([None, "0 6 1 * *", "*/5 0-6 * jan,feb mon-fri"])),
        drill_approvals=draw(st.sampled_from(["none", "as_planned"])),
        waves=tuple(draw(waves(name, number, names[:number])) for number, name in enumerate(names)),
    )


def _whole(duration: timedelta) -> timedelta:
    return timedelta(seconds=int(duration.total_seconds()))


@st.composite
def waves(draw: st.DrawFn, name: str, number: int, earlier: list[str]) -> Wave:
    """Return any wave of a name and number."""
    every = tuple(f"s-{number}{index:016d}" for index in range(3))
    ids = st.integers(1, 3).map(lambda count: every[:count])
    servers = draw(ids | tags.map(lambda chosen: ServerTags(tags=chosen)))
    some = ids if isinstance(servers, ServerTags) else st.just(servers[:1])
    optional = draw(st.none() | some | tags.map(lambda chosen: ServerTags(tags=chosen)))
    listed = set(servers if isinstance(servers, tuple) else every)
    most = len(listed - set(optional if isinstance(optional, tuple) else ()))
    minimum = st.integers(1, most) | st.integers(1, 100).map(lambda percent: f"{percent}%")
    waits_for = st.lists(st.sampled_from(earlier), unique=True).map(tuple) if earlier else st.just(())
    return Wave(
        name=name,
        pause_before_wave=draw(st.booleans()),
        servers=servers,
        region=draw(st.none() | st.just("eu-west-1")),
        aws_conn_id=draw(st.none() | st.just("aws_dr")),
        depends_on=draw(st.none() | waits_for),
        optional=optional,
        minimum_launched=draw(st.none() | minimum) if most else None,
        on_failure=draw(st.sampled_from(["stop", "continue"])),
        timeout=timedelta(seconds=draw(st.integers(1, 365 * 24 * 3600))),
    )


@given(plans())
def test_a_dumped_plan_is_loaded_as_it_was(plan: Plan) -> None:
    """R-28: no value changes its type on the way to the record and back."""
    loaded = Plan.load(plan.dump())
    assert loaded == plan
    assert loaded.hash == plan.hash
    assert loaded.dump() == plan.dump()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": "x"}', "nul", "\ud800"], ids=ascii)
def test_text_that_is_no_dumped_plan_is_a_plan_error(text: str) -> None:
    """A record that holds something else is shown, and never another exception."""
    with pytest.raises(PlanError, match="the dumped plan"):
        Plan.load(text)


def test_a_plan_cannot_be_changed(plan_of: Callable[..., Plan]) -> None:
    """What an execution was opened with stays."""
    plan = plan_of({"name": "A"})
    with pytest.raises(ValidationError):
        plan.name = "Another"
    with pytest.raises(ValidationError):
        plan.waves[0].pause_before_wave = True


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("DBWave1", "dbwave1"),
        ("App tier", "app_tier"),
        ("a -- b", "a_b"),
        ("Größe", "gr_e_aedc3f80"),
        ("データベース", "wave_24be0ba6"),
        ("---", "_"),
        ("web-1.2", "web_1_2"),
    ],
)
def test_a_slug_is_lower_case_with_underscores(name: str, slug: str) -> None:
    """Runs of anything but letters and digits become one underscore; a digest stands for what is lost."""
    assert Wave(name=name, servers=("s-000000000000db001",)).slug == slug


@pytest.mark.parametrize(
    ("waves", "changes"),
    [
        ([], {}),
        ([{"name": "A"}, {"name": "A"}], {}),
        ([{"name": "A", "depends_on": ["B"]}, {"name": "B"}], {}),
        ([{"name": "A", "depends_on": ["B"]}], {}),
        ([{"name": "A", "servers": ["s-1"]}], {}),
        ([{"name": "A", "pause_before_wave": "yes"}], {}),
        ([{"name": "A", "optional": ["s-00000000000000001"]}], {}),
        ([{"name": "A", "minimum_launched": 2}], {}),
        ([{"name": "A", "minimum_launched": True}], {}),
        ([{"name": "A", "minimum_launched": 1.0}], {}),
        ([{"name": "A"}], {"approvers": ["alice", "alice"]}),
        ([{"name": "A"}], {"id": "not a dag id"}),
        ([{"name": "A"}], {"id": "line\n"}),
        ([{"name": "A"}], {"gate_timeout": timedelta(seconds=0.5)}),
        ([{"name": "A"}], {"surprise": 1}),
        ([{"name": f"W{number}"} for number in range(101)], {}),
    ],
    ids=repr,
)
def test_no_plan_breaks_a_rule_wherever_it_comes_from(
    plan_of: Callable[..., Plan], waves: list[dict[str, Any]], changes: dict[str, Any]
) -> None:
    """The models hold the rules by themselves, not only the reader."""
    with pytest.raises(ValidationError):
        plan_of(*waves, **changes)


def test_a_hundred_waves_are_a_plan(plan_of: Callable[..., Plan]) -> None:
    """The most waves that a record holds."""
    plan = plan_of(*[{"name": f"W{number}"} for number in range(100)])
    assert plan.last_waves == (99,)


def test_r33_waves_count_from_zero_inside_and_have_names_outside(plan_of: Callable[..., Plan]) -> None:
    """R-33: one numbering, from 0, in the order of the file; problems name waves and never number them."""
    plan = plan_of({"name": "First"}, {"name": "Second"}, {"name": "Third"})
    assert plan.dependencies == ((), (0,), (1,))
    assert plan.last_waves == (2,)
    same = [f"s-{0:017d}"]
    with pytest.raises(ValidationError, match="is in the wave 'First' already"):
        plan_of({"name": "First"}, {"name": "Second", "servers": same})


def test_o2_what_a_plan_says_of_order_is_what_it_is(plan_of: Callable[..., Plan]) -> None:
    """O-2: a wave waits for what depends_on names; absent, for the wave before it; empty, for none."""
    plan = plan_of(
        {"name": "Database"},
        {"name": "Cache", "depends_on": []},
        {"name": "App", "depends_on": ["Cache", "Database"]},
        {"name": "Web"},
        {"name": "Reports", "depends_on": ["Database"]},
    )
    assert plan.dependencies == ((), (), (0, 1), (2,), (0,))
    assert plan.last_waves == (3, 4)


def test_a_dump_is_json_of_the_file_s_own_keys(plan_of: Callable[..., Plan]) -> None:
    """The record's copy of a plan can be read by people, with every default and nothing absent."""
    plan = plan_of({"name": "A", "servers": {"tags": {"Tier": "db"}}})
    assert json.loads(plan.dump()) == {
        "format": 1,
        "release": __version__,
        "id": "shop",
        "name": "Shop",
        "description": "A shop.",
        "owner": "shop-team",
        "region": "eu-west-1",
        "tier": 3,
        "aws_conn_id": "aws_default",
        "approvers": [],
        "approvals_needed": 1,
        "requester_may_approve": True,
        "break_glass": [],
        "gate_timeout": "1d",
        "drill_approvals": "none",
        "preflight": Preflight().model_dump(),
        "cleanup": "never",
        "waves": [
            {
                "name": "A",
                "pause_before_wave": False,
                "servers": {"tags": {"Tier": "db"}},
                "checks": [],
                "on_failure": "stop",
                "timeout": "4h",
            }
        ],
    }
