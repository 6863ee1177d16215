"""`run --approve`: answers each gate of one run as it comes up, while the run is followed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import APPROVE, CONFLICT
from drs_recovery.cli.gates import GateClosed, GateNotReady, answer_gate
from drs_recovery.cli.rest import Refusal
from drs_recovery.errors import AirflowUnreachable
from drs_recovery.text.values import time_of_day

if TYPE_CHECKING:
    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.report.snapshot import Snapshot, WaitingGate


class Approver:
    """Approves gates as the signed-in user; a refusal by Airflow ends the command."""

    def __init__(self, client: AirflowClient, reason: str) -> None:
        self.client = client
        self.reason = reason

    def act(self, snapshot: Snapshot) -> Snapshot:
        """Answer the gates that are ready; return the snapshot with a note on each gate."""
        return replace(snapshot, gates=tuple(self._act(gate, snapshot) for gate in snapshot.gates))

    def _act(self, gate: WaitingGate, snapshot: Snapshot) -> WaitingGate:
        try:
            answer_gate(self.client, snapshot.target, gate.task_id, APPROVE, self.reason)
        except GateNotReady as early:
            return replace(
                gate, note=f"--approve answers it at {time_of_day(early.at)}" if early.at else gate.note
            )
        except (GateClosed, AirflowUnreachable) as error:
            return replace(gate, note=str(error).splitlines()[0])
        except Refusal as refusal:
            if refusal.status != CONFLICT:
                raise
            return replace(gate, note=str(refusal))
        return replace(gate, note="approved by --approve; the task takes it up")
