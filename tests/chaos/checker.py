"""Judges what chaos left behind, by raw items and what DRS and its log tell: five rules.

Nothing of the product is used here: its own code would believe its own record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from chaos.evidence import Evidence, Item, Run, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIMIT = timedelta(minutes=10)
FINAL = {"COMPLETED", "PARTIAL", "FAILED", "CANCELLED", "TIMED_OUT"}
FINAL_WAVE = FINAL | {"SKIPPED"}
GOOD = {"COMPLETED", "PARTIAL"}


@dataclass(frozen=True)
class Violation:
    """A rule that was broken, by which run, and how."""

    rule: str
    run: int | None
    words: str


def check(evidence: Evidence, now: datetime) -> list[Violation]:
    """Return every violation of the five rules."""
    found = [
        Violation(rule, run.number, words)
        for rule, broken in RULES.items()
        for run in evidence.runs
        for words in broken(evidence, run, now)
    ]
    return found + [Violation("log of requests", None, words) for words in _unlogged(evidence)]


def no_second_start(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """At most one job of a batch of an attempt, and no server in two jobs of one attempt."""
    execution = evidence.execution(run)
    if execution is None:
        return
    jobs: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    servers: Counter[tuple[str, str]] = Counter()
    for start in _started(evidence, execution):
        tags = start["parameters"]["tags"]
        jobs[_wave(tags, execution), tags["recovery:attempt"], tags["recovery:batch"]].append(start["jobID"])
        servers.update((tags["recovery:attempt"], server) for server in _servers(start))
    for (wave, attempt, batch), ids in jobs.items():
        if len(ids) > 1:
            yield f"{wave}, attempt {attempt}, batch {batch} was started {len(ids)} times: {', '.join(ids)}"
    for (attempt, server), times in servers.items():
        if times > 1:
            yield f"{server} is in {times} jobs of attempt {attempt}"


def no_start_before_its_gate(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A gated wave starts after its approval, given and on record; every wave after those it depends on."""
    execution = evidence.execution(run)
    if execution is None:
        return
    waves = {wave["waveName"]: wave for wave in execution["waves"]}
    approvals = [event for event in evidence.of(execution, "EVENT#") if event["type"] == "APPROVED"]
    plan = {wave["name"]: wave for wave in run.waves}
    for start in _started(evidence, execution):
        name, at = _wave(start["parameters"]["tags"], execution), moment(start["time"])
        if name not in plan or name not in waves:
            yield f"{name} was started, which is in {'the record' if name in waves else 'no record'}"
            continue
        if plan[name]["gate"]:
            yield from _unapproved(run, waves[name], approvals, at)
        for needed in plan[name]["depends_on"]:
            before = waves.get(needed, {})
            if before.get("status") not in GOOD or moment(before["endTime"]) > at:
                ended = f"{before.get('status')} at {before.get('endTime')}"
                yield f"{name} was started at {at}, but {needed}, which it depends on, is {ended}"


def _wave(tags: Item, execution: Item) -> str:
    """Return the wave of a job, which its tag names by number and task group; the tag if there is none."""
    tag: str = tags["recovery:wave"]
    names = {f"{int(wave['waveNumber']):02}": wave["waveName"] for wave in execution["waves"]}
    return str(names.get(tag.partition("-")[0], tag))


def _unapproved(run: Run, wave: Item, approvals: list[Item], at: datetime) -> Iterator[str]:
    name = wave["waveName"]
    if name not in run.approved or run.approved[name] > at:
        yield f"{name} was started at {at}, but its approver said yes at {run.approved.get(name, 'no time')}"
    told = [event for event in approvals if event["waveNumber"] == wave["waveNumber"]]
    if not any(moment(event["time"]) <= at for event in told):
        yield f"{name} was started at {at}, and the trail has no approval before"
    if wave.get("approval", {}).get("decision") != "APPROVED":
        yield f"{name} was started without an approval on record: {wave.get('approval')}"


def no_final_status_too_early(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Final only when every wave is, COMPLETED only by DRS's word, once, and the DAG run says the same."""
    last = evidence.execution(run)
    for _, item in [*run.seen, *([(now, last)] if last else [])]:
        yield from _early(item)
    finals = [item for _, item in run.seen if item["status"] in FINAL]
    if finals and last and (changed := _changed(finals[0], last)):
        yield f"its final record was changed later: {changed}"
    if last is None or last["status"] not in FINAL:
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


def _changed(before: Item, after: Item) -> str:
    """Return what differs; a job that showed late may join the trail, never the record."""
    keys = sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
    return ", ".join(f"{key}: {before.get(key)} -> {after.get(key)}" for key in keys)


def _not_launched(evidence: Evidence, run: Run, execution: Item) -> Iterator[str]:
    wanted = {server for wave in run.waves for server in wave["servers"]}
    launched = {
        server["sourceServerID"]
        for job in _jobs(evidence, execution)
        for server in job["participatingServers"]
        if server["launchStatus"] == "LAUNCHED"
    }
    if missing := sorted(wanted - launched):
        yield f"COMPLETED, but DRS did not launch {', '.join(missing)}"


def none_missing(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A run that began has its final record after ten minutes, and so has one that is on record."""
    execution = evidence.execution(run)
    if execution is None:
        if run.state not in {None, "queued"} and now - run.asked > LIMIT:
            yield f"its DAG run is {run.state}, and it has no record"
        return
    end = moment(execution["endTime"]) if "endTime" in execution else None
    if (end or now) - run.asked > LIMIT:
        took = (end or now) - run.asked
        yield f"{execution['status']} {took.total_seconds():.0f} s after it was asked for"


def every_instance_on_record(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Each job is on record of its wave, and each launched instance of a wave that ended well."""
    execution = evidence.execution(run)
    if execution is None:
        return
    waves = {wave["waveName"]: wave for wave in execution["waves"]}
    servers = {item["sourceServerID"]: item for item in evidence.of(execution, "SERVER#")}
    for job in _jobs(evidence, execution):
        wave = waves.get(_wave(job["tags"], execution), {})
        if job["jobID"] not in wave.get("jobIds", ()):
            yield f"{job['jobID']} of {job['tags']['recovery:wave']} is not on record"
            continue
        for server in job["participatingServers"]:
            if server["launchStatus"] == "LAUNCHED":
                yield from _unrecorded(job, wave, server, servers.get(server["sourceServerID"], {}))


def _unrecorded(job: Item, wave: Item, server: Item, item: Item) -> Iterator[str]:
    if item.get("jobId") not in {job["jobID"], None}:
        yield f"{server['sourceServerID']} was launched by {job['jobID']}, on record is {item['jobId']}"
    if wave["status"] not in GOOD:
        return  # its job may have gone on when the wave was cancelled: the job is what the record has
    told = (item.get("launchStatus"), item.get("recoveryInstanceId"))
    if told != ("LAUNCHED", server["recoveryInstanceID"]):
        yield f"{server['sourceServerID']} is {server['recoveryInstanceID']}, on record is {told}"


def _started(evidence: Evidence, execution: Item) -> list[Item]:
    """Return the StartRecovery calls of an execution that made a job."""
    mine = execution["executionId"]
    return [
        start
        for start in evidence.starts
        if start.get("jobID") and start["parameters"].get("tags", {}).get("recovery:execution") == mine
    ]


def _servers(start: Item) -> list[str]:
    return [server["sourceServerID"] for server in start["parameters"]["sourceServers"]]


def _jobs(evidence: Evidence, execution: Item) -> list[Item]:
    mine = execution["executionId"]
    return [job for job in evidence.jobs if job.get("tags", {}).get("recovery:execution") == mine]


def _unlogged(evidence: Evidence) -> Iterator[str]:
    """Yield what makes the evidence itself incomplete."""
    logged = {start.get("jobID") for start in evidence.starts}
    known = {item["executionId"] for item in evidence.items if item["item"] == "EXECUTION"}
    of_runs = {execution["executionId"] for run in evidence.runs if (execution := evidence.execution(run))}
    for job in evidence.jobs:
        if job["type"] != "LAUNCH":
            continue
        if job["jobID"] not in logged:
            yield f"{job['jobID']} was made, but its StartRecovery is not in the log"
        if (mine := job.get("tags", {}).get("recovery:execution")) not in known & of_runs:
            yield f"{job['jobID']} belongs to execution {mine}, which no run is on record for"
    jobs = {job["jobID"] for job in evidence.jobs}
    for instance in evidence.instances:
        if instance["jobID"] not in jobs:
            yield f"{instance['recoveryInstanceID']} is of {instance['jobID']}, a job that DRS does not show"


RULES: dict[str, Callable[[Evidence, Run, datetime], Iterator[str]]] = {
    "no second start": no_second_start,
    "no start before its gate": no_start_before_its_gate,
    "no final status too early": no_final_status_too_early,
    "none missing after 10 minutes": none_missing,
    "every instance on record": every_instance_on_record,
}
