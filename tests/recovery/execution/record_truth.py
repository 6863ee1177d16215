"""What holds of a record at any time, read from raw items; and the table that they are in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from drs_recovery.record.enums import ExecutionStatus, WaveStatus
from drs_recovery.record.models import Execution
from drs_recovery.store.lock import LOCK, lock_key
from drs_recovery.store.requests import marshal, unmarshal

if TYPE_CHECKING:
    from drs_recovery.record.intent import Intent
    from drs_recovery.record.models import WaveRecord
    from drs_recovery.store.requests import Item
    from tests.recovery.execution.stored import Wire

    Key = tuple[str, str]

WAVES, EACH = 2, 2
WAVE_ENDS = [status for status in WaveStatus if status.final]
ENDS = [status for status in ExecutionStatus if status.final]
MET = {"COMPLETED", "PARTIAL"}
AT_WILL = "ended at will"


def other_causes(record: Item) -> bool:
    """Whether an execution whose waves are COMPLETED may have ended otherwise all the same."""
    return record["status"] == "CANCELLED" or "failure" in record or record["outcome"] == AT_WILL


@dataclass
class Seen:
    """What happened to an execution so far; its record may forget no job, no launched server and no end."""

    clears: int = 0
    others: int = 0
    announced: list[tuple[int, Intent]] = field(default_factory=list)
    jobs: set[tuple[int, str]] = field(default_factory=set)
    launched: dict[str, int] = field(default_factory=dict)
    ends: dict[str, Any] = field(default_factory=dict)


class Table:
    """A copy of what is in a table, read again where something passed the wire."""

    def __init__(self, client: Any, name: str, wire: Wire) -> None:
        self._client, self._name, self.wire = client, name, wire
        self.items: dict[Key, Item] = {}
        wire.written.clear()

    def read(self) -> None:
        """Read again what may have been written since the last time."""
        if keys := [{"executionId": {"S": key}, "item": {"S": item}} for key, item in self.wire.written]:
            asked = {self._name: {"Keys": keys, "ConsistentRead": True}}
            answer = self._client.batch_get_item(RequestItems=asked)["Responses"][self._name]
            self.items = {key: item for key, item in self.items.items() if key not in self.wire.written}
            self.items |= {(i["executionId"], i["item"]): i for i in map(unmarshal, answer)}
        self.wire.written.clear()

    def restore(self, items: dict[Key, Item]) -> None:
        """Put the table back as it was."""
        changed = [item for key, item in items.items() if self.items.get(key) != item]
        writes: list[Any] = [{"PutRequest": {"Item": marshal(item)}} for item in changed]
        gone = [{"executionId": key, "item": item} for key, item in self.items.keys() - items.keys()]
        writes += [{"DeleteRequest": {"Key": marshal(key)}} for key in gone]
        for start in range(0, len(writes), 25):
            self._client.batch_write_item(RequestItems={self._name: writes[start : start + 25]})
        self.items = dict(items)


class TrueRecord(RuleBasedStateMachine):
    """An execution in a table, and what must be true of it whatever its writers do."""

    table: Table
    first: Execution
    """The execution as it is opened."""
    id: str
    seen: Seen

    @property
    def records(self) -> dict[str, Item]:
        """The raw records of this execution and of others of its plan, by their ids."""
        return {key: item for (key, name), item in self.table.items.items() if name == "EXECUTION"}

    @property
    def holder(self) -> str | None:
        """Who holds the plan."""
        lock = self.table.items.get((lock_key(self.first.plan_id), LOCK))
        return lock and lock["holder"]

    @property
    def servers(self) -> list[Item]:
        """The raw servers of this execution."""
        items = self.table.items.items()
        return [item for (key, name), item in items if key == self.id and name.startswith("SERVER#")]

    @property
    def execution(self) -> Execution:
        """The execution on record, or as it is to be opened."""
        record = self.records.get(self.id)
        return Execution.from_item(record) if record else self.first

    def wave(self, number: int | None) -> WaveRecord:
        """Return a wave: the one that is asked for, or the first that has not met its policy."""
        waves = self.execution.waves
        if number is not None:
            return waves[number]
        return next((wave for wave in waves if not wave.status.policy_met), waves[0])

    @invariant()
    def the_record_is_true(self) -> None:
        active = [key for key, record in self.records.items() if self.is_active(record)]
        assert active in ([], [self.holder]), "a plan has one active execution, which holds its lock"
        if record := self.records.get(self.id):
            self.check_waves(record, record["waves"])
            self.check_servers(record["waves"])
            self.check_end(record)

    def is_active(self, record: Item) -> bool:
        """Whether an execution may still start something."""
        open_ = any(wave["status"] not in MET for wave in record["waves"])
        frozen = "serverCount" in record["waves"][0]
        return open_ and frozen and not {"endTime", "supersededBy"} & record.keys()

    def check_waves(self, record: Item, waves: list[Item]) -> None:
        """A wave starts with an approval of this attempt, once, and no job of it is ever forgotten."""
        assert len(waves) == record["totalWaves"] == WAVES
        assert record["completedWaves"] == sum(wave["status"] in MET for wave in waves)
        for wave in waves:
            sent = wave["intents"]
            assert sum("refusal" not in intent for intent in sent) <= 1
            assert {intent["attempt"] for intent in sent} <= {wave["attempt"]}
            assert not [intent for intent in sent if {"jobId", "refusal"} <= intent.keys()]
            if sent and wave["pauseBeforeWave"]:
                answer = wave["approval"]
                assert (answer["decision"], answer["attempt"]) == ("APPROVED", wave["attempt"])
        assert self.seen.jobs <= {
            (number, job) for number, wave in enumerate(waves) for job in wave["jobIds"]
        }

    def check_servers(self, waves: list[Item]) -> None:
        """No wave is COMPLETED before its servers, and what is launched stays so."""
        launched = [server for server in self.servers if server.get("launchStatus") == "LAUNCHED"]
        for wave in waves:
            mine = [server for server in launched if server["waveNumber"] == wave["waveNumber"]]
            assert wave["status"] != "COMPLETED" or len(mine) == EACH
        assert self.seen.launched.keys() <= {server["sourceServerID"] for server in launched}
        ended = [server for server in launched if "endTime" in server]
        self.seen.launched |= {server["sourceServerID"]: int(server["attempt"]) for server in ended}

    def check_end(self, record: Item) -> None:
        """No execution ends before its waves; no end ever changes but by a new attempt."""
        final, statuses = record["status"] in ENDS, [wave["status"] for wave in record["waves"]]
        assert final == ("endTime" in record) == ("openSince" not in record)
        known = {str(number): status for number, status in enumerate(statuses) if status in WAVE_ENDS}
        if final:
            assert len(known) == WAVES
            completed = set(statuses) == {"COMPLETED"}
            assert completed == (record["status"] == "COMPLETED") or (completed and other_causes(record))
            # Whoever takes the plan from what has ended counts its version up
            known["execution"] = {name: value for name, value in record.items() if name != "version"}
        assert known | self.seen.ends == known
        self.seen.ends = known
