"""How an execution may end."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tests.chaos.evidence import launched_by, moment
from tests.chaos.rules import FINAL, FINAL_WAVE, GOOD, LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run

CLEAN_UP = {"cleanup", "cleanupDue"}
"""Fields of a record that have a life of their own after the end."""


def no_final_status_too_early(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Final only when every wave is, COMPLETED only by DRS's word, once, and the DAG run says the same."""
    last = evidence.execution(run)
    for _, item in [*run.seen, *([(now, last)] if last else [])]:
        yield from _early(item)
    if last is None:
        return
    yield from _changed_later(evidence, [*run.seen, (now, last)])
    yield from _ended_twice(evidence, last)
    if last["status"] not in FINAL:
        return
    if last["status"] == "COMPLETED":
        yield from _not_launched(evidence, run, last)
    if run.state in {"success", "failed"} and (run.state == "success") != (last["status"] in GOOD):
        yield f"its DAG run is {run.state}, its record {last['status']}"


def _early(item: Item) -> Iterator[str]:
    final = item["status"] in FINAL
    if final != ("endTime" in item):
        yield f"{item['status']} with endTime {item.get('endTime')}"
    running = [f"{w['waveName']} {w['status']}" for w in item["waves"] if w["status"] not in FINAL_WAVE]
    if final and (running or len(item["waves"]) != item["totalWaves"]):
        there = f"{len(item['waves'])} of {item['totalWaves']} waves"
        yield f"{item['status']} with {there}, running: {', '.join(running) or 'none'}"
    allowed = {"COMPLETED": {"COMPLETED"}, "PARTIAL": GOOD}.get(item["status"], FINAL_WAVE)
    if final and any(wave["status"] not in allowed for wave in item["waves"]):
        yield f"{item['status']} with waves {', '.join(wave['status'] for wave in item['waves'])}"


def _changed_later(evidence: Evidence, seen: list[tuple[datetime, Item]]) -> Iterator[str]:
    """Yield what differs after an end while no new attempt had opened it; a clean-up has its own fields."""
    opened = [moment(event["time"]) for event in evidence.events(seen[-1][1], "ATTEMPT_OPENED")]
    for (_, before), (read, after) in pairwise(seen):
        if before["status"] not in FINAL or any(moment(before["endTime"]) < at <= read for at in opened):
            continue
        keys = sorted((before.keys() | after.keys()) - CLEAN_UP)
        if changed := [key for key in keys if before.get(key) != after.get(key)]:
            shown = ", ".join(f"{key}: {before.get(key)} -> {after.get(key)}" for key in changed)
            yield f"its final record was changed later: {shown}"


def _ended_twice(evidence: Evidence, execution: Item) -> Iterator[str]:
    events = evidence.events(execution, "EXECUTION_ENDED", "ATTEMPT_OPENED")
    for before, after in pairwise(event["type"] for event in events):
        if before == after == "EXECUTION_ENDED":
            yield "it ended twice, and no attempt opened it between"


def _not_launched(evidence: Evidence, run: Run, execution: Item) -> Iterator[str]:
    wanted = {server for wave in run.waves for server in wave["servers"]}
    if missing := sorted(wanted - launched_by(evidence.launches_of(execution)).keys()):
        yield f"COMPLETED, but DRS did not launch {', '.join(missing)}"


def none_missing(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A run that began has its final record in time, and so has one that is on record."""
    execution = evidence.execution(run)
    if execution is None:
        if run.state not in {None, "queued"} and now - run.asked > LIMIT:
            yield f"its DAG run is {run.state}, and it has no record"
        return
    end = moment(execution["endTime"]) if "endTime" in execution else None
    if (end or now) - run.begun > LIMIT:
        took = (end or now) - run.begun
        yield f"{execution['status']} {took.total_seconds():.0f} s after it was asked for, or cleared"
