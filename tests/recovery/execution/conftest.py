"""Executions to test with, and a store on the local AWS."""

from __future__ import annotations

import itertools
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from recovery.execution import (
    Approval,
    Decision,
    Event,
    EventType,
    Execution,
    ExecutionType,
    Intent,
    LaunchStatus,
    ServerRecord,
    WaveRecord,
    WaveStatus,
    execution_id,
)
from recovery.execution.store import ExecutionStore
from recovery.execution.table import create_table

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 3, 1, 6, 0, 0, 250, tzinfo=UTC)
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

    def __init__(self, client: Any, make: Make, table: str) -> None:
        self.client, self.table, self.make = client, table, make
        self.store = ExecutionStore(client, table, clock=make.time)
        self.id = ""

    def opened(self, **fields: Any) -> World:
        execution = self.store.open(self.make.execution(**fields))
        self.id = execution.execution_id
        return self

    def frozen(self, *, waves: int = 3, each: int = 2, **fields: Any) -> World:
        self.opened(waves=waves, **fields)
        self.store.freeze(self.id, "{}", self.make.servers(waves, each))
        return self

    def answered(self, wave: int) -> World:
        """Let a person approve the gate of a wave, if it has one."""
        if self.store.get(self.id).wave(wave).pause_before_wave:
            self.store.pause(self.id, wave)
            self.store.approve(self.id, wave, self.make.approval())
        return self

    def launching(self, wave: int) -> World:
        intent = self.make.intent(wave, each=len(self.store.servers(self.id, wave)))
        self.answered(wave).store.intend(self.id, wave, intent)
        self.store.started(self.id, wave, intent, f"drsjob-{wave}")
        return self

    def launched(self, wave: int) -> list[ServerRecord]:
        """Return the servers of a wave as they are once their job launched them."""
        servers = self.store.servers(self.id, wave)
        return [server.having(launch_status=LaunchStatus.LAUNCHED, phase="LAUNCH_END") for server in servers]

    def completed(self, *waves: int) -> World:
        for wave in waves:
            self.launching(wave)
            self.store.end_wave(self.id, wave, 1, self.launched(wave), WaveStatus.COMPLETED)
        return self

    def items(self, hash_key: str | None = None) -> list[dict[str, Any]]:
        """Return the raw items of the execution, read without the store."""
        answer = self.client.query(
            TableName=self.table,
            KeyConditionExpression="executionId = :id",
            ExpressionAttributeValues={":id": {"S": hash_key or self.id}},
            ConsistentRead=True,
        )
        read = TypeDeserializer().deserialize
        return [{name: read(value) for name, value in item.items()} for item in answer["Items"]]

    def record(self) -> dict[str, Any]:
        return next(item for item in self.items() if item["item"] == "EXECUTION")

    def raw(self) -> list[dict[str, Any]]:
        """Return everything in the table, as DynamoDB has it."""
        items = self.client.scan(TableName=self.table, ConsistentRead=True)["Items"]
        return sorted(items, key=lambda item: (item["executionId"]["S"], item["item"]["S"]))

    def restore(self, items: list[dict[str, Any]]) -> None:
        """Put everything in the table back as it was."""
        keys = [{name: item[name] for name in ("executionId", "item")} for item in self.raw()]
        kept = [{name: item[name] for name in ("executionId", "item")} for item in items]
        writes = [{"DeleteRequest": {"Key": key}} for key in keys if key not in kept]
        writes += [{"PutRequest": {"Item": item}} for item in items]
        self.client.batch_write_item(RequestItems={self.table: writes})

    def put(self, item: dict[str, Any]) -> None:
        """Put a raw item without the store."""
        write = TypeSerializer().serialize
        self.client.put_item(TableName=self.table, Item={name: write(value) for name, value in item.items()})


class Wire:
    """What lies between a client and DynamoDB: requests that it lets through really arrive there."""

    def __init__(self, client: Any) -> None:
        self._http = client._endpoint.http_session
        self._fates: Iterator[str] = itertools.repeat("heard")
        client.meta.events.register("before-send.dynamodb", self._send)

    def mend(self) -> None:
        """Let everything through."""
        self._fates = itertools.repeat("heard")

    def cut_after(self, requests: int) -> None:
        """Let so many requests through; no more arrive."""
        self._fates = itertools.chain(["heard"] * requests, itertools.repeat("cut"))

    def die_after(self, writes: int) -> None:
        """Let so many writes through and what is read between them; nobody hears the answer to the last."""
        self._fates = itertools.chain(
            ["heard if write"] * (writes - 1), ["lost if write"], itertools.repeat("cut")
        )

    def lose_writes(self) -> None:
        """Lose the first answer to every write; the second time it is heard."""
        self._fates = itertools.cycle(["lost if write", "heard"])

    def _send(self, request: Any, event_name: str, **_: Any) -> None:
        reads = event_name.endswith((".GetItem", ".Query"))
        fate = next(self._fates)
        if reads and fate.endswith("if write"):
            self._fates = itertools.chain([fate], self._fates)
        elif fate == "cut":
            raise EndpointConnectionError(endpoint_url=request.url)
        elif fate == "lost if write":
            self._http.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)


@pytest.fixture
def make() -> Make:
    return Make()


CREDENTIALS = {
    "aws_access_key_id": "testing",
    "aws_secret_access_key": "testing",
    "region_name": "eu-west-1",
}


@pytest.fixture(scope="session")
def dynamodb(running_simulator: Any) -> Iterator[Any]:
    """One client for all tests here; each has a table of its own instead of a local AWS of its own."""
    client = boto3.client("dynamodb", endpoint_url=running_simulator.url, **CREDENTIALS)
    yield client
    client.close()


@contextmanager
def wired(url: str, attempts: int) -> Iterator[tuple[Any, Wire]]:
    """Give a client that sends a request at most so many times, and the wire it hangs on."""
    retries = Config(retries={"total_max_attempts": attempts})
    client = boto3.client("dynamodb", endpoint_url=url, config=retries, **CREDENTIALS)
    yield client, Wire(client)
    client.close()


@pytest.fixture(scope="session")
def fragile_client(running_simulator: Any) -> Iterator[tuple[Any, Wire]]:
    with wired(running_simulator.url, attempts=1) as client:
        yield client


@pytest.fixture(scope="session")
def persistent_client(running_simulator: Any) -> Iterator[tuple[Any, Wire]]:
    with wired(running_simulator.url, attempts=2) as client:
        yield client


@pytest.fixture
def fragile(fragile_client: tuple[Any, Wire]) -> tuple[Any, Wire]:
    """Give a client that never sends again, and its wire."""
    fragile_client[1].mend()
    return fragile_client


@pytest.fixture
def persistent(persistent_client: tuple[Any, Wire]) -> tuple[Any, Wire]:
    """Give a client that sends once again what it hears nothing of, and its wire."""
    persistent_client[1].mend()
    return persistent_client


@pytest.fixture
def table() -> str:
    return f"executions-{uuid.uuid4()}"


@pytest.fixture
def world(dynamodb: Any, make: Make, table: str) -> World:
    create_table(dynamodb, table)
    return World(dynamodb, make, table)


@pytest.fixture
def store(world: World) -> ExecutionStore:
    return world.store
