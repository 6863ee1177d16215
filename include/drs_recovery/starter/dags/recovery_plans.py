"""Airflow finds the recovery plans here: one DAG for each YAML file in `plans/`, beside this file.

Where there are many, copies of this file, named like `recovery_plans_07_of_64.py`, have a share of them each.
"""

from pathlib import Path

from drs_recovery.dag.files.shards import shard_of_file
from drs_recovery.dag.loader import load_dags

dags = load_dags(Path(__file__).parent / "plans", shard_of_file(__file__))
