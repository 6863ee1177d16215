"""`run --approve`: answers each gate of one run as it comes up, while the run is followed."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from drs_recovery.cli.airflow import APPROVE, CONFLICT
from drs_recovery.cli.gates import GateClosed, GateNotReady, answer_gate, check_counts
from drs_recovery.cli.rest import Refusal
from drs_recovery.errors import AirflowUnreachable, TransitionRefused
from drs_recovery.text.values import time_of_day

if TYPE_CHECKING:
    from drs_recovery.cli.airflow import AirflowClient
    from drs_recovery.cli.airflow_models import User
    from drs_recovery.report.snapshot import Snapshot, WaitingGate


class Approver:
    """Approves gates as the signed-in user; a refusal by Airflow ends the command.

    To pass a gate alone, past the people whom it asks, is for one gate and one reason: not for all of a run.
    """

    def __init__(self, client: AirflowClient, reason: str) -> None:
        self.client = client
        self.reason = reason

    @cached_property
    def _me(self) -> User:
        return self.client.me()

    def act(self, snapshot: Snapshot) -> Snapshot:
        """Answer the gates that are ready; return the snapshot with a note on each gate."""
        return replace(snapshot, gates=tuple(self._act(gate, snapshot) for gate in snapshot.gates))

    def _act(self, gate: WaitingGate, snapshot: Snapshot) -> WaitingGate:
        if gate.rules and gate.rules.break_glass and self._me.id in gate.rules.break_glass:
            return replace(gate, note=f"--approve breaks no glass; `recovery approve` does, as {self._me.id}")
        try:
            if gate.rules and (gate.given or gate.rules.excluded):
                check_counts(gate.rules, gate.given, self._me, self.reason)
            answer_gate(self.client, snapshot.target, gate.task_id, APPROVE, self.reason)
        except GateNotReady as early:
            return replace(
                gate, note=f"--approve answers it at {time_of_day(early.at)}" if early.at else gate.note
            )
        except (GateClosed, TransitionRefused, AirflowUnreachable) as error:
            return replace(gate, note=str(error).splitlines()[0])
        except Refusal as refusal:
            if refusal.status != CONFLICT:
                raise
            return replace(gate, note=str(refusal))
        return replace(gate, note="approved by --approve; the task takes it up")
