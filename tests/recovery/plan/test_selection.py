"""Which source servers a plan selects when an execution opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drs_recovery.errors import SelectionError
from drs_recovery.plan import SourceServer, resolve

if TYPE_CHECKING:
    from collections.abc import Callable

    from drs_recovery.plan import Plan


def server(number: int, **tags: str) -> SourceServer:
    """Return a source server with DRS tags."""
    return SourceServer(
        source_server_id=f"s-{number:017d}",
        hostname=f"host-{number}.example",
        name=f"shop-{number}",
        tags=tags,
    )


FLEET = [
    server(3, Application="shop", Tier="app"),
    server(1, Application="shop", Tier="db"),
    server(2, Application="shop", Tier="app"),
    server(9, Application="payroll", Tier="app"),
]


def ids(selection: tuple[tuple[SourceServer, ...], ...]) -> list[list[int]]:
    """Return the numbers of the servers of each wave."""
    return [[int(one.source_server_id[2:]) for one in wave] for wave in selection]


def by_tags(name: str, **tags: str) -> dict[str, object]:
    """Return a wave that selects by tags."""
    return {"name": name, "servers": {"tags": tags}}


def by_id(name: str, *numbers: int) -> dict[str, object]:
    """Return a wave that lists source servers."""
    return {"name": name, "servers": [f"s-{number:017d}" for number in numbers]}


def problems_of(plan: Plan, fleet: list[SourceServer]) -> list[str]:
    """Return what is wrong with a selection."""
    with pytest.raises(SelectionError) as caught:
        resolve(plan, lambda _: fleet)
    return str(caught.value).splitlines()


def test_servers_come_per_wave_sorted_by_id(plan_of: Callable[..., Plan]) -> None:
    """A server has all the tags of its wave; the order is that of ids, whatever DRS's is."""
    plan = plan_of(by_id("Database", 1), by_tags("App", Application="shop", Tier="app"))
    selection = resolve(plan, lambda _: iter(FLEET))
    assert ids(selection) == [[1], [2, 3]]
    assert selection[0][0].hostname == "host-1.example"


def test_r39_tags_are_resolved_again_each_time(plan_of: Callable[..., Plan]) -> None:
    """R-39: a server that was tagged after the plan was written is selected."""
    plan = plan_of(by_tags("App", Tier="app"))
    assert ids(resolve(plan, lambda _: FLEET)) == [[2, 3, 9]]
    assert ids(resolve(plan, lambda _: [*FLEET, server(4, Tier="app")])) == [[2, 3, 4, 9]]


def test_r39_tags_that_select_nothing_are_refused(plan_of: Callable[..., Plan]) -> None:
    """R-39: a wave of no servers never starts, not even beside one that has some."""
    plan = plan_of(by_id("Database", 1), by_tags("App", Tier="application"))
    [problem] = problems_of(plan, FLEET)
    assert problem.startswith("wave 'App': no source server has the DRS tags Tier=application")


def test_r67_which_tags_there_are_is_reported(plan_of: Callable[..., Plan]) -> None:
    """R-67: DRS tags are meant, not EC2's, and the message says which there are."""
    plan = plan_of(
        by_tags("Web", Application="shop", Tier="App"),
        by_tags("Cache", App="shop"),
        by_tags("Db", Application="payroll", Tier="db"),
    )
    web, cache, database = problems_of(plan, FLEET)
    assert web.endswith(
        "(tags of the source server in DRS, not of its EC2 instance): "
        "the values of 'Tier' are 'app', 'db'; did you mean 'app'?"
    )
    assert cache.endswith("no source server has a tag 'App'; the tags there are 'Application', 'Tier'")
    assert database.endswith("each of them is there, but no source server has all")


def test_r67_a_fleet_without_tags_is_reported(plan_of: Callable[..., Plan]) -> None:
    """R-67: servers tagged in EC2 only have no DRS tag at all."""
    [problem] = problems_of(plan_of(by_tags("App", Tier="app")), [server(1), server(2)])
    assert problem.endswith("none of the 2 source servers in this account and Region has any")


def test_a_listed_server_that_drs_does_not_know_keeps_its_place(plan_of: Callable[..., Plan]) -> None:
    """In its wave, as unknown, and in nobody's way; a wave of none that is known stands as well."""
    selection = resolve(plan_of(by_id("Database", 777, 1, 778), by_id("App", 888)), lambda _: FLEET)
    assert ids(selection) == [[1, 777, 778], [888]]
    known = {one.source_server_id: one.known for wave in selection for one in wave}
    assert [server for server, there in known.items() if there] == ["s-00000000000000001"]


def test_a_server_that_is_renamed_is_selected_as_before(plan_of: Callable[..., Plan]) -> None:
    """Hostname and Name tag are what people read; nothing else goes by them."""
    renamed = [one.model_copy(update={"hostname": "other", "name": None}) for one in FLEET]
    plan = plan_of(by_id("Database", 1), by_tags("App", Application="shop", Tier="app"))
    assert ids(resolve(plan, lambda _: renamed)) == ids(resolve(plan, lambda _: FLEET))


def test_a_server_in_two_waves_is_reported_by_its_names(plan_of: Callable[..., Plan]) -> None:
    """Tags may select what another wave selects too; people know servers by hostname and Name tag."""
    [problem] = problems_of(plan_of(by_id("Database", 9, 1), by_tags("App", Application="payroll")), FLEET)
    assert problem == (
        "wave 'App': an earlier wave launches the same source servers:"
        " s-00000000000000009 (host-9.example, shop-9) of 'Database'"
    )


def test_a_message_stays_short_however_much_is_wrong(plan_of: Callable[..., Plan]) -> None:
    """The record has room for the failure of a plan that launches thousands of servers twice."""
    fleet = [server(number, Tier="web") for number in range(1000, 9000)]
    [problem] = problems_of(plan_of(by_id("All", *range(1000, 9000)), by_tags("Web", Tier="web")), fleet)
    assert problem.endswith("and 7988 more")
    assert len(problem) < 2000


def test_absent_names_are_absent() -> None:
    """R-26/29: DRS may not say hostname or name; a server is then its id."""
    assert str(SourceServer(source_server_id="s-00000000000000001")) == "s-00000000000000001"
