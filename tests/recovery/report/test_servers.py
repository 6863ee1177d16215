"""How a server reads: its name, and what it is doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drs_recovery.record.server_record import ServerRecord
from drs_recovery.report.servers import activity, server_name
from drs_recovery.text.values import ABSENT

NOW = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def server(**known: object) -> ServerRecord:
    return ServerRecord.model_validate({"sourceServerID": "s-000000000000db001", "waveNumber": 0} | known)


def test_r24_an_instance_that_is_not_known_yet_is_absent() -> None:
    assert activity(server(), NOW) == ABSENT
    assert activity(server(privateIp="10.0.0.1"), NOW) == f"{ABSENT}  10.0.0.1"


def test_r10_r23_a_phase_tells_how_long_it_lasts() -> None:
    converting = server(phase="CONVERSION", phaseSince=NOW - timedelta(minutes=15))
    assert activity(converting, NOW) == "CONVERSION for 15m 00s"


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
