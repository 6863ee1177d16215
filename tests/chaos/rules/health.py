"""What a wave that ended well says of the health of its servers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run


def none_completed_ill(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A checked wave is COMPLETED only with servers that passed, and never with an impaired one."""
    execution = evidence.execution(run)
    if execution is None:
        return
    checked = {wave["name"]: wave for wave in run.waves if wave.get("checked")}
    for item in [execution, *(item for _, item in run.seen)]:
        for wave in item["waves"]:
            planned = checked.get(wave["waveName"])
            if planned and wave["status"] == "COMPLETED" and run.ill in planned["servers"]:
                yield f"{wave['waveName']} was COMPLETED, and {run.ill} fails its status checks"
    yield from _unchecked(evidence, execution, checked)


def _unchecked(evidence: Evidence, execution: Item, checked: dict[str, Item]) -> Iterator[str]:
    """Yield servers of a COMPLETED wave that did not pass on record."""
    items = {item["sourceServerID"]: item for item in evidence.of(execution, "SERVER#")}
    for wave in execution["waves"]:
        if wave["waveName"] not in checked or wave["status"] != "COMPLETED":
            continue
        for server in checked[wave["waveName"]]["servers"]:
            if (status := items.get(server, {}).get("checksStatus")) != "PASSED":
                yield f"{wave['waveName']} is COMPLETED, and the checks of {server} are {status} on record"
