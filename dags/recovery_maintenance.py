"""Airflow finds the maintenance here: of the execution records, every minute, and the clean-up of drills."""

from pathlib import Path

from drs_recovery.dag.clean_up import clean_up_dag
from drs_recovery.dag.maintenance import maintenance_dag

dag = maintenance_dag(Path(__file__).parent / "plans")
clean_up = clean_up_dag()
