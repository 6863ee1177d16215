"""How a wave ended: by its servers once its jobs and what follows have ended, never by the jobs' statuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.status import judge, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerRecord


def verdict(
    wave: WaveRecord, servers: Sequence[ServerRecord], unfinished: Sequence[str], event: Mapping[str, Any]
) -> tuple[WaveStatus, str | None]:
    """Return the final status of a wave, and why if it is not COMPLETED (R-03, P-2).

    ``unfinished`` are its jobs that have not ended in DRS, ``event`` is what its trigger ended with. Actions
    that run on a server after its launch, and must succeed, are waited for like these.
    """
    acting = [server.label for server in servers if server.acting]
    if not unfinished and not acting:
        return judge(wave, servers)
    running = ", ".join([*unfinished, *([f"post-launch actions on {named(acting)}"] if acting else [])])
    if event.get("status") == "timeout":
        return WaveStatus.TIMED_OUT, f"{event['message']}. Still runs in DRS: {running}"
    if event.get("status") == "error":
        return WaveStatus.FAILED, f"{event['message']}. Not ended in DRS, as far as it tells: {running}"
    raise AirflowException(f"DRS says again that these have not ended: {running}")


def outcome_text(status: WaveStatus, reason: str | None, servers: Sequence[ServerRecord]) -> str:
    """Return the end of a wave as the audit trail tells it."""
    return f"{status}: {reason or f'all {len(servers)} servers launched'}"
