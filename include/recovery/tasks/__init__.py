"""The tasks of a plan's DAG: open, approve, start, wait, complete; the maintenance; the clean-up of drills.

Airflow's task states prove nothing: anyone who may edit a run can mark, clear or force them. The graph gives
the order, the execution record gives the permission: see the hierarchy of trust in ``docs/security.md``.
"""

from recovery.tasks.approve import ApproveWave
from recovery.tasks.complete import CompleteExecution
from recovery.tasks.open import OpenExecution
from recovery.tasks.reconcile import ReconcileExecutions
from recovery.tasks.start import StartRecovery
from recovery.tasks.wait import WaitForRecovery

__all__ = [
    "ApproveWave",
    "CompleteExecution",
    "OpenExecution",
    "ReconcileExecutions",
    "StartRecovery",
    "WaitForRecovery",
]
