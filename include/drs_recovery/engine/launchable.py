"""Which source servers DRS can launch now: it refuses a job as a whole for one that it does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.aws.hooks.drs import DrsHook

GONE = (
    "DRS knows no such source server in this account and Region: "
    "it was deleted, moved to another account, or never there"
)


def replicates_back(direction: str | None) -> bool:
    """Whether a server is the target of a failback; one without a direction replicates the usual way."""
    return direction not in {None, "FAILOVER"}


def left_out(hook: DrsHook, source_server_ids: Sequence[str]) -> dict[str, str]:
    """Return, by id, why servers cannot be launched; what AWS refuses to tell is raised.

    Those that are gone, and those that replicate back to where they came from. Any other trouble of a server
    shows in its job: one that is disconnected, or stalled, is launched from the data there are.
    """
    known = {item["sourceServerID"]: item for item in hook.list_source_servers(source_server_ids)}
    found = {}
    for server in source_server_ids:
        if server not in known:
            found[server] = GONE
        elif replicates_back(direction := known[server].get("replicationDirection")):
            found[server] = f"it replicates in the direction {direction}, not FAILOVER"
    return found
