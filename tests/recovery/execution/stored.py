"""Executions to test with: their parts, their world in a table, and the wire to it."""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from drs_recovery.record.enums import Decision, EventType, ExecutionType, LaunchStatus, WaveStatus
from drs_recovery.record.events import Event
from drs_recovery.record.intent import Intent
from drs_recovery.record.models import Execution, WaveRecord, execution_id
from drs_recovery.record.parts import Approval
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.record.status import completed_waves, running_status
from drs_recovery.store.changes import with_wave
from drs_recovery.store.programs import approve, open_execution
from drs_recovery.store.queries import read_execution
from drs_recovery.store.requests import marshal, unmarshal
from drs_recovery.store.servers import read_servers, server_item
from drs_recovery.store.store import ExecutionStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

CREDENTIALS = {
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
    "region_name": "eu-west-1",
}
OTHER = "5f2d1c7e-0b7a-5c3e-9d53-0f7f5d2f0002"
"""Id of an execution that is not this one."""

START = datetime(2026, 3, 1, 6, 0, 0, 250, tzinfo=UTC)
TOO_LARGE = "Item size to update has exceeded the maximum allowed size"
NAMES = ("DBWave1", "AppWave2", "WebWave3")


class Make:
    """Makes parts of executions; each moment it is asked for is a second later than the last."""

    def __init__(self) -> None:
        self._seconds = 0

    def time(self) -> datetime:
        self._seconds += 1
        return START + timedelta(seconds=self._seconds)

    def execution(self, run: str = "manual__1", *, waves: int = 3, plan: str = "web_shop", **fields: Any):
        """Return an execution as it is opened, its waves in a row, with a gate before all but the first."""
        records = [
            WaveRecord(
                wave_number=number,
                wave_name=NAMES[number] if number < len(NAMES) else f"Wave{number + 1}",
                pause_before_wave=number > 0,
                depends_on=(number - 1,) if number else (),
            )
            for number in range(waves)
        ]
        given: dict[str, Any] = {
            "execution_id": execution_id(plan, run),
            "plan_id": plan,
            "plan_name": "Web shop",
            "plan_hash": "c0ffee",
            "dag_run_id": run,
            "execution_type": ExecutionType.DRILL,
            "total_waves": waves,
            "waves": tuple(records),
            "requested_by": "alice",
            "start_time": START,
        }
        return Execution(**(given | fields))

    def servers(self, waves: int = 3, each: int = 2) -> list[ServerRecord]:
        return [
            ServerRecord(
                source_server_id=f"s-{wave:08}{number:09}",
                hostname=f"host-{wave}-{number}.shop.example",
                name=f"shop-{wave}-{number}",
                wave_number=wave,
            )
            for wave in range(waves)
            for number in range(each)
        ]

    def intent(self, wave: int = 0, each: int = 2, **fields: Any) -> Intent:
        servers = [server.source_server_id for server in self.servers(wave + 1, each)[-each:]]
        time = self.time()
        given = {"attempt": 1, "batch": 0, "servers": servers, "time": time, "intent_id": f"at {time}"}
        return Intent(**(given | fields))

    def approval(self, decision: Decision = Decision.APPROVED, **fields: Any) -> Approval:
        return Approval(**({"decision": decision, "by": "alice", "time": self.time()} | fields))

    def event(self, kind: EventType, wave: int | None = None, **fields: Any) -> Event:
        return Event(**({"type": kind, "time": self.time(), "actor": "alice", "wave_number": wave} | fields))


class World:
    """A store with an execution in it, moved on step by step, and its raw items."""

    def __init__(
        self, client: Any, make: Make, table: str, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        self.client, self.table, self.make = client, table, make
        self._clock = clock or make.time
        self.through(client)
        self.id = ""

    def through(self, client: Any) -> None:
        """Let the store reach the table through a client."""
        self.store = ExecutionStore(client, self.table, clock=self._clock)

    def opened(self, **fields: Any) -> World:
        execution = self.store.run(open_execution.open_execution(self.make.execution(**fields)))
        self.id = execution.execution_id
        return self

    def frozen(self, *, waves: int = 3, each: int = 2, **fields: Any) -> World:
        """Put an execution as it is once it is opened and frozen; like the next two, without the store."""
        execution = self.make.execution(waves=waves, open_since=START, **fields)
        self.id = execution.execution_id
        frozen = tuple(wave.replace(server_count=each) for wave in execution.waves)
        servers = self.make.servers(waves, each)
        plan = {"plan": "{}", "servers": [server.to_item() for server in servers]}
        self._save(execution.replace(waves=frozen), servers, {"item": "PLAN", **plan})
        return self

    def answered(self, wave: int) -> World:
        """Let a person approve the gate of a wave, if it has one."""
        if self.store.run(read_execution(self.id)).wave(wave).pause_before_wave:
            self.store.run(approve.pause(self.id, wave))
            self.store.run(approve.approve(self.id, wave, self.make.approval()))
        return self

    def launching(self, number: int) -> World:
        """Put a wave as it is once its job is on record."""
        return self._launch([number], WaveStatus.STARTED, LaunchStatus.PENDING)

    def completed(self, *numbers: int) -> World:
        """Put waves as they are once they are COMPLETED."""
        return self._launch(numbers, WaveStatus.COMPLETED, LaunchStatus.LAUNCHED)

    def _launch(self, numbers: Iterable[int], status: WaveStatus, launch_status: LaunchStatus) -> World:
        execution, servers = self.store.run(read_execution(self.id)), []
        for number in numbers:
            mine, job = self.store.run(read_servers(self.id, number)), {"job_id": f"drsjob-{number}"}
            intent = self.make.intent(number, each=len(mine), **job)
            wave = execution.wave(number)
            answer = self.make.approval() if wave.pause_before_wave else None
            end = self.make.time() if status.final else None
            begun = {"intents": (intent,), "job_ids": (intent.job_id,), "start_time": intent.time}
            wave = wave.replace(status=status, approval=answer, end_time=end, **begun)
            execution = with_wave(execution, number, **dict(wave))
            launch = {"launch_status": launch_status, "launch_start_time": intent.time, "end_time": end}
            servers += [server.replace(**job, **launch) for server in mine]
        self._save(execution, servers)
        return self

    def _save(self, execution: Execution, servers: list[ServerRecord], *more: dict[str, Any]) -> None:
        waves = execution.waves
        derived = {"status": running_status(waves), "completed_waves": completed_waves(waves)}
        items = [{"item": "EXECUTION", **execution.replace(**derived).to_item()}, *more]
        for server in servers:
            key = server_item(server.wave_number, server.source_server_id)
            items.append({"item": key, **server.to_item()})
        puts = [{"PutRequest": {"Item": marshal(item | {"executionId": self.id})}} for item in items]
        self.client.batch_write_item(RequestItems={self.table: puts})

    def launched(self, wave: int) -> list[ServerRecord]:
        """Return the servers of a wave as they are once their job launched them."""
        servers = self.store.run(read_servers(self.id, wave))
        return [server.replace(launch_status=LaunchStatus.LAUNCHED, phase="LAUNCH_END") for server in servers]

    def items(self, hash_key: str | None = None) -> list[dict[str, Any]]:
        """Return the raw items of the execution, read without the store."""
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="executionId = :id",
            ExpressionAttributeValues={":id": {"S": hash_key or self.id}},
            ConsistentRead=True,
        )
        return [unmarshal(item) for item in answer["Items"]]

    def record(self) -> dict[str, Any]:
        return next(item for item in self.items() if item["item"] == "EXECUTION")

    def raw(self) -> list[dict[str, Any]]:
        """Return everything in the table, as DynamoDB has it."""
        pages = self.client.get_paginator("scan").paginate(TableName=self.table, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        return sorted(items, key=lambda item: (item["executionId"]["S"], item["item"]["S"]))

    def restore(self, items: list[dict[str, Any]]) -> None:
        """Put everything in the table back as it was."""
        keys = [{name: item[name] for name in ("executionId", "item")} for item in self.raw()]
        kept = [{name: item[name] for name in ("executionId", "item")} for item in items]
        writes = [{"DeleteRequest": {"Key": key}} for key in keys if key not in kept]
        writes += [{"PutRequest": {"Item": item}} for item in items]
        for start in range(0, len(writes), 25):
            self.client.batch_write_item(RequestItems={self.table: writes[start : start + 25]})

    def put(self, item: dict[str, Any]) -> None:
        """Put a raw item without the store."""
        self.client.put_item(TableName=self.table, Item=marshal(item))


class Wire:
    """What lies between a client and DynamoDB: requests that it lets through really arrive there."""

    def __init__(self, client: Any, control: Any = None) -> None:
        self._http = client._endpoint.http_session
        self._control = control
        self.refused = 0
        self.written: set[tuple[str, str]] = set()
        self._fates: Iterator[str] = itertools.repeat("heard")
        client.meta.events.register("before-send.dynamodb", self._send)

    def mend(self) -> None:
        """Let everything through."""
        self._fates = itertools.repeat("heard")
        self.refused = 0

    def cut_after(self, requests: int) -> None:
        """Let so many requests through; no more arrive."""
        self._fates = itertools.chain(["heard"] * requests, itertools.repeat("cut"))

    def die_after(self, writes: int) -> None:
        """Let so many writes through and what is read between them; nobody hears the answer to the last."""
        self._fates = itertools.chain(
            ["heard if write"] * (writes - 1), ["lost if write"], itertools.repeat("cut")
        )

    def refuse(self, first: int, times: int = 1) -> None:
        """Let DynamoDB refuse so many writes for their size, from the first on, and take all others."""
        fates = ["heard if write"] * (first - 1) + ["refused if write"] * times
        self._fates = itertools.chain(fates, itertools.repeat("heard"))

    def lose_writes(self) -> None:
        """Lose the first answer to every write; the second time it is heard."""
        self._fates = itertools.cycle(["lost if write", "heard"])

    def _send(self, request: Any, event_name: str, **_: Any) -> None:
        reads = event_name.endswith((".GetItem", ".Query"))
        fate = next(self._fates)
        if not reads:
            body = json.loads(request.body)
            key = body.get("Key") or body["Item"]
            self.written.add((key["executionId"]["S"], key["item"]["S"]))
        if reads and fate.endswith("if write"):
            self._fates = itertools.chain([fate], self._fates)
        elif fate == "cut":
            raise EndpointConnectionError(endpoint_url=request.url)
        elif fate == "lost if write":
            self._http.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)
        elif fate == "refused if write":
            self.refused += 1
            self._control.deny("dynamodb", error="ValidationException", message=TOO_LARGE, times=1)


def at(world: World, status: LaunchStatus, **fields: Any) -> list[ServerRecord]:
    """Return the servers of the first wave as they are on record, but with this launch status."""
    servers = world.store.run(read_servers(world.id, 0))
    return [server.replace(launch_status=status, **fields) for server in servers]
