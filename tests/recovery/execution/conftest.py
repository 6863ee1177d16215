"""A store on the local AWS, and executions in it."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from drs_recovery.store.table import create_table
from tests.recovery.execution.stored import CREDENTIALS, Make, Wire, World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.store.store import ExecutionStore


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def dynamodb(running_simulator: Any) -> Iterator[Any]:
    """Give one client to all tests here: they have tables of their own, not a local AWS of their own."""
    client = boto3.client("dynamodb", endpoint_url=running_simulator.url, **CREDENTIALS)
    yield client
    client.close()


@contextmanager
def wired(simulator: Any, attempts: int) -> Iterator[tuple[Any, Wire]]:
    """Give a client that sends a request at most so many times, and the wire it hangs on."""
    retries = Config(retries={"total_max_attempts": attempts})
    client = boto3.client("dynamodb", endpoint_url=simulator.url, config=retries, **CREDENTIALS)
    yield client, Wire(client, simulator.control)
    client.close()


@pytest.fixture(scope="session")
def fragile_client(running_simulator: Any) -> Iterator[tuple[Any, Wire]]:
    with wired(running_simulator, attempts=1) as client:
        yield client


@pytest.fixture(scope="session")
def persistent_client(running_simulator: Any) -> Iterator[tuple[Any, Wire]]:
    with wired(running_simulator, attempts=2) as client:
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
    """Give the name of a table that is not there yet."""
    return f"executions-{uuid.uuid4()}"


@pytest.fixture(scope="module")
def executions(dynamodb: Any) -> str:
    """Make the table of all worlds of a module."""
    name = f"executions-{uuid.uuid4()}"
    create_table(dynamodb, name)
    return name


@pytest.fixture
def world(dynamodb: Any, make: Make, executions: str) -> World:
    world = World(dynamodb, make, executions)
    world.restore([])
    return world


@pytest.fixture
def store(world: World) -> ExecutionStore:
    return world.store


@pytest.fixture
def polled(world: World) -> World:
    """Make an execution whose first wave is being launched."""
    return world.frozen().launching(0)
