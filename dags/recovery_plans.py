"""Airflow finds the recovery plans here: one DAG for each YAML file in `plans/`, beside this file."""

from pathlib import Path

from recovery.dag.loader import load_dags

dags = load_dags(Path(__file__).parent / "plans")
