"""What can be wrong with Airflow and its DAGs in an installation, and what the doctor says of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drs_recovery.settings import settings
from tests.recovery.cli import well

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.airflow_stub import Stub
    from tests.recovery.cli.execution_story import Story


@dataclass
class World:
    """An installation that is well."""

    stub: Stub
    client: Any
    control: Any
    first: Story
    """Its execution, which found every right."""

    def update_table(self, **changed: Any) -> None:
        self.client.update_table(TableName=settings().table, **changed)


def answer(path: str, status: int, body: Any) -> Callable[[World], None]:
    return lambda world: world.stub.on(f"GET /api/v2/{path}", (status, body))


def not_imported(file: str, *, bundle: str) -> Callable[[World], None]:
    failure = {"filename": file, "bundle_name": bundle, "stack_trace": "Trace\nImportError: no x\n"}
    return answer("importErrors", 200, {"import_errors": [failure]})


def no_plugin(source: str, error: str) -> Callable[[World], None]:
    return answer("plugins/importErrors", 200, {"import_errors": [{"source": source, "error": error}]})


def stale(world: World) -> None:
    well.plans(world.stub, well.dag("web_shop"), well.dag("old", is_stale=True))


AIRFLOW_WELL_BUT = {
    "airflow too old": (
        answer("version", 200, {"version": "3.2.1"}),
        "version",
        "fault",
        "3.2.1 .* none that .* Take Airflow 3.3",
    ),
    "no triggerer": (
        answer("monitor/health", 200, {part: {"status": "healthy"} for part in well.PARTS[:2]}),
        "components",
        "fault",
        "heartbeat of the triggerer: no wave is watched.*airflow triggerer.*dag-processor",
    ),
    "no pool": (
        answer("pools/recovery", 404, {"detail": "gone"}),
        "pool",
        "fault",
        "no pool 'recovery'.*recovery init",
    ),
    "a small pool": (answer("pools/recovery", 200, {"slots": 2}), "pool", "warning", "2 slots, not 64"),
    "tasks in another pool": (
        lambda world: well.runs(world.stub, well.ran(pool="default_pool")),
        "pool",
        "fault",
        "in the pool 'default_pool', and this command looks at 'recovery' .*RECOVERY_POOL",
    ),
    "a pool without slots": (
        answer("pools/recovery", 200, {"slots": 0, "include_deferred": True}),
        "pool",
        "fault",
        "no slots: no task of a plan ever starts.*recovery init",
    ),
    "a pool without slots that counts what waits": (
        answer("pools/recovery", 200, {"slots": 0, "include_deferred": True}),
        "pool",
        "warning",
        "include_deferred",
    ),
    "a pool that counts what waits": (
        answer("pools/recovery", 200, {"slots": 64, "include_deferred": True}),
        "pool",
        "warning",
        "include_deferred",
    ),
    "no plugin": (answer("plugins", 200, {"plugins": []}), "plugin", "warning", "no plugin of the product"),
    "a plugin twice": (
        no_plugin("drs-recovery-plans==0.2.0: x", "Plugin 'recovery' already registered, skipping"),
        "plugin",
        "warning",
        "already registered.*Remove the file",
    ),
    "a plugin of the package that cannot be imported": (
        no_plugin("drs_recovery.dag.plugin", "No module named 'x'"),
        "plugin",
        "warning",
        "could not load it from drs_recovery.dag.plugin: No module named 'x'.*See what the error says",
    ),
    "a plugin of a folder that cannot be imported": (
        no_plugin("/opt/airflow/plugins/recovery_plugin.py", "No module named 'x'"),
        "plugin",
        "warning",
        "could not load it from /opt/airflow/plugins/recovery_plugin.py",
    ),
    "a plugin of somebody else's in a home that is called recovery": (
        no_plugin("/srv/recovery/plugins/etl.py", "No module named 'x'"),
        "plugin",
        "ok",
        "loaded once",
    ),
    "what may not be seen": (
        answer("plugins", 403, {"detail": "Forbidden"}),
        "plugin",
        "unknown",
        "Forbidden.*--user",
    ),
    "a paused plan": (
        lambda world: well.plans(world.stub, well.dag("web_shop", is_paused=True)),
        "DAGs",
        "warning",
        "paused.*web_shop",
    ),
    "an invalid plan": (
        lambda world: well.plans(world.stub, well.dag("web_shop", "invalid")),
        "DAGs",
        "fault",
        "web_shop.*recovery check",
    ),
    "a stale plan": (stale, "DAGs", "warning", "stale.*old"),
    "no plan": (lambda world: well.plans(world.stub), "DAGs", "warning", "no plan"),
    "a file that cannot be imported": (
        not_imported("recovery_plans.py", bundle="dags-folder"),
        "DAGs",
        "fault",
        "recovery_plans.py cannot be imported: ImportError: no x",
    ),
    "somebody else's file": (
        not_imported("etl.py", bundle="etl"),
        "DAGs",
        "warning",
        "etl.py cannot be imported",
    ),
    "a paused maintenance": (
        lambda world: well.maintenance(world.stub, is_paused=True),
        "DAGs",
        "fault",
        "unpause recovery_maintenance",
    ),
    "no maintenance": (
        answer("dags/recovery_maintenance/details", 404, {"detail": "gone"}),
        "DAGs",
        "fault",
        "no DAG recovery_maintenance",
    ),
    "no clean-up": (
        answer("dags/recovery_clean_up/details", 200, well.dag("recovery_clean_up", is_stale=True)),
        "DAGs",
        "fault",
        "no DAG recovery_clean_up: what drills launched .*dags/recovery_maintenance.py",
    ),
    "a paused clean-up": (
        answer("dags/recovery_clean_up/details", 200, well.dag("recovery_clean_up", is_paused=True)),
        "DAGs",
        "fault",
        "what drills launched .*unpause recovery_clean_up",
    ),
    "settings that nobody puts back": (
        answer("dags/recovery_put_back/details", 200, well.dag("recovery_put_back", is_paused=True)),
        "DAGs",
        "fault",
        "launch settings .*unpause recovery_put_back",
    ),
    "no versions": (
        lambda world: well.plans(world.stub, well.dag("web_shop", bundle_version=None)),
        "bundle",
        "fault",
        "no versions: .*web_shop.*SnapshotDagBundle",
    ),
}
