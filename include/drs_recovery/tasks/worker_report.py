"""What this worker is, for `recovery doctor`: nobody else can ask a worker for its release and settings."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow.sdk.configuration import conf

from drs_recovery import __version__
from drs_recovery.clock import now
from drs_recovery.report.airflow_settings import LEANED_ON, key_of
from drs_recovery.report.worker import KEY, BundleSaid, WorkerReport
from drs_recovery.settings import settings
from drs_recovery.tasks.connections import table_hook
from drs_recovery.text.address import without_who_signs_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow.sdk import Context

    from drs_recovery.report.airflow_settings import Leaned

log = logging.getLogger(__name__)


def say_what_this_worker_is(context: Context) -> None:
    """Push the report; whatever keeps it from being pushed keeps the maintenance from nothing."""
    try:
        context["ti"].xcom_push(key=KEY, value=report().model_dump(mode="json"))
    except Exception as error:  # noqa: BLE001 - any: it is for a doctor alone
        log.warning("What this worker is cannot be said: %s", error)


def report() -> WorkerReport:
    """Return what this worker is."""
    return WorkerReport(
        release=__version__,
        time=now(),
        settings={key_of(one): _value(one) for one in LEANED_ON},
        bundles=tuple(_bundles()),
        table=settings().table,
        table_region=_table_region(),
        archive=settings().archive is not None,
    )


def _table_region() -> str | None:
    """Return the Region of the table as this worker's connection leads there; None if none can be had."""
    try:
        return table_hook().conn_region_name
    except Exception as error:  # noqa: BLE001 - any: the task itself meets it, and says so
        log.warning("In which Region the table is cannot be said: %s", type(error).__name__)
        return None


def _value(leaned: Leaned) -> str | None:
    value = conf.get(leaned.section, leaned.option, fallback=None)
    return leaned.unset if value is None or value == "" else str(value)


def _bundles() -> Iterator[BundleSaid]:
    """Yield the bundles of the configuration: of what they are given, only where snapshots are kept."""
    configured: Any = conf.getjson("dag_processor", "dag_bundle_config_list")
    for bundle in configured:
        given = bundle.get("kwargs") or {}
        store = given.get("store")
        yield BundleSaid(
            name=bundle["name"],
            classpath=bundle["classpath"],
            store=None if store is None else without_who_signs_in(str(store)),
            store_conn_id=given.get("store_conn_id"),
        )
