"""The invariants of a record, checked on raw items and on what DRS was told; nothing here uses the store."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

if TYPE_CHECKING:
    from tests.recovery.machine.processes import Heard, Sent

RUNNING = {"STARTED", "POLLING"}
MET = {"COMPLETED", "PARTIAL"}
WAVE_FINISHED = {*MET, "FAILED", "CANCELLED", "TIMED_OUT", "SKIPPED"}
FINISHED = WAVE_FINISHED - {"SKIPPED"}

Item = dict[str, Any]


def plain(item: Item) -> Item:
    """Return an item without DynamoDB's type letters."""
    return {name: TypeDeserializer().deserialize(value) for name, value in item.items()}


def status_of(waves: list[Item]) -> str:
    """Return the status of an execution that is not final, as DESIGN says it follows from the waves."""
    held = {wave["status"] for wave in waves}
    if held == {"PENDING"}:
        return "PENDING"
    return "PAUSED" if "PAUSED" in held and not held & RUNNING else "POLLING"


def releases(wave: Item) -> bool:
    """Whether the waves that depend on a wave may start."""
    goes_on = wave["onFailure"] == "continue" and wave["status"] in {"FAILED", "TIMED_OUT"}
    return goes_on or wave["status"] in MET


def attempt_of(wave: Item) -> int:
    """Return the attempt of a wave."""
    return int(wave["attempt"])


def open_intents(wave: Item) -> list[Item]:
    """Return the intents of a wave of which nobody knows yet what became of them."""
    return [intent for intent in wave["intents"] if not {"jobId", "refusal"} & intent.keys()]


def lost_intents(wave: Item, items: list[Item]) -> list[Item]:
    """Return the intents of a wave, of any attempt, whose answers were lost and of which no job showed."""
    past = [item for item in items if item["item"].startswith(f"INTENT#{int(wave['waveNumber']):03}#")]
    return [intent for intent in (*wave["intents"], *past) if intent.get("lost")]


def servers_of(intent: Item, items: list[Item]) -> list[str]:
    """Return the servers of an intent, which are in an item of their own."""
    named = [item for item in items if item["item"].startswith(intent["serversItem"])]
    assert len(intent["servers"]) == 0
    return [server for item in named for server in item["ids"]]


def tagged(tags: Item, record: Item) -> Item:
    """Return the wave that a job's tag names by its number."""
    wave: Item = record["waves"][int(tags["recovery:wave"].partition("-")[0])]
    return wave


def rises(old: Item, new: Item) -> bool:
    """Whether a new attempt of a wave was opened."""
    return attempt_of(new) > attempt_of(old)


@dataclass
class Truth:
    """What is known of an execution beside its record, and its record as it was last seen."""

    client: Any
    table: str
    execution_id: str
    jobs: list[Item] = field(default_factory=list)
    hiding: bool = False
    acknowledged: int = 0
    record: Item | None = None
    events: dict[str, Item] = field(default_factory=dict)

    def items(self) -> list[Item]:
        """Return the raw items of the execution."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="executionId = :id",
            ExpressionAttributeValues={":id": {"S": self.execution_id}},
            ConsistentRead=True,
        )
        return [plain(item) for page in pages for item in page["Items"]]

    def hears(self, heard: Heard) -> bool:
        """Take note of what AWS did, and tell whether it was done to this execution."""
        sent = heard.sent
        if heard.status >= HTTPStatus.BAD_REQUEST or not sent.writes:
            return False
        if sent.operation == "StartRecovery":
            mine = sent.body["tags"]["recovery:execution"] == self.execution_id
            if mine:
                self.jobs.append({"id": heard.body["job"]["jobID"], "hid": self.hiding, **sent.body})
            return mine
        key = sent.body.get("Key") or sent.body["Item"]
        mine = key["executionId"] == {"S": self.execution_id}
        if mine and sent.operation == "UpdateItem" and key["item"] == {"S": "EXECUTION"}:
            self.acknowledged += "version" in sent.body["ExpressionAttributeNames"].values()
        return mine

    def may_start(self, sent: Sent) -> None:
        """Invariants 3 and 4: what must be on record when StartRecovery is sent."""
        items = {item["item"]: item for item in self.items()}
        record = items["EXECUTION"]
        tags = sent.body["tags"]
        wave = tagged(tags, record)
        assert all(releases(record["waves"][int(number)]) for number in wave["dependsOn"])
        if wave["pauseBeforeWave"]:
            assert wave["approval"]["decision"] == "APPROVED"
            assert int(wave["approval"]["attempt"]) == int(tags["recovery:attempt"])
        servers = [server["sourceServerID"] for server in sent.body["sourceServers"]]
        assert any(
            servers_of(intent, [*items.values()]) == servers
            and str(intent["attempt"]) == tags["recovery:attempt"]
            for intent in wave["intents"]
        ), "StartRecovery was not announced"
        for server in servers:
            item = items[f"SERVER#{int(wave['waveNumber']):03}#{server}"]
            assert item.get("launchStatus") != "LAUNCHED", "a launched server was started again"

    def check(self) -> None:
        """Check everything, and remember what was seen."""
        items = self.items()
        records = [item for item in items if item["item"] == "EXECUTION"]
        if records:
            (record,) = records
            self.check_waves(record, [item for item in items if item["item"].startswith("SERVER#")])
            self.check_status(record)
            self.check_history(record)
            self.check_jobs(record, items)
            self.record = record
        self.check_trail({item["item"]: item for item in items if item["item"].startswith("EVENT#")})

    def check_waves(self, record: Item, servers: list[Item]) -> None:
        """Invariant 1: no wave is COMPLETED before its servers, nor PARTIAL before those it needs."""
        assert len(record["waves"]) == record["totalWaves"]
        for wave in record["waves"]:
            mine = [server for server in servers if server["waveNumber"] == wave["waveNumber"]]
            if wave["status"] in MET:
                assert len(mine) == wave["serverCount"]
                needed = [each for each in mine if wave["status"] == "COMPLETED" or not each.get("optional")]
                assert {server["launchStatus"] for server in needed} == {"LAUNCHED"}
            for attempt in range(1, attempt_of(wave) + 1):
                of_attempt = [intent for intent in wave["intents"] if intent["attempt"] == attempt]
                live = [intent["batch"] for intent in of_attempt if "refusal" not in intent]
                assert len(live) == len(set(live)), f"two intents of a batch may be jobs: {of_attempt}"

    def check_status(self, record: Item) -> None:
        """Invariant 1: the status follows from the waves while it runs, and fits them once it is final."""
        waves = record["waves"]
        assert record["completedWaves"] == sum(wave["status"] in MET for wave in waves)
        final = record["status"] in FINISHED
        assert final == ("endTime" in record) == ("outcome" in record) == ("openSince" not in record)
        if not final:
            assert record["status"] == status_of(waves)
            return
        assert {wave["status"] for wave in waves} <= WAVE_FINISHED
        if record["status"] in MET:
            assert {wave["status"] for wave in waves} <= MET
            assert record["status"] == "PARTIAL" or {wave["status"] for wave in waves} == {"COMPLETED"}

    def check_history(self, record: Item) -> None:
        """Invariant 6, and that no write that was acknowledged is lost, nor any made out of its turn."""
        assert record["version"] == 1 + self.acknowledged, "a write went over another"
        before = self.record
        if before is None:
            return
        tried_again = any(map(rises, before["waves"], record["waves"]))
        if "endTime" in before and not tried_again:
            assert record == before | {"version": record["version"]}, "a final record was changed"
        if "supersededBy" in before:
            assert record["supersededBy"] == before["supersededBy"]
        stopped = {"endTime", "supersededBy", "failure"} & before.keys()
        for old, new in zip(before["waves"], record["waves"], strict=True):
            comes_again = tried_again and (old["status"], new["status"]) == ("SKIPPED", "PENDING")
            if old["status"] in WAVE_FINISHED and not rises(old, new) and not comes_again:
                assert new["status"] == old["status"], "a finished wave came back to life"
            assert old["status"] != "COMPLETED" or new["status"] == "COMPLETED"
            if "approval" in old and attempt_of(old) == attempt_of(new):
                assert new["approval"] == old["approval"], "an answer was overwritten"
            assert new["jobIds"][: len(old["jobIds"])] == old["jobIds"], "a job was lost from the record"
            known = {intent["intentId"] for intent in old["intents"]}
            assert not stopped or known >= {intent["intentId"] for intent in new["intents"]}

    def check_jobs(self, record: Item, items: list[Item]) -> None:
        """Invariant 2: one job for a batch, and for a server, of an attempt, on record or announced there."""
        batches = [tuple(sorted(job["tags"].items())) for job in self.jobs]
        assert len(batches) == len(set(batches)), f"a batch was started twice: {self.jobs}"
        launches = [
            (job["tags"]["recovery:wave"], job["tags"]["recovery:attempt"], server["sourceServerID"])
            for job in self.jobs
            for server in job["sourceServers"]
        ]
        assert len(launches) == len(set(launches)), f"a server was started twice in an attempt: {self.jobs}"
        for job in self.jobs:
            wave = tagged(job["tags"], record)
            servers = [server["sourceServerID"] for server in job["sourceServers"]]
            intents = open_intents(wave) + (lost_intents(wave, items) if job["hid"] else [])
            announced = any(servers_of(intent, items) == servers for intent in intents)
            assert announced or job["id"] in wave["jobIds"], job

    def check_trail(self, events: dict[str, Item]) -> None:
        """What the trail told once it tells for ever."""
        for key, event in self.events.items():
            assert events.get(key) == event, f"the trail no longer tells {event}"
        self.events = events
