"""What the doctor says of rights: those of connections that are found here, and those that workers lacked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.store.programs import start_recovery
from tests.recovery.cli.cli_surroundings import found
from tests.recovery.cli.spoilt_aws import lacking_a_right
from tests.recovery.denied import denied

if TYPE_CHECKING:
    from tests.recovery.cli.spoilt import World

DEFAULT, TRADING = "AIRFLOW_CONN_AWS_DEFAULT", "AIRFLOW_CONN_AWS_TRADING"


def test_connections_that_are_found_here_are_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the looks of triggers, each in each Region that plans lead it to; what one lacks is named."""
    monkeypatch.setenv(DEFAULT, "aws://")
    shown = r"aws_default of the environment, in eu-west-1: DRS shows \d+ source servers, and all"
    assert re.search(shown, found()["rights", "ok"])
    world.control.deny("drs", "DescribeJobLogItems")
    lacks = r"in eu-west-1: drs:DescribeJobLogItems cannot be used: no phase .*watch\.json"
    assert re.search(lacks, found()["rights", "warning"])
    world.control.deny("drs", "DescribeSourceServers")
    assert "in eu-west-1: DRS cannot be asked for source servers" in found()["rights", "warning"]


def test_a_connection_that_cannot_be_read_keeps_no_other_from_being_tried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow's error of a secret that is not encoded repeats a part of it."""
    monkeypatch.setenv(DEFAULT, "aws://AKIAEXAMPLE:hunter2/x@")
    monkeypatch.setenv(TRADING, "aws://")
    result = found()
    assert re.search(f"aws_default: it cannot be .*: ValueError .*{DEFAULT}", result["rights", "unknown"])
    assert "aws_trading of the environment, in eu-central-1: " in result["rights", "warning"]
    assert "hunter2" not in str(result)


def workers_lack_nothing(result: dict[tuple[str, str], str]) -> bool:
    return "workers had every right" in result["rights", "ok"]


@pytest.mark.parametrize(
    "why",
    [
        str(denied("drs:DescribeSourceServers")),
        f"the checks before a DRILL found: rights: no phase ({denied('drs:DescribeJobLogItems')}). Mend it",
    ],
    ids=["it failed", "the plan does not let it start"],
)
def test_a_start_that_came_to_nothing_for_want_of_a_right_is_a_fault(
    world: World, story: Any, why: str
) -> None:
    """However well the execution before it went."""
    story().refuse(why)
    result = found()
    told = f"the newest execution of web_shop (2026-03-01) was denied a right: {why}"
    assert told in result["rights", "fault"]
    assert not workers_lack_nothing(result)


def test_a_wave_that_failed_for_want_of_a_right_is_a_fault(world: World) -> None:
    """What a drill is for."""
    why = f"DBWave1 cannot start: {denied('drs:StartRecovery')}"
    world.first.store.run(start_recovery.fail_wave(world.first.id, 0, 1, why))
    result = found()
    assert why in result["rights", "fault"]
    assert not workers_lack_nothing(result)


def test_the_newest_execution_of_a_plan_that_tells_of_rights_counts(world: World, story: Any) -> None:
    """What was mended since is no news; one that came to nothing for another reason tells nothing."""
    lacking_a_right(world)
    world.first.finish()
    story().refuse("web_shop is held by another execution")
    result = found()
    assert "web_shop, 2026-03-01" in result["rights", "warning"]
    assert not workers_lack_nothing(result)
    story().freeze()
    result = found()
    assert ("rights", "warning") not in result
    assert workers_lack_nothing(result)
