"""What may be started, and when."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tests.chaos.evidence import launched_by, moment, servers_of, wave_of
from tests.chaos.rules import GOOD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run


def no_second_start(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """At most one job of a batch of an attempt, no server in two of one attempt, nothing launched again."""
    execution = evidence.execution(run)
    if execution is None:
        return
    jobs: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    servers: Counter[tuple[str, str]] = Counter()
    for start in evidence.starts_of(execution):
        tags = start["parameters"]["tags"]
        name = wave_of(start, execution["waves"])
        jobs[name, tags["recovery:attempt"], tags["recovery:batch"]].append(start["jobID"])
        servers.update((tags["recovery:attempt"], server) for server in servers_of(start))
    for (wave, attempt, batch), ids in jobs.items():
        if len(ids) > 1:
            yield f"{wave}, attempt {attempt}, batch {batch} was started {len(ids)} times: {', '.join(ids)}"
    for (attempt, server), times in servers.items():
        if times > 1:
            yield f"{server} is in {times} jobs of attempt {attempt}"
    yield from _launched_again(evidence, execution)


def _launched_again(evidence: Evidence, execution: Item) -> Iterator[str]:
    """Yield what an attempt started that an earlier one had launched."""
    jobs = {job["jobID"]: job for job in evidence.launches_of(execution)}
    before: list[Item] = []
    for start in evidence.starts_of(execution):
        launched = launched_by(before)
        for server in servers_of(start):
            if server in launched:
                yield f"{start['jobID']} starts {server}, which {launched[server]['jobID']} had launched"
        before += [jobs[start["jobID"]]] if start["jobID"] in jobs else []


def no_start_before_its_gate(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """A gated wave starts after its approval, given and on record; every wave after those it depends on."""
    execution = evidence.execution(run)
    if execution is None:
        return
    waves = {wave["waveName"]: wave for wave in execution["waves"]}
    plan = {wave["name"]: wave for wave in run.waves}
    for start in evidence.starts_of(execution):
        name, at = wave_of(start, execution["waves"]), moment(start["time"])
        if name not in plan or name not in waves:
            yield f"{name} was started, which is in {'the record' if name in waves else 'no record'}"
            continue
        attempt = int(start["parameters"]["tags"]["recovery:attempt"])
        yield from not_permitted(evidence, run, Deed("was started", waves[name], attempt, at))


class Deed(NamedTuple):
    """What an attempt of a wave did, and when."""

    what: str
    wave: Item
    attempt: int
    at: datetime

    @property
    def place(self) -> str:
        """Wave and attempt, as they are named."""
        return f"{self.wave['waveName']}, attempt {self.attempt},"


def not_permitted(evidence: Evidence, run: Run, deed: Deed) -> Iterator[str]:
    """Yield what a deed lacked at its moment: its gate's answer, or waves that it depends on."""
    execution = evidence.execution(run) or {}
    plan = {planned["name"]: planned for planned in run.waves}
    planned = plan[deed.wave["waveName"]]
    if planned["gate"]:
        yield from _unapproved(evidence, run, execution, deed)
    for needed in planned["depends_on"]:
        releasing = GOOD | ({"FAILED", "TIMED_OUT"} if plan[needed].get("goes_on") else set())
        if not any(moment(end["endTime"]) <= deed.at for end in ends(run, execution, needed, releasing)):
            last = next((one for one in execution["waves"] if one["waveName"] == needed), {})
            ended = f"{last.get('status')} at {last.get('endTime')}"
            name = f"{deed.wave['waveName']} {deed.what}"
            yield f"{name} at {deed.at}, but {needed}, which it depends on, is {ended}"


def ends(run: Run, execution: Item, name: str, statuses: set[str]) -> list[Item]:
    """Return a wave as it was seen with one of these statuses: an attempt that came later hides the first."""
    items = [execution, *(item for _, item in run.seen)]
    waves = [wave for item in items for wave in item["waves"] if wave["waveName"] == name]
    return [wave for wave in waves if wave["status"] in statuses and "endTime" in wave]


def _too_few_on_record(evidence: Evidence, execution: Item, deed: Deed, people: int) -> Iterator[str]:
    """Yield that fewer people than must approve stand on record for an attempt."""
    prefix = f"APPROVAL#{int(deed.wave['waveNumber']):03}#{deed.attempt}#"
    names = {item.get("by") for item in evidence.of(execution, prefix)}
    approval = deed.wave.get("approval", {})
    if approval.get("attempt", 1) != deed.attempt:
        return  # of an earlier attempt, whose last approval is no longer in the record
    names.add(approval.get("by"))
    if len(names - {None}) < people:
        on_record = ", ".join(sorted(map(str, names))) or "nobody"
        yield f"{deed.place} {deed.what}; on record as approvers: {on_record}"


def _unapproved(evidence: Evidence, run: Run, execution: Item, deed: Deed) -> Iterator[str]:
    """Yield what a gated wave lacks: a yes of each approver to this very attempt, on record."""
    wave, attempt, at = deed.wave, deed.attempt, deed.at
    name, number = wave["waveName"], wave["waveNumber"]
    people = next((one.get("people", 1) for one in run.waves if one["name"] == name), 1)
    since = evidence.opened(execution, number, attempt) or run.asked
    given = run.approved.get(name, [])
    if len({yes.by for yes in given if since <= yes.time <= at}) < people:
        message = ", ".join(f"{yes.by} at {yes.time}" for yes in given) or "nobody"
        yield f"{deed.place} {deed.what} at {at}; {people} must approve, and did: {message}"
    if people > 1:
        yield from _too_few_on_record(evidence, execution, deed, people)
    shown = [
        event
        for event in evidence.events(execution, "APPROVED")
        if event["waveNumber"] == number and event.get("attempt", attempt) == attempt
    ]
    if not any(moment(event["time"]) <= at for event in shown):
        yield f"{deed.place} {deed.what} at {at}, and the trail has no approval before"
    if wave.get("attempt", attempt) == attempt and wave.get("approval", {}).get("decision") != "APPROVED":
        yield f"{name} {deed.what} without an approval on record: {wave.get('approval')}"
