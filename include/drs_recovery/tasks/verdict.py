"""How a wave ended: by its servers' launch statuses once its jobs have ended, never by those of the jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException

from drs_recovery.record.enums import WaveStatus
from drs_recovery.record.status import judge

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerRecord


def verdict(
    wave: WaveRecord, servers: Sequence[ServerRecord], unfinished: Sequence[str], event: Mapping[str, Any]
) -> tuple[WaveStatus, str | None]:
    """Return the final status of a wave, and why if it is not COMPLETED (R-03, P-2).

    ``unfinished`` are its jobs that have not ended in DRS, ``event`` is what its trigger ended with.
    """
    if not unfinished:
        return judge(wave, servers)
    running = ", ".join(unfinished)
    if event.get("status") == "timeout":
        return WaveStatus.TIMED_OUT, f"{event['message']}. Still runs in DRS: {running}"
    if event.get("status") == "error":
        return WaveStatus.FAILED, f"{event['message']}. Not ended in DRS, as far as it tells: {running}"
    raise AirflowException(f"DRS says again that these jobs have not ended: {running}")


def in_words(status: WaveStatus, reason: str | None, servers: Sequence[ServerRecord]) -> str:
    """Return the end of a wave as the audit trail tells it."""
    return f"{status}: {reason or f'all {len(servers)} servers launched'}"
