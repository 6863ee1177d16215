"""What a clean-up may terminate, and that it comes to an end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.evidence import moment
from tests.chaos.rules import FINAL, FINISHED, LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run

GONE = {"TERMINATED", "NOT_FOUND"}
"""States of instances that DRS lists, and nobody pays for."""


def clean_ups_take_their_own(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Only instances of a drill that had ended, and only when its plan, or a person, wants that."""
    execution = evidence.execution(run)
    if execution is None:
        return
    mine = {server["recoveryInstanceID"] for server in _launched(evidence, execution)}
    for call in evidence.called("TerminateRecoveryInstances"):
        named = set(call["parameters"]["recoveryInstanceIDs"])
        if not named & mine:
            continue
        at, message = (
            moment(call["time"]),
            f"{call.get('jobID')} terminated {', '.join(sorted(named & mine))}",
        )
        if execution["executionType"] != "DRILL":
            yield f"{message}, of a {execution['executionType']}"
        if named - mine:
            yield f"{message} together with {', '.join(sorted(named - mine))}, which are not this drill's"
        end = _standing_end(evidence, [*(item for _, item in run.seen), execution], at)
        if end is None:
            yield f"{message} before its execution had ended, or after it was opened again"
        else:
            yield from _unasked(evidence, run, execution, message, (end, at))


def _standing_end(evidence: Evidence, seen: list[Item], at: datetime) -> datetime | None:
    """Return the end that stood at a moment: none before the first, nor after a new attempt opened it."""
    ends = [moment(item["endTime"]) for item in seen if item["status"] in FINAL]
    opened = [moment(event["time"]) for event in evidence.events(seen[-1], "ATTEMPT_OPENED")]
    end = max((one for one in ends if one <= at), default=None)
    return None if end is None or any(end < one <= at for one in opened) else end


def _unasked(
    evidence: Evidence, run: Run, execution: Item, message: str, between: tuple[datetime, datetime]
) -> Iterator[str]:
    """Yield what is missing of a word that somebody must say between the end and the termination."""
    end, at = between
    if run.clean_up == "never" and not (run.clean_up_asked and end <= run.clean_up_asked <= at):
        yield f"{message}, which nobody asked for"
    if run.clean_up == "after_approval":
        if run.clean_up_approved is None or not end <= run.clean_up_approved <= at:
            yield f"{message}, and its approver said yes at {run.clean_up_approved}"
        shown = evidence.events(execution, "CLEANUP_APPROVED")
        if not any(end <= moment(event["time"]) <= at for event in shown):
            yield f"{message}, and the trail has no approval before"


def clean_ups_come_to_an_end(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """What is ordered or asked for is over in time, and DONE only when the instances are gone."""
    execution = evidence.execution(run)
    if execution is None or "endTime" not in execution:
        return
    known = execution.get("cleanup", {})
    status, real = known.get("status"), execution["executionType"] != "DRILL"
    if real:
        if known:
            yield f"a {execution['executionType']} has a clean-up: {known}"
        return
    jobs = {job["jobID"] for job in evidence.launches_of(execution)}
    ordered = run.clean_up != "never" and any(job in _on_record(execution) for job in jobs)
    since = max([moment(execution["endTime"]), *([run.clean_up_asked] if run.clean_up_asked else [])])
    if (ordered or run.clean_up_asked) and status not in FINISHED and now - since > LIMIT:
        yield f"its clean-up is {status} {(now - since).total_seconds():.0f} s after it was due"
    if status == "FAILED" and not known.get("failure"):
        yield "its clean-up is FAILED, and no word on why"
    there = [
        one for one in evidence.instances if one["jobID"] in jobs and one["ec2InstanceState"] not in GONE
    ]
    if status == "DONE" and there:
        left = sorted(one["recoveryInstanceID"] for one in there)
        yield f"its clean-up is DONE, and EC2 still has {', '.join(left)}"


def _launched(evidence: Evidence, execution: Item) -> list[Item]:
    return [
        server
        for job in evidence.launches_of(execution)
        for server in job["participatingServers"]
        if server.get("recoveryInstanceID")
    ]


def _on_record(execution: Item) -> set[str]:
    return {job for wave in execution["waves"] for job in wave.get("jobIds", ())}
