"""How a server reads: its name, and what it is doing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.targets import point_text
from drs_recovery.text.values import ABSENT, elapsed, or_absent

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.report.snapshot import Snapshot


def server_name(server: ServerRecord) -> str:
    """Return a server by hostname and Name tag; by its id if DRS knows neither."""
    names = [part for part in (server.hostname, server.name) if part]
    if not names:
        return server.source_server_id
    return names[0] if len(names) == 1 else f"{names[0]} ({names[1]})"


def points_of(snapshot: Snapshot) -> dict[str, str]:
    """Return which data are launched of each server, by its name; none where all launch their latest."""
    if (execution := snapshot.execution) is None or not any(one.point_wanted for one in snapshot.servers):
        return {}
    return {one.label: point_text(one, execution.start_time) for one in snapshot.servers}


def activity(server: ServerRecord, at: datetime) -> str:
    """Return the phase a server is in, and for how long; once it runs, the instance and its address."""
    if server.recovery_instance_id or server.private_ip:
        return f"{or_absent(server.recovery_instance_id)}  {or_absent(server.private_ip)}"
    if server.phase is None:
        return ABSENT
    since = server.phase_since
    return server.phase if since is None else f"{server.phase} for {elapsed(since, server.end_time or at)}"
