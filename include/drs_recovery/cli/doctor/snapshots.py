"""Whether the snapshot that new runs begin on can be had, and is what its name says."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.airflow_settings import bundle_of
from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown
from drs_recovery.errors import SnapshotError, SnapshotsUnavailable
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.airflow_settings import SNAPSHOT_BUNDLE
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.report.worker import BundleSaid

STORE_AGAIN = (
    "Remove that object, if there is one, and restart the DAG processor: it stores the newest snapshot again."
)
SAME = "Let workers have the DAG processor's [dag_processor] dag_bundle_config_list."
FROM_A_WORKER = "Ask from a worker's machine, or with its rights."


def check(it: Installation) -> Iterator[Found]:
    """Yield how the store is, asked from here by the connection as it is found here."""
    dag, reports = it.maintenance, it.reports
    if dag is None or not reports:
        yield unknown("where snapshots are kept no worker has said", f"Let {MAINTENANCE} run, and ask again.")
        return
    host, report = reports[0]
    bundle = bundle_of(dag, report)
    if bundle is None:
        yield unknown(f"the worker on {host} has no bundle {dag.bundle_name}, of which DAGs are", SAME)
    elif bundle.classpath != SNAPSHOT_BUNDLE:
        yield ok(f"none are kept: DAGs come from {bundle.classpath}")
    elif dag.bundle_version is None:
        yield unknown(f"Airflow has no version of {bundle.name}: none to look for", "See bundle.")
    elif bundle.store is None:
        hosts = listed(one.host for one in it.workers)
        yield ok(f"on a disk that {hosts} can read; no store for other machines is named")
    else:
        with redirect_stdout(sys.stderr):  # to which Airflow logs
            found = _of_store(bundle, bundle.store, dag.bundle_version)
        yield found


def _of_store(bundle: BundleSaid, store: str, version: str) -> Found:
    from drs_recovery.dag.files.kept import (  # noqa: PLC0415 - imports Airflow
        SNAPSHOTS,
        KeptSnapshots,
        snapshots_at,
    )

    try:
        kept = KeptSnapshots(snapshots_at(store, bundle.store_conn_id, bundle.name))
        kept.fetch(version)
    except SnapshotsUnavailable as error:
        return unknown(f"from here: {str(error).removesuffix(f'. {SNAPSHOTS.cure}')}", FROM_A_WORKER)
    except SnapshotError as error:
        return fault(str(error).partition(". ")[0], STORE_AGAIN)
    except ValueError as error:
        return fault(str(error), "Correct `store` in [dag_processor] dag_bundle_config_list.")
    return ok(f"from here {version} is in {kept.shown}, and its hash is right")
