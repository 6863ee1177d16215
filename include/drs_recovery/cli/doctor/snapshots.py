"""Whether the snapshot that new runs begin on can be had, and is what its name says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown
from drs_recovery.errors import SnapshotError, SnapshotsUnavailable
from drs_recovery.report.airflow_settings import SNAPSHOT_BUNDLE
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.report.worker import BundleSaid


STORE_AGAIN = (
    "Remove that object, if there is one, and restart the DAG processor: it stores the newest snapshot again."
)


def check(it: Installation) -> Iterator[Found]:
    """Yield how the store is, asked from here by the connection as it is found here."""
    dag, reports = it.maintenance, it.reports
    if dag is None or not reports:
        yield unknown(
            "where snapshots are kept no worker has said", "Let recovery_maintenance run, and ask again."
        )
        return
    bundle = next((one for one in reports[0][1].bundles if one.name == dag.bundle_name), None)
    if bundle is None or bundle.classpath != SNAPSHOT_BUNDLE or dag.bundle_version is None:
        yield ok(f"none are kept: DAGs come from {bundle.classpath if bundle else dag.bundle_name}")
    elif bundle.store is None:
        hosts = listed(one.host for one in it.workers)
        yield ok(f"on a disk that {hosts} can read; no store for other machines is named")
    else:
        yield _of_store(bundle, bundle.store, dag.bundle_version)


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
        return fault(str(error).removesuffix(f". {SNAPSHOTS.cure}"), f"{SNAPSHOTS.cure}.")
    except SnapshotError as error:
        return fault(str(error).partition(". ")[0], STORE_AGAIN)
    except ValueError as error:
        return fault(str(error), "Correct `store` in [dag_processor] dag_bundle_config_list.")
    return ok(f"{version} is in {kept.shown}, and its hash is right")
