"""A machine of clients that start, terminate, tag and delete in any order while time passes.

It knows what it asked for and what was answered; its invariants compare that with what DRS says of itself.
"""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drs_simulator.clock import clock

SERVERS = [f"s-00000000000web00{number}" for number in (1, 2, 3, 4)] + [
    f"s-000000000000db00{number}" for number in (1, 2)
]
JOBS, IN_JOB, IN_ALL_JOBS = 3, 3, 5
"""Quotas so small that they are met again and again."""

LONGEST = 4 * 3600
"""Simulated seconds in which any job ends."""

ORDER = {"PENDING": 0, "STARTED": 1, "IN_PROGRESS": 1, "COMPLETED": 2, "LAUNCHED": 2, "FAILED": 2}
CONFLICT, QUOTA = "ConflictException", "ServiceQuotaExceededException"
some = st.lists(st.sampled_from(SERVERS), min_size=1, max_size=4, unique=True)
SIZES = (1, 2, 3, 200)
"""Of pages, in turn: the smallest are where pages go wrong."""


class Clients(RuleBasedStateMachine):
    """Clients of one account and Region; ``asked`` are the servers of each job that was ever started."""

    drs: Any
    control: Any
    met: ClassVar[Counter[str | None]] = Counter()
    """How often jobs were begun, and refused for each reason."""

    @initialize(alone=st.lists(st.sampled_from(SERVERS), max_size=4, unique=True), old=st.booleans())
    def begin(self, alone: list[str], old: bool) -> None:
        """Begin with small quotas and some jobs, in a time that stands but for the rules."""
        self.control.reset()
        self.control.set_speed("real")
        self.control.set_quotas(concurrentJobs=JOBS, serversInJob=IN_JOB, serversInAllJobs=IN_ALL_JOBS)
        self.asked: dict[str, set[str]] = {}
        self.deleted: set[str] = set()
        self.seen: dict[tuple[str, str], int] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.sizes = cycle(SIZES)
        for server in alone:
            self.start([server], is_drill=True)
        if old:
            self.let_pass(LONGEST)

    @rule(servers=some, is_drill=st.booleans())
    def start(self, servers: list[str], is_drill: bool) -> None:
        """A job starts if, and only if, no quota and no other job is in its way."""
        wanted = [{"sourceServerID": server} for server in servers]
        self.ask(servers, self.drs.start_recovery, sourceServers=wanted, isDrill=is_drill)

    @rule(server=st.sampled_from(SERVERS), is_drill=st.booleans())
    def start_one(self, server: str, is_drill: bool) -> None:
        """So that there are many jobs, and not only many servers."""
        self.start([server], is_drill)

    @rule(data=st.data())
    def terminate(self, data: st.DataObject) -> None:
        """Instances are terminated by a job, which takes its turn as others do."""
        instances = {i["recoveryInstanceID"]: i["sourceServerID"] for i in self.instances()}
        if not instances:
            return
        # By their servers: ids are new in each run, and the same draw must mean the same
        known = sorted(instances, key=instances.__getitem__)
        ids = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
        servers = [instances[instance] for instance in ids]
        self.ask(servers, self.drs.terminate_recovery_instances, recoveryInstanceIDs=ids)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A job that has ended can be deleted, and is listed no more; a running one stays."""
        if not (jobs := self.jobs()):
            return
        job = data.draw(st.sampled_from([*jobs]))
        _, refusal = self.attempt(self.drs.delete_job, jobID=job)
        assert refusal in {None, CONFLICT, "NotSimulated"}
        if refusal is None:
            assert jobs[job]["status"] == "COMPLETED"
            self.deleted.add(job)
            self.tags.pop(jobs[job]["arn"], None)

    @rule(
        data=st.data(),
        key=st.sampled_from(["owner", "cost/center"]),
        value=st.none() | st.text("ab ", max_size=3),
    )
    def tag(self, data: st.DataObject, key: str, value: str | None) -> None:
        """Tags of servers and jobs are set and taken away."""
        servers = self.drs.describe_source_servers(filters={"sourceServerIDs": SERVERS})["items"]
        resources = {r["arn"]: r["tags"] for r in [*servers, *self.jobs().values()]}
        arn = data.draw(st.sampled_from([*resources]))
        known = self.tags.setdefault(arn, resources[arn])
        if value is None:
            self.drs.untag_resource(resourceArn=arn, tagKeys=[key])
            known.pop(key, None)
        else:
            self.drs.tag_resource(resourceArn=arn, tags={key: value})
            known[key] = value

    @rule(seconds=st.sampled_from([1, 40, 200, 900]))
    def let_pass(self, seconds: int) -> None:
        """Let time pass."""
        clock.skip_to(clock.now() + seconds)

    @rule(server=st.sampled_from(SERVERS), phase=st.sampled_from(["SNAPSHOT", "CONVERSION", "LAUNCH"]))
    def break_server(self, server: str, phase: str) -> None:
        """Let the launches of a server fail from now on."""
        self.control.fail_server(server, phase)

    @invariant()
    def jobs_keep_the_rules(self) -> None:
        """Quotas hold, a server is in one running job at most, nothing goes backwards, pages are complete."""
        jobs = self.jobs()
        assert set(jobs) == set(self.asked) - self.deleted
        self.running_ones_keep_the_quotas(jobs)
        for job in jobs.values():
            self.goes_on(job["jobID"], "", job["status"])
            for server in job["participatingServers"]:
                assert server["sourceServerID"] in self.asked[job["jobID"]]
                if job["type"] == "LAUNCH":
                    self.goes_on(job["jobID"], server["sourceServerID"], server["launchStatus"])

    @invariant()
    def instances_belong_to_one_job(self) -> None:
        """Each instance is of one job, which was asked to launch its server; a server has one at most."""
        instances = self.instances()
        assert len({i["recoveryInstanceID"] for i in instances}) == len(instances)
        assert len({i["sourceServerID"] for i in instances}) == len(instances)
        for instance in instances:
            assert instance["sourceServerID"] in self.asked[instance["jobID"]]
        servers = self.drs.describe_source_servers(filters={"sourceServerIDs": SERVERS})["items"]
        assert {
            s["sourceServerID"]: s["recoveryInstanceId"] for s in servers if "recoveryInstanceId" in s
        } == {i["sourceServerID"]: i["recoveryInstanceID"] for i in instances}

    @invariant()
    def tags_are_as_they_were_set(self) -> None:
        """What was tagged has these tags and no others."""
        for arn, tags in self.tags.items():
            assert self.drs.list_tags_for_resource(resourceArn=arn)["tags"] == tags

    def teardown(self) -> None:
        """Every job ends in time, and with it every server of it."""
        if not hasattr(self, "asked"):
            return
        clock.skip_to(clock.now() + LONGEST)
        for job in self.jobs().values():
            assert job["status"] == "COMPLETED"
            assert {s["launchStatus"] for s in job["participatingServers"]} <= {"LAUNCHED", "FAILED"}

    def attempt(self, operation: Any, **asked: Any) -> tuple[dict[str, Any], str | None]:
        """Return the answer, or the code of the refusal."""
        try:
            return operation(**asked), None
        except ClientError as error:
            return {}, error.response["Error"]["Code"]

    def ask(self, servers: list[str], operation: Any, **asked: Any) -> None:
        """Ask for a job, which is begun with an id never seen before, or refused for the reason there is."""
        expected = self.refusal_of(servers)
        answer, refusal = self.attempt(operation, **asked)
        assert refusal == expected, f"{servers}: {refusal}, where {expected} is due"
        self.met[refusal] += 1
        if refusal is None:
            assert answer["job"]["jobID"] not in self.asked
            self.asked[answer["job"]["jobID"]] = set(servers)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Return the jobs there are, page by page: newest first, without repeats."""
        found = self.pages("describe_jobs")
        ids = [job["jobID"] for job in found]
        assert len(ids) == len(set(ids))
        known = list(self.asked)
        assert ids == sorted(ids, key=known.index, reverse=True)
        return {job["jobID"]: job for job in found}

    def instances(self) -> list[dict[str, Any]]:
        """Return the recovery instances there are, page by page."""
        return self.pages("describe_recovery_instances")

    def pages(self, operation: str) -> list[dict[str, Any]]:
        """Return all items of all pages, none of which is larger than asked for."""
        size = next(self.sizes)
        pages = list(self.drs.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}))
        assert all(len(page["items"]) == size for page in pages[:-1])
        assert len(pages[-1]["items"]) <= size
        return [item for page in pages for item in page["items"]]

    def running(self, jobs: dict[str, dict[str, Any]]) -> list[str]:
        """Return the servers in all jobs that run: one that is in two comes twice."""
        running = [job_id for job_id, job in jobs.items() if job["status"] != "COMPLETED"]
        return [server for job_id in running for server in self.asked[job_id]]

    def running_ones_keep_the_quotas(self, jobs: dict[str, dict[str, Any]]) -> None:
        """Refuse what DRS could never show."""
        busy = self.running(jobs)
        assert len(busy) == len(set(busy)) <= IN_ALL_JOBS
        assert sum(job["status"] != "COMPLETED" for job in jobs.values()) <= JOBS
        assert all(len(self.asked[job_id]) <= IN_JOB for job_id in jobs)

    def refusal_of(self, servers: list[str]) -> str | None:
        """Return the error that is due when a job of these servers is asked for now."""
        jobs = self.jobs()
        busy = self.running(jobs)
        if len(servers) > IN_JOB:
            return QUOTA
        if set(servers) & set(busy):
            return CONFLICT
        full = sum(job["status"] != "COMPLETED" for job in jobs.values()) >= JOBS
        return QUOTA if full or len(busy) + len(servers) > IN_ALL_JOBS else None

    def goes_on(self, job: str, server: str, status: str) -> None:
        """Check that a status comes after the one before, or is the same."""
        before, rank = self.seen.get((job, server), 0), ORDER[status]
        assert rank >= before, f"{job} {server} is {status} again"
        self.seen[job, server] = rank
