"""Airflow finds the maintenance of the execution records here: one small DAG, every minute."""

from pathlib import Path

from recovery.dag.maintenance import maintenance_dag

dag = maintenance_dag(Path(__file__).parent / "plans")
