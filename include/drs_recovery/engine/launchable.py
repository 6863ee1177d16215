"""Which source servers DRS can launch now: it refuses a job as a whole for one that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.engine.recovery_points import taken
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.server_record import ServerRecord

GONE = (
    "DRS knows no such source server in this account and Region: "
    "it was deleted, moved to another account, or never there"
)


def replicates_back(direction: str | None) -> bool:
    """Whether a server is the target of a failback; one without a direction replicates the usual way."""
    return direction not in {None, "FAILOVER"}


def without_point(servers: Iterable[ServerRecord]) -> dict[str, str]:
    """Return, by id, why servers are not launched of which no recovery snapshot was frozen."""
    return {
        one.source_server_id: f"no recovery snapshot of it was there when the execution opened ({wanted})"
        for one in servers
        if (wanted := one.point_wanted) and one.recovery_snapshot_id is None
    }


def left_out(hook: DrsHook, source_server_ids: Sequence[str], snapshots: Mapping[str, str]) -> dict[str, str]:
    """Return, by id, why servers cannot be launched; what AWS refuses to tell is raised.

    Those that are gone, those that replicate back to where they came from, and those whose recovery snapshot
    is gone: ``snapshots`` are by server. Any other trouble of a server shows in its job: one that is
    disconnected, or stalled, is launched from the data there are.
    """
    known = {item["sourceServerID"]: item for item in hook.list_source_servers(source_server_ids)}
    found = {}
    for server in source_server_ids:
        if server not in known:
            found[server] = GONE
        elif replicates_back(direction := known[server].get("replicationDirection")):
            found[server] = f"it replicates in the direction {direction}, not FAILOVER"
        elif gone := _gone(hook, server, snapshots.get(server)):
            found[server] = gone
    return found


def _gone(hook: DrsHook, server: str, snapshot: str | None) -> str | None:
    """Return that a recovery snapshot is gone; None while it is there, or for the latest data."""
    if snapshot is None:
        return None
    there = [one.snapshot_id for one in taken(hook.list_recovery_snapshots(server))]
    if snapshot in there:
        return None
    return (
        f"its recovery snapshot {snapshot} is gone from DRS, and no other data are launched in its place; "
        f"there are {listed(there) or 'none'}. Start a new run with another recovery point"
    )
