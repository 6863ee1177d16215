"""What must be launched of each wave, once its servers are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.plan import Policy, SourceServer, misfits, policies, resolve
from drs_recovery.record.enums import LaunchStatus
from drs_recovery.record.judge import judge
from drs_recovery.record.models import WaveRecord
from drs_recovery.record.server_record import ServerRecord
from tests.recovery.plan.conftest import plan_of

if TYPE_CHECKING:
    from collections.abc import Iterable

IDS = [f"s-{number:017d}" for number in range(1, 7)]
FLEET = [
    SourceServer(source_server_id=server, tags={"Tier": "web"} | ({"Spare": "yes"} if number >= 4 else {}))
    for number, server in enumerate(IDS)
]
TAGGED: dict[str, Any] = {"name": "Web", "servers": {"tags": {"Tier": "web"}}}
"""Six servers, of which the last two are spares."""


def policy_of(**wave: Any) -> Policy:
    """Return the policy of a wave of all servers."""
    plan = plan_of(TAGGED | wave)
    (policy,) = policies(plan, resolve(plan, lambda _: FLEET))
    return policy


def problems_of(waves: Iterable[dict[str, Any]]) -> list[str]:
    """Return what of waves fits no servers."""
    plan = plan_of(*waves)
    return misfits(plan, resolve(plan, lambda _: FLEET))


def test_a_wave_that_says_nothing_needs_every_server() -> None:
    """No server is optional, and no number stands for all."""
    assert policy_of() == Policy(frozenset(), None)


@pytest.mark.parametrize("optional", [IDS[4:], {"tags": {"Spare": "yes"}}], ids=["listed", "by tags"])
def test_optional_servers_are_those_of_the_wave_that_are_named_or_tagged(optional: Any) -> None:
    """Both ways of the grammar of servers, also beside servers that are selected by tags."""
    assert policy_of(optional=optional, minimum_launched=3) == Policy(frozenset(IDS[4:]), 3)


@pytest.mark.parametrize(
    ("percentage", "count"), [("1%", 1), ("25%", 1), ("26%", 2), ("50%", 2), ("80%", 4), ("100%", 4)]
)
def test_a_percentage_is_of_the_servers_that_are_not_optional_and_rounds_up(
    percentage: str, count: int
) -> None:
    """Four of the six servers are not optional."""
    assert policy_of(optional=IDS[4:], minimum_launched=percentage).minimum_launched == count


@given(st.integers(1, 100), st.integers(1, 300))
def test_a_percentage_is_never_met_by_less(percent: int, servers: int) -> None:
    """The least number that is at least so many percent."""
    fleet = [SourceServer(source_server_id=f"s-{n:017d}", tags={"Tier": "web"}) for n in range(servers)]
    plan = plan_of(TAGGED | {"minimum_launched": f"{percent}%"})
    (policy,) = policies(plan, resolve(plan, lambda _: fleet))
    count = policy.minimum_launched or 0
    assert 1 <= count <= servers
    assert 100 * count >= percent * servers > 100 * (count - 1)


def test_what_fits_no_servers_is_reported_with_its_wave_and_what_would() -> None:
    """R-39, for policies: nothing that selects nothing is passed over; every problem at once."""
    spares = {"tags": {"Spare": "yes"}}
    optional, foreign, nothing = problems_of(
        [
            {"name": "Tags", "servers": IDS[:1], "optional": spares},
            {"name": "Ids", "servers": spares, "optional": IDS[1:2]},
            {
                "name": "All",
                "servers": IDS[1:4],
                "optional": {"tags": {"Tier": "web"}},
                "minimum_launched": 3,
            },
        ]
    )
    assert optional == (
        f"wave 'Tags': optional: none of its servers has the DRS tags Spare=yes; they are {IDS[0]}"
    )
    assert foreign == f"wave 'Ids': optional: none of its servers is '{IDS[1]}'; they are {IDS[4]}, {IDS[5]}"
    assert nothing == (
        "wave 'All': minimum_launched: 3 of the servers that are not optional, but all servers of this wave "
        "are optional; leave it out: one server that is launched is enough then"
    )


def test_a_server_that_is_gone_keeps_its_place_in_the_policy() -> None:
    """Listed, it counts among those that are needed, or is optional as before, whatever DRS knows."""
    wave = {"name": "Web", "servers": IDS, "optional": IDS[4:], "minimum_launched": "50%"}
    plan = plan_of(wave)
    left = [FLEET[number] for number in (0, 1, 3, 4)]
    assert policies(plan, resolve(plan, lambda _: left)) == policies(plan, resolve(plan, lambda _: FLEET))
    assert misfits(plan, resolve(plan, lambda _: left)) == []


def test_tags_of_servers_that_drs_does_not_know_are_nobody_s_mistake() -> None:
    """The spare may be the one that is gone: that nobody else has its tags is not to be told."""
    plan = plan_of({"name": "Web", "servers": IDS[3:5], "optional": {"tags": {"Spare": "yes"}}})
    assert misfits(plan, resolve(plan, lambda _: FLEET[:4])) == []
    assert policies(plan, resolve(plan, lambda _: FLEET[:4])) == (Policy(frozenset(), None),)


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=6),
    st.none() | st.integers(1, 6),
)
def test_what_is_written_to_meet_a_policy_is_what_the_judge_says(
    servers: list[tuple[bool, bool]], minimum: int | None
) -> None:
    """Before the start and after it, one rule: of servers that are optional, or launched, or both."""
    ids = [f"s-{number:017d}" for number in range(len(servers))]
    optional = frozenset(one for one, (spare, _) in zip(ids, servers, strict=True) if spare)
    launched = {one for one, (_, there) in zip(ids, servers, strict=True) if there}
    records = [
        ServerRecord(
            source_server_id=one,
            wave_number=0,
            optional=one in optional or None,
            launch_status=LaunchStatus.LAUNCHED if one in launched else None,
        )
        for one in ids
    ]
    wave = WaveRecord(wave_number=0, wave_name="W", minimum_launched=minimum)
    met = judge(wave, records)[0].policy_met
    # All launched is COMPLETED, even where a minimum that no servers could reach stands in the plan
    assert Policy(optional, minimum).met_by(ids, launched) is met or len(launched) == len(ids)


def test_more_than_the_tags_select_is_reported() -> None:
    """What the file alone cannot tell is shown when the execution opens."""
    (problem,) = problems_of([TAGGED | {"optional": IDS[4:], "minimum_launched": 5}])
    assert problem == (
        "wave 'Web': minimum_launched: 5 is more than the servers of this wave that are not optional; at "
        "most 4 can be launched, and without minimum_launched all of them must be"
    )
