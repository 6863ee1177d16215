"""Fleets: files that say what DRS replicates."""

from __future__ import annotations

import pytest

from simulator.clock import REAL
from simulator.fleet import Fleet, FleetError, read_fleet
from simulator.seeding import plant

ONE = "{id: s-000000000000db001, hostname: db-1}"


def _written(tmp_path, text):
    path = tmp_path / "fleet.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"account: '1'\nregion: eu-west-1\nservers: [{ONE}]", r"account: '1'.*\\d\{12\}"),
        (
            f"account: '123456789012'\nregion: eu-west-1\nservers: [{ONE}, {ONE}]",
            r"each id once, not s-0+db001",
        ),
        (
            "account: '123456789012'\nregion: eu-west-1\nservers: [{id: s-1, hostname: a}]",
            r"servers\.0\.id: 's-1'",
        ),
        ("account: '123456789012'\nregion: eu-west-1\nserver: []", r"server: \[\]: Extra inputs"),
        ("account: [", "while parsing"),
        ("a: 1\na: 2", "duplicate key"),
        ("", "file: None"),
    ],
    ids=["account", "repeated id", "id", "unknown key", "no YAML", "repeated key", "empty"],
)
def test_a_fleet_that_cannot_be_read_is_refused_with_file_and_place(tmp_path, text, message):
    """The message has the file, the place, the value and what is wrong."""
    path = _written(tmp_path, text)
    with pytest.raises(FleetError, match=message) as refused:
        read_fleet(path)
    assert str(refused.value).startswith(f"{path}: ")


def test_a_region_without_drs_is_refused():
    """The message names the Regions there are."""
    fleet = Fleet(account="123456789012", region="eu-west-9", servers=())
    with pytest.raises(FleetError, match=r"'eu-west-9': allowed are .*eu-west-1"):
        plant(fleet)


def test_real_time_is_one_second_a_second():
    """The speed real is no scaling."""
    assert REAL == 1
