"""What the doctor says of rights: those of connections that are found here, and those that workers lacked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.recovery.cli.cli_surroundings import found

if TYPE_CHECKING:
    import pytest

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
