"""The sensor's trigger writes without blocking its event loop, by the same rules."""

from __future__ import annotations

import asyncio

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from drs_recovery.errors import ExecutionNotFound, RecordUnavailable, TransitionRefused
from drs_recovery.record.enums import EventType, ExecutionStatus, LaunchStatus, WaveStatus
from drs_recovery.record.parts import Failure
from drs_recovery.store.async_store import AsyncExecutionStore
from drs_recovery.store.programs import complete_execution, open_execution, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.read_trail import read_events
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event
from tests.recovery.execution.stored import CREDENTIALS

W = WaveStatus


def client_of(url):
    config = AioConfig(retries={"total_max_attempts": 1}, connect_timeout=2)
    return get_session().create_client("dynamodb", endpoint_url=url, config=config, **CREDENTIALS)


async def test_a_wave_is_polled_to_its_end(world, running_simulator):
    """Progress, last poll, an event and the end, all through aiobotocore; the sync store reads it."""
    world.frozen().launching(0)
    async with client_of(running_simulator.url) as client:
        store = AsyncExecutionStore(client, world.table, clock=world.make.time)
        servers = await store.run(read_servers(world.id, 0))
        busy = [server.replace(launch_status=LaunchStatus.IN_PROGRESS) for server in servers]
        assert (await store.run(wait_for_recovery.poll(world.id, 0, 1, busy))).wave(0).status is W.POLLING
        await store.run(wait_for_recovery.polled(world.id, at := world.make.time()))
        await store.run(append_event(world.id, world.make.event(EventType.WAVE_ENDED, 0)))
        done = [server.replace(launch_status=LaunchStatus.LAUNCHED) for server in servers]
        assert (await store.run(wait_for_recovery.write_end(world.id, 0, 1, done, W.COMPLETED))).wave(
            0
        ).status is W.COMPLETED
        assert (await store.run(read_execution(world.id))).last_polled_time == at
    assert world.store.run(read_execution(world.id)).wave(0).status is W.COMPLETED
    assert len(world.store.run(read_events(world.id))) == 1


async def test_the_rules_are_the_same(world, running_simulator):
    """One logic, two drivers: what the store refuses, it refuses here."""
    world.frozen().launching(0)
    async with client_of(running_simulator.url) as client:
        store = AsyncExecutionStore(client, world.table)
        with pytest.raises(TransitionRefused, match="not launched"):
            await store.run(
                wait_for_recovery.write_end(
                    world.id, 0, 1, await store.run(read_servers(world.id, 0)), W.COMPLETED
                )
            )
        with pytest.raises(ExecutionNotFound):
            await store.run(read_execution("ex-0"))


async def test_what_is_unavailable_is_named(world):
    """Nobody listens there, or there is no such table: as in the other driver."""
    async with client_of("http://127.0.0.1:9") as client:
        with pytest.raises(
            RecordUnavailable, match=r"get_item on table 'executions' at http://127\.0\.0\.1:9"
        ):
            await AsyncExecutionStore(client, "executions").run(read_execution("ex-0"))
    async with client_of(world.client.meta.endpoint_url) as client:
        with pytest.raises(RecordUnavailable, match="recovery init"):
            await AsyncExecutionStore(client, "executions").run(read_execution("ex-0"))


async def test_waiting_for_a_version_blocks_nobody(world, running_simulator):
    """Twenty pollers at once in one event loop: conflicts wait, the loop goes on, one version is written."""
    world.frozen(waves=1).launching(0)
    async with client_of(running_simulator.url) as client:
        store = AsyncExecutionStore(client, world.table)
        before = (await store.run(read_execution(world.id))).version
        polls = [
            store.run(wait_for_recovery.poll(world.id, 0, 1, await store.run(read_servers(world.id, 0))))
            for _ in range(20)
        ]
        for execution in await asyncio.gather(*polls):
            assert execution.status is ExecutionStatus.POLLING
        assert (await store.run(read_execution(world.id))).version == before + 1


async def test_what_is_stopped_is_seen_among_many(world, running_simulator):
    """Superseded, failed or final: of 250 executions, whatever the requests take at a time."""
    runs = [
        world.store.run(open_execution.open_execution(world.make.execution(f"manual__{n}"))) for n in range(4)
    ]
    going, superseded, failed, ended = [run.execution_id for run in runs]
    world.put(runs[1].replace(superseded_by=going).to_item() | {"item": "EXECUTION"})
    world.store.run(open_execution.note_failure(failed, Failure(kind="FAILED", message="no such server")))
    world.store.run(complete_execution.close_waves(ended))
    world.store.run(complete_execution.write_end(ended, ExecutionStatus.FAILED, "inconsistent"))
    others = [f"unknown-{n:03}" for n in range(246)]
    async with client_of(running_simulator.url) as client:
        store = AsyncExecutionStore(client, world.table)
        asked = [*others[:123], going, superseded, failed, ended, *others[123:]]
        assert await store.stopped(asked) == {superseded, failed, ended}
        assert await store.stopped([]) == set()
