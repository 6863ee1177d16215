"""The files of a folder of DAGs, and what Airflow reads in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from airflow.dag_processing.dagbag import DagBag

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from drs_recovery.dag.files.bundle import SnapshotDagBundle

ROOT = Path(__file__).parents[3]
MAINTENANCE_FILE = "recovery_maintenance.py"

PLAN = """
name: A plan
description: A plan.
owner: team
region: eu-west-1
waves:
  - name: One
    servers: [s-000000000000db001]
"""


def dags_of(file: Path) -> list[DAG]:
    """Return the DAGs of a file, as Airflow reads it."""
    bag = DagBag(file, bundle_path=file.parent, bundle_name="dags-folder")
    assert bag.import_errors == {}
    return list(bag.dags.values())


def version_of(bundle: SnapshotDagBundle) -> str:
    """Return the version that Airflow would pin a run to."""
    current = bundle.get_current_version()
    assert current
    return current.version
