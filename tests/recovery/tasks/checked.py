"""Executions that the preflight looks at: what it warns of, tells and refuses."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.plan import Preflight
from drs_recovery.store.read_trail import read_events
from drs_simulator.drs.models import drs_backends
from drs_simulator.fleet import ServerDescription
from tests.recovery.tasks.conftest import DB, Drive

SURE = {"execution_type": "RECOVERY", "confirm": "shop"}
WARN = dict.fromkeys(Preflight.model_fields, "warn")
ONE = {"name": "Database", "servers": [DB]}


def add(server_id: str, state: str = "CONTINUOUS", region: str = "eu-west-1", lag: float = 0) -> None:
    """Let an agent replicate one more server, in a state."""
    backend = drs_backends["123456789012"][region]
    backend.initialize_service()
    replication: Any = {"state": state, "lag_seconds": lag}
    server = ServerDescription(id=server_id, hostname="new.example", replication=replication)
    backend.register_source_server(server.to_drs())


def warned(drive: Drive) -> dict[str, str]:
    """Return the warnings on record, by check."""
    return {warning.check: warning.message for warning in drive.record.warnings}


def details_of(drive: Drive) -> list[str]:
    """Return what the trail tells of the preflight."""
    return [
        event.detail
        for event in drive.store.run(read_events(drive.execution_id))
        if event.type == "PREFLIGHT"
    ]


def refused(drive: Drive) -> str:
    """Open an execution that the checks block; return why, as it ends on record: CANCELLED."""
    with pytest.raises(AirflowFailException) as why:
        drive.execute("open_execution")
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drive.execute("complete_execution")
    record = drive.record
    assert (record.failure.kind, record.failure.message) == ("REFUSED", str(why.value))
    assert str(why.value) in record.outcome
    assert set(drive.statuses) == {"SKIPPED"}
    return str(why.value)
