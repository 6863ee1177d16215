"""The tasks of a plan's DAG: open, approve, start, wait, complete; the maintenance; the clean-up of drills.

Airflow's task states prove nothing: anyone who may edit a run can mark, clear or force them. The graph gives
the order, the execution record gives the permission: see the hierarchy of trust in ``docs/security.md``.
"""

from drs_recovery.tasks.approve import ApproveWave
from drs_recovery.tasks.complete import CompleteExecution
from drs_recovery.tasks.open import OpenExecution
from drs_recovery.tasks.reconcile import ReconcileExecutions
from drs_recovery.tasks.start import StartRecovery
from drs_recovery.tasks.wait import WaitForRecovery

__all__ = [
    "ApproveWave",
    "CompleteExecution",
    "OpenExecution",
    "ReconcileExecutions",
    "StartRecovery",
    "WaitForRecovery",
]
