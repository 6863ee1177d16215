"""What a template of a plan may name, as plain data from the record (``docs/plans.md``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drs_recovery.names import path_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.plan import Plan
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord


def template_context(
    record: Execution,
    plan: Plan,
    servers: Sequence[ServerRecord],
    *,
    wave: WaveRecord | None = None,
    server: ServerRecord | None = None,
) -> dict[str, Any]:
    """Return what templates may name: of a wave, and of one server of it, where there is one.

    ``plan`` is the frozen plan, ``servers`` are those that belong to the wave, or to the whole execution.
    What is not known is absent.
    """
    context: dict[str, Any] = {
        "plan": {"id": record.plan_id, "name": plan.name, "owner": plan.owner},
        "execution": _known(
            id=record.execution_id,
            type=record.execution_type.value,
            reason=record.reason,
            requested_by=record.requested_by,
            url=_url(record),
        ),
        "servers": [_server(one) for one in servers],
    }
    if wave is not None:
        context["wave"] = {
            "name": wave.wave_name,
            "attempt": wave.attempt,
            "region": plan.target(wave.wave_number).region,
        }
    if server is not None:
        context["server"] = _server(server)
    return context


def _server(server: ServerRecord) -> dict[str, Any]:
    return _known(
        id=server.source_server_id,
        hostname=server.hostname,
        name=server.name,
        launch_status=server.launch_status.value if server.launch_status else None,
        recovery_instance_id=server.recovery_instance_id,
        private_ip=server.private_ip,
    )


def _url(record: Execution) -> str | None:
    if record.airflow_url is None:
        return None
    return f"{record.airflow_url}/dags/{path_part(record.plan_id)}/runs/{path_part(record.dag_run_id)}"


def _known(**values: str | None) -> dict[str, str]:
    return {key: value for key, value in values.items() if value is not None}
