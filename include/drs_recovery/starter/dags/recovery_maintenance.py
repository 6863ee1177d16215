"""Airflow finds the maintenance of execution records here, and what is due after their ends."""

from pathlib import Path

from drs_recovery.dag.clean_up import follow_up_dags
from drs_recovery.dag.maintenance import maintenance_dag

dag = maintenance_dag(Path(__file__).parent / "plans")
follow_ups = follow_up_dags()
