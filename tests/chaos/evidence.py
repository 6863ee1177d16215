"""What is known of all runs, and nothing that the product says about itself beside its raw items."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

Item = dict[str, Any]


LEAST_FAULTS, LEAST_KINDS = 3, 2
"""What must hit a run while a wave of it is in flight for it to prove anything."""


def utc() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


def moment(text: str) -> datetime:
    """Return the time that a record, DRS or the log of requests tells."""
    return datetime.fromisoformat(text)


class Yes(NamedTuple):
    """An approval of a gate, as its approver sent it."""

    time: datetime
    by: str


@dataclass(frozen=True)
class Hit:
    """A fault that hit a run while a wave of it was in flight."""

    kind: str
    time: datetime
    texts: str


@dataclass
class Run:
    """A DAG run that was asked for, and what was seen of it from outside.

    ``waves`` are those of the plan's file when it was asked for: name, servers, whether a gate is due, the
    names of those it depends on, how many must be launched, whether others go on without it, how many people
    must approve it, whether its servers are checked, and its actions. ``approved`` tells when who said yes,
    by wave name. ``seen`` are the EXECUTION items as they changed, each
    with the time at which it was read.
    """

    number: int
    dag_id: str
    run_id: str
    asked: datetime
    waves: list[Item]
    conf: Item = field(default_factory=dict)
    approved: dict[str, list[Yes]] = field(default_factory=dict)
    rejected: str | None = None
    action: str | None = None
    """What a person did to it."""
    in_aws: list[str] = field(default_factory=list)
    """What people did to its servers in AWS."""
    probe: bool = False
    """Whether it is a drill of servers that have real instances, which nothing may come of."""
    cleared: list[datetime] = field(default_factory=list)
    """When a person cleared a wave of it."""
    clean_up: str | None = None
    """What its plan says of its clean-up."""
    clean_up_asked: datetime | None = None
    """When a person asked for its clean-up."""
    clean_up_approved: datetime | None = None
    drill_type: str | None = None
    """The instance type that its plan has for drills."""
    ill: str | None = None
    """The server whose instances fail EC2's status checks as long as it goes on."""
    edited: str | None = None
    """What a person did to its plan's file."""
    hits: list[Hit] = field(default_factory=list)
    seen: list[tuple[datetime, Item]] = field(default_factory=list)
    state: str | None = None
    """The last state of the DAG run that Airflow told; None if it never was one."""
    ended: datetime | None = None
    """When it was seen that the DAG run had ended and its record was final."""

    @property
    def last(self) -> Item | None:
        """The EXECUTION item as it was seen last."""
        return self.seen[-1][1] if self.seen else None

    @property
    def real(self) -> bool:
        """Whether a RECOVERY was asked for."""
        return bool(self.conf.get("execution_type") == "RECOVERY")

    @property
    def begun(self) -> datetime:
        """When it was asked for, or cleared last."""
        return max([self.asked, *self.cleared])

    @property
    def in_flight(self) -> bool:
        """Whether a wave of it has jobs, checks or actions, or is about to, as far as the record tells."""
        waves = self.last["waves"] if self.last else []
        begun = any(wave["status"] in {"STARTED", "POLLING", "CHECKING"} for wave in waves)
        last = self.last or {}
        between = last.get("status") == "POLLING" or any("approvalsGiven" in wave for wave in waves)
        return begun or (between and "endTime" not in last)

    @property
    def counts(self) -> bool:
        """Whether enough hit it for it to prove anything."""
        return len(self.hits) >= LEAST_FAULTS and len({hit.kind for hit in self.hits}) >= LEAST_KINDS

    @property
    def hindered(self) -> bool:
        """Whether anybody did something to it; otherwise it should be COMPLETED, also with an edited plan."""
        return bool(self.action or self.rejected or self.in_aws or self.ill or self.cleared or self.probe)


@dataclass
class Evidence:
    """All that the checker judges by.

    ``items`` is the whole table, ``starts`` the simulator's log of StartRecovery, ``calls`` its log of what
    ends servers and instances, the product's and people's; ``jobs`` and ``instances`` are what DRS describes.
    """

    runs: list[Run]
    items: list[Item]
    starts: list[Item]
    jobs: list[Item]
    instances: list[Item]
    calls: list[Item] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    """The instance type of each instance that was ever seen in EC2."""
    defaults: dict[str, str] = field(default_factory=dict)
    """The instance type that DRS launches each server as now, by the default version of its template."""
    usual: dict[str, str] = field(default_factory=dict)
    """The same, before the first run."""

    def execution(self, run: Run) -> Item | None:
        """Return the EXECUTION item of a run."""
        for item in self.items:
            if item["item"] == "EXECUTION" and (item["planId"], item["dagRunId"]) == (run.dag_id, run.run_id):
                return item
        return None

    def of(self, execution: Item, prefix: str) -> list[Item]:
        """Return the other items of an execution whose range key begins so."""
        return [
            item
            for item in self.items
            if item["executionId"] == execution["executionId"] and item["item"].startswith(prefix)
        ]

    def events(self, execution: Item, *types: str) -> list[Item]:
        """Return the events of an execution of these types, in their order."""
        found = [event for event in self.of(execution, "EVENT#") if event["type"] in types]
        return sorted(found, key=lambda event: str(event["time"]))

    def launches_of(self, execution: Item) -> list[Item]:
        """Return the jobs that carry the tag of an execution."""
        mine = execution["executionId"]
        return [job for job in self.jobs if job.get("tags", {}).get("recovery:execution") == mine]

    def opened(self, execution: Item, wave: int, attempt: int) -> datetime | None:
        """Return when an attempt of a wave was opened; None of the first."""
        for event in self.events(execution, "ATTEMPT_OPENED"):
            if (event["waveNumber"], event["attempt"]) == (wave, attempt):
                return moment(event["time"])
        return None

    def starts_of(self, execution: Item) -> list[Item]:
        """Return the StartRecovery calls of an execution that made a job, in their order."""
        mine = execution["executionId"]
        return [
            start
            for start in sorted(self.starts, key=lambda start: str(start["time"]))
            if start.get("jobID") and start["parameters"].get("tags", {}).get("recovery:execution") == mine
        ]

    def invoked(self, execution: Item) -> list[Item]:
        """Return what actions of an execution had a function of Lambda do, in order: what it was given."""
        mine = execution["executionId"]
        given = [call["parameters"]["Payload"] | {"time": call["time"]} for call in self.called("Invoke")]
        return sorted(
            (one for one in given if one.get("execution") == mine), key=lambda one: str(one["time"])
        )

    def called(self, operation: str) -> list[Item]:
        """Return the calls of an operation that were done."""
        return [call for call in self.calls if call["operation"] == operation and done(call)]


def done(call: Item) -> bool:
    """Whether the service did what a call of its log wanted, whatever the client heard."""
    return call.get("error") is None if call.get("fault") is None else bool(call["fault"]["workDone"])


def servers_of(start: Item) -> list[str]:
    """Return the servers that a StartRecovery named."""
    return [server["sourceServerID"] for server in start["parameters"]["sourceServers"]]


def wave_of(start: Item, waves: list[Item]) -> str:
    """Return the name of the wave that a job, or its StartRecovery, is for by its tag: name, or number."""
    tags = start["parameters"]["tags"] if "parameters" in start else start["tags"]
    tag: str = tags["recovery:wave"]
    if number := re.match(r"(\d+)\b", tag):
        return str(waves[int(number[1])]["waveName"]) if int(number[1]) < len(waves) else tag
    return tag


def launched_by(jobs: list[Item]) -> dict[str, Item]:
    """Return the jobs that launched servers, by source server."""
    return {
        server["sourceServerID"]: job
        for job in jobs
        for server in job["participatingServers"]
        if server["launchStatus"] == "LAUNCHED"
    }
