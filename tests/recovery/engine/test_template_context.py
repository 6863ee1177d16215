"""What a template may name at run time is what `recovery check` lets it name."""

from __future__ import annotations

from datetime import UTC, datetime

from drs_recovery.engine.template_context import template_context
from drs_recovery.plan.template_names import OF_A_SERVER, Each
from drs_recovery.record.models import Execution, execution_id
from drs_recovery.record.server_record import ServerRecord
from tests.recovery.tasks.conftest import DB, plan

RECORD = Execution.model_validate(
    {
        "execution_id": execution_id("shop", "manual__1"),
        "plan_id": "shop",
        "plan_name": "Shop",
        "plan_hash": "0" * 64,
        "airflow_url": "https://airflow.example",
        "dag_run_id": "manual__1",
        "execution_type": "DRILL",
        "total_waves": 1,
        "waves": [{"wave_number": 0, "wave_name": "Database"}],
        "requested_by": "alice",
        "reason": "{{ plan }}",
        "start_time": datetime(2026, 1, 1, tzinfo=UTC),
    }
)
LAUNCHED = ServerRecord.model_validate(
    {
        "source_server_id": DB,
        "hostname": "db1",
        "name": "Database",
        "wave_number": 0,
        "launch_status": "LAUNCHED",
        "recovery_instance_id": "i-1",
        "private_ip": "10.0.0.1",
    }
)


def test_the_context_has_the_keys_that_are_documented_and_no_others() -> None:
    """Of an execution of which all is known."""
    context = template_context(RECORD, plan(), [LAUNCHED], wave=RECORD.waves[0], server=LAUNCHED)
    keys = {
        name: Each(frozenset(value[0])) if isinstance(value, list) else frozenset(value)
        for name, value in context.items()
    }
    assert keys == OF_A_SERVER
    assert context["execution"]["url"] == "https://airflow.example/dags/shop/runs/manual__1"


def test_what_is_not_known_is_absent() -> None:
    """Absent is absent: no template gets a None to show."""
    waiting = ServerRecord.model_validate({"source_server_id": DB, "wave_number": 0})
    context = template_context(RECORD.replace(reason=None), plan(), [waiting])
    assert context["servers"] == [{"id": DB}]
    assert "reason" not in context["execution"]
    assert "wave" not in context
