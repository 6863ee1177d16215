"""An Airflow that is well, as the doctor sees it: a test spoils what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery import __version__
from drs_recovery.report.airflow_settings import LEANED_ON, SNAPSHOT_BUNDLE, key_of
from drs_recovery.report.worker import made_by

if TYPE_CHECKING:
    from tests.recovery.cli.airflow_stub import Stub

PARTS = ("metadatabase", "scheduler", "triggerer", "dag_processor")
VERSION = "1" * 40
BUNDLE = {"name": "dags-folder", "classpath": SNAPSHOT_BUNDLE}
DAG = "/api/v2/dags/recovery_maintenance"
RUNS = f"GET {DAG}/dagRuns/~/taskInstances"
ENTRY = "GET {dag}/dagRuns/{run}/taskInstances/reconcile/xcomEntries/worker"


def dag(dag_id: str, *tags: str, **changed: Any) -> dict[str, Any]:
    """Return the DAG of a plan as Airflow lists it; it may have other tags besides."""
    known = {"dag_id": dag_id, "is_paused": False, "is_stale": False}
    known["tags"] = [{"name": name} for name in ("recovery", *tags)]
    return known | {"bundle_name": "dags-folder", "bundle_version": VERSION} | changed


def ran(host: str = "worker-1", run_id: str = "scheduled__1", **changed: Any) -> dict[str, Any]:
    """Return a run of the maintenance's task, half a minute ago."""
    at = (datetime.now(UTC) - timedelta(seconds=30)).isoformat()
    times = {"run_after": at, "start_date": at, "end_date": at}
    known = {
        "task_id": "reconcile",
        "dag_run_id": run_id,
        "state": "success",
        "hostname": host,
        "try_number": 1,
        "pool": "recovery",
    }
    return known | times | changed


def said(release: str = __version__, *, late: float = 0, **changed: Any) -> dict[str, Any]:
    """Return the XCom of a worker; its clock may be so many seconds late."""
    at = datetime.now(UTC)
    report = {
        "release": release,
        "time": (at - timedelta(seconds=late)).isoformat(),
        "settings": {key_of(one): one.shipped for one in LEANED_ON},
        "bundles": [BUNDLE],
        "table": "recovery-executions",
        "table_region": "eu-west-1",
        "archive": False,
    }
    return {"timestamp": at.isoformat(), "value": report | changed}


def plans(stub: Stub, *dags: dict[str, Any]) -> None:
    """Let Airflow have these DAGs; it lists those with a tag, and stale ones to nobody who does not ask."""

    def page(asked: dict[str, str]) -> dict[str, Any]:
        stale_too, tag = asked.get("exclude_stale") == "false", {"name": asked.get("tags")}
        found = [one for one in dags if tag in one["tags"] and (stale_too or not one["is_stale"])]
        start = int(asked.get("offset", 0))
        return {"dags": found[start : start + int(asked["limit"])], "total_entries": len(found)}

    stub.on("GET /api/v2/dags", (200, page))


def runs(stub: Stub, *tasks: dict[str, Any]) -> None:
    """Let the maintenance have run so, newest first."""
    stub.on(RUNS, (200, {"task_instances": tasks}))


def says(stub: Stub, entry: dict[str, Any], run_id: str = "scheduled__1") -> None:
    """Let the worker of a run have said this."""
    stub.on(ENTRY.format(dag=DAG, run=run_id), (200, entry))


def maintenance(stub: Stub, **changed: Any) -> None:
    """Let the DAG of the maintenance be so."""
    stub.on(f"GET {DAG}/details", (200, dag("recovery_maintenance", doc_md=made_by(__version__)) | changed))


def make_well(stub: Stub) -> None:
    """Let everything be well."""
    stub.on("GET /api/v2/version", (200, {"version": "3.3.2"}))
    stub.on("GET /api/v2/monitor/health", (200, {part: {"status": "healthy"} for part in PARTS}))
    stub.on("GET /api/v2/pools/recovery", (200, {"name": "recovery", "slots": 64, "occupied_slots": 1}))
    ours = {"name": "recovery", "source": "$PLUGINS_FOLDER/recovery_plugin.py"}
    stub.on("GET /api/v2/plugins", (200, {"plugins": [ours]}))
    for path in ("plugins/importErrors", "importErrors"):
        stub.on(f"GET /api/v2/{path}", (200, {"import_errors": []}))
    plans(stub, dag("web_shop"), dag("of_others", tags=[], is_paused=True))
    maintenance(stub)
    for dag_id in ("recovery_clean_up", "recovery_put_back"):
        stub.on(f"GET /api/v2/dags/{dag_id}/details", (200, dag(dag_id)))
    runs(stub, ran())
    says(stub, said())
