"""How values read: what is absent is shown as absent, what is unknown is shown."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from drs_recovery.cli.words import ABSENT, clock, doing, lasting, server_name, text, when, word
from drs_recovery.record.enums import LaunchStatus
from drs_recovery.record.server_record import ServerRecord

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def server(**known: object) -> ServerRecord:
    return ServerRecord.model_validate({"sourceServerID": "s-000000000000db001", "waveNumber": 0} | known)


def test_r26_r29_what_is_absent_is_no_date_and_no_failure() -> None:
    shown = [
        when(None),
        clock(None),
        lasting(None, NOW),
        lasting(NOW, None),
        text(None),
        text(""),
        str(word(None)),
    ]
    assert shown == [ABSENT] * 7


def test_r24_an_instance_that_is_not_known_yet_is_absent() -> None:
    assert doing(server(), NOW) == ABSENT
    assert doing(server(privateIp="10.0.0.1"), NOW) == f"{ABSENT}  10.0.0.1"


def test_r61_a_status_of_a_newer_release_is_shown() -> None:
    assert str(word(LaunchStatus("HIBERNATED"))) == "HIBERNATED"


def test_r10_r23_a_phase_tells_how_long_it_lasts() -> None:
    converting = server(phase="CONVERSION", phaseSince=NOW - timedelta(minutes=15))
    assert doing(converting, NOW) == "CONVERSION for 15m 00s"


def test_times_are_utc() -> None:
    east = NOW.astimezone(timezone(timedelta(hours=5)))
    assert when(east) == "2026-03-01 03:00:00Z"
    assert clock(east) == "03:00:00"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0s"), (59.6, "1m 00s"), (61, "1m 01s"), (3660, "1h 01m"), (90000, "1d 01h"), (-5, "0s")],
)
def test_durations_have_two_units(seconds: float, shown: str) -> None:
    assert lasting(NOW, NOW + timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("known", "shown"),
    [
        ({"hostname": "db-1", "name": "shop-db-1"}, "db-1 (shop-db-1)"),
        ({"hostname": "db-1"}, "db-1"),
        ({"name": "shop-db-1"}, "shop-db-1"),
        ({}, "s-000000000000db001"),
    ],
    ids=["both", "hostname", "name", "neither"],
)
def test_servers_have_names(known: dict[str, str], shown: str) -> None:
    assert server_name(server(**known)) == shown
