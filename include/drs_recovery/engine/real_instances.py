"""No StartRecovery names a server that has a real recovery instance (invariant 12).

Launching a source server again makes DRS terminate its earlier recovery instance. A drill of a recovered
server would destroy the recovery. DRS is asked, not only the record (``docs/security.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.drs import is_gone
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.aws.hooks.drs import DrsHook


def real_instances(hook: DrsHook, source_server_ids: Sequence[str], *, replace: bool) -> dict[str, str]:
    """Return why servers are not started, by id: those with a recovery instance that is not a drill's.

    ``replace``: their run confirmed, on record, that such instances may be replaced. An instance that does
    not say whether it is a drill's counts as real; one that EC2 has terminated is none. A failed look-up
    raises AWS's own error.
    """
    if replace:
        return {}
    real = {
        item["sourceServerID"]: item.get("recoveryInstanceID", "one")
        for item in hook.list_recovery_instances(list(source_server_ids))
        if item.get("isDrill") is not True and not is_gone(item)
    }
    found = listed(f"{server} has {instance}" for server, instance in real.items())
    text = (
        f"Real recovery instances are running: {found}. Starting again would make DRS terminate them. If "
        "that is wanted, trigger a RECOVERY with `replace_recovered` set to the plan's id."
    )
    return dict.fromkeys(real, text)
