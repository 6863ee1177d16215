"""Launch settings: a drill is launched on its own, and they are put back after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.evidence import launched_by, moment
from tests.chaos.rules import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Run


def drills_on_their_settings(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Each instance of a drill has the type that its plan has for drills, and that of a recovery never."""
    execution = evidence.execution(run)
    if execution is None or run.drill_type is None:
        return
    drill = execution["executionType"] == "DRILL"
    for server, job in launched_by(evidence.launches_of(execution)).items():
        launched = next(one for one in job["participatingServers"] if one["sourceServerID"] == server)
        found = evidence.types.get(launched.get("recoveryInstanceID", ""))
        if found and (found == run.drill_type) != drill:
            yield f"{server} was launched as {found} in a {execution['executionType']}"


def settings_put_back(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """What a drill changed is put back in time after its end, or named as left."""
    execution = evidence.execution(run)
    if execution is None or "endTime" not in execution or execution["executionType"] != "DRILL":
        return
    changed = [item for item in evidence.of(execution, "LAUNCH#") if item.get("changes")]
    order = next(iter(evidence.of(execution, "PUT_BACK")), {})
    if not changed:
        return
    since = now - moment(execution["endTime"])
    if order.get("status") != "DONE":
        if since > LIMIT:
            yield f"its settings are {order.get('status')} {since.total_seconds():.0f} s after its end"
        return
    if _goes_on(evidence, run):
        return  # a later drill of the same servers has changed them again
    for item in changed:
        server = item["sourceServerID"]
        there, usual = evidence.defaults.get(server), evidence.usual.get(server)
        if there != usual and item["status"] != "LEFT" and there is not None:
            yield f"its settings are DONE, {item['status']} of {server}, which is {there} and was {usual}"


def _goes_on(evidence: Evidence, run: Run) -> bool:
    """Whether another execution of the plan has put its own settings in place, and not put them back."""
    for item in evidence.items:
        if item["item"] != "EXECUTION" or item["planId"] != run.dag_id or item["dagRunId"] == run.run_id:
            continue
        orders = [one for one in evidence.of(item, "PUT_BACK") if one.get("status") != "DONE"]
        if orders:
            return True
    return False
