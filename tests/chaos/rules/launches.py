"""What the record says of servers, beside what DRS says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.evidence import launched_by, moment, servers_of, wave_of
from tests.chaos.rules import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run


def every_instance_on_record(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Each job is on record of its wave, and each launched instance of a wave that ended well."""
    execution = evidence.execution(run)
    if execution is None:
        return
    waves = {wave["waveName"]: wave for wave in execution["waves"]}
    servers = {item["sourceServerID"]: item for item in evidence.of(execution, "SERVER#")}
    for job in evidence.launches_of(execution):
        name = wave_of(job, execution["waves"])
        wave = waves.get(name, {})
        if job["jobID"] not in wave.get("jobIds", ()):
            yield f"{job['jobID']} of {name} is not on record"
            continue
        for server in job["participatingServers"]:
            if server["launchStatus"] == "LAUNCHED":
                yield from _unrecorded(job, wave, server, servers.get(server["sourceServerID"], {}))


def _unrecorded(job: Item, wave: Item, server: Item, item: Item) -> Iterator[str]:
    if item.get("jobId") not in {job["jobID"], None}:
        yield f"{server['sourceServerID']} was launched by {job['jobID']}, on record is {item['jobId']}"
    if wave["status"] not in GOOD:
        return  # its job may have gone on when the wave was cancelled: the job is what the record has
    shown = (item.get("launchStatus"), item.get("recoveryInstanceId"))
    if shown != ("LAUNCHED", server["recoveryInstanceID"]):
        yield f"{server['sourceServerID']} is {server['recoveryInstanceID']}, on record is {shown}"


def launched_or_reported_why(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A wave is what its servers are; who was not launched could not be, and the record says why."""
    execution = evidence.execution(run)
    if execution is None:
        return
    plan = {wave["name"]: wave for wave in run.waves}
    launched = set(launched_by(evidence.launches_of(execution)))
    lost = _terminated_in_ec2(evidence, evidence.launches_of(execution))
    for wave in execution["waves"]:
        if wave["waveName"] not in plan or wave["status"] not in {*GOOD, "FAILED"}:
            continue
        wanted = plan[wave["waveName"]]
        yield from _misjudged(wave, wanted, launched - ({run.ill} if wanted.get("checked") else set()), lost)
        yield from _without_a_word(evidence, execution, wave, set(wanted["servers"]) - launched)
        yield from _left_behind(evidence, run, execution, wave)


def _terminated_in_ec2(evidence: Evidence, launches: list[Item]) -> set[str]:
    """Return the servers whose instance of these jobs somebody terminated in EC2, whenever that was."""
    ended = str([call["parameters"] for call in evidence.called("TerminateInstances")])
    servers = [server for job in launches for server in job["participatingServers"]]
    return {s["sourceServerID"] for s in servers if f"'{s.get('recoveryInstanceID')}'" in ended}


def _misjudged(wave: Item, wanted: Item, launched: set[str], lost: set[str]) -> Iterator[str]:
    """Yield how the status of a wave contradicts what DRS launched; those lost may have passed before."""
    servers = set(wanted["servers"])
    there, least = len(servers & launched), wanted.get("minimum") or len(servers)
    surely = len(servers & (launched - lost)) if wanted.get("checked") else there
    message = (
        f"{wave['waveName']} is {wave['status']} with {there} of {len(servers)} servers launched and well"
    )
    if wave["status"] == "COMPLETED" and there < len(servers):
        yield message
    if wave["status"] == "PARTIAL" and not (max(1, least) <= there and surely < len(servers)):
        yield f"{message}, {least} are demanded"
    if wave["status"] == "FAILED" and there >= least and "failure" not in wave:
        yield f"{message}, {least} are demanded, and no word on why"


def _without_a_word(evidence: Evidence, execution: Item, wave: Item, missing: set[str]) -> Iterator[str]:
    items = {item["sourceServerID"]: item for item in evidence.of(execution, "SERVER#")}
    for server in sorted(missing):
        item = items.get(server, {})
        if not item.get("error") and not wave.get("failure"):
            shown = item.get("launchStatus", "no status")
            yield f"{server} of {wave['waveName']} was not launched: {shown} is on record, and no reason"


def _left_behind(evidence: Evidence, run: Run, execution: Item, wave: Item) -> Iterator[str]:
    """Yield servers that were never started because others of their wave could not be."""
    if run.action:
        return  # people may have kept the wave from its start
    wanted = {server for w in run.waves if w["name"] == wave["waveName"] for server in w["servers"]}
    started = {server for start in evidence.starts_of(execution) for server in servers_of(start)}
    gone = {call["parameters"].get("sourceServerID") for call in evidence.called("DeleteSourceServer")}
    gone = {server: f"{server} is gone from DRS" for server in wanted & gone}
    at = {"time": wave["endTime"], "jobID": None}
    real = {server: _real_instance(evidence, server, at) for server in wanted - started - gone.keys()}
    real = {server: f"{server} has {instance}" for server, instance in real.items() if instance}
    why = gone | ({} if run.conf.get("replace_recovered") == run.dag_id else real)
    if why and (behind := sorted(wanted - why.keys() - started)):
        texts = ", ".join(why.values())
        yield f"{', '.join(behind)} of {wave['waveName']} never started, because {texts}"


def no_real_instance_lost(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """No start names a server that has a real recovery instance, unless its run says that it may go."""
    execution = evidence.execution(run)
    if execution is None or run.conf.get("replace_recovered") == run.dag_id:
        return
    for start in evidence.starts_of(execution):
        for server in servers_of(start):
            if instance := _real_instance(evidence, server, start):
                yield f"{start['jobID']} replaced {instance}, the real recovery instance of {server}"


def _real_instance(evidence: Evidence, server: str, start: Item) -> str | None:
    """Return the real instance that a server had when it was started: of the job before, not ended in EC2."""
    at = moment(start["time"])
    earlier = [one for one in evidence.starts if one.get("jobID") and server in servers_of(one)]
    earlier = [one for one in earlier if moment(one["time"]) < at and one["jobID"] != start["jobID"]]
    if not earlier:
        return None
    before = max(earlier, key=lambda one: moment(one["time"]))
    job = next((job for job in evidence.jobs if job["jobID"] == before["jobID"]), None)
    if job is None or before["parameters"].get("isDrill") is True or server not in launched_by([job]):
        return None
    instance = next(
        str(s["recoveryInstanceID"]) for s in job["participatingServers"] if s["sourceServerID"] == server
    )
    ended = [call for call in evidence.called("TerminateInstances") if moment(call["time"]) <= at]
    return None if any(instance in str(call["parameters"]) for call in ended) else instance
