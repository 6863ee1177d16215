"""Checks: 500 launched servers that one triggerer looks at, each at an address of its own."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from datetime import UTC, datetime
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console

    from drs_recovery.engine.checking import Checker
    from drs_recovery.record.server_record import ServerRecord

SERVERS = 500
FIRST = int(IPv4Address("127.60.0.1"))
EVERY = 5
"""Seconds between two looks at a server."""

TICK = 0.5
"""Seconds between two rounds of the trigger, about."""

CLOSED = 20.0
"""Seconds in which nothing answers."""


def measure(console: Console) -> None:
    """Let ports refuse connections for a while, then open them all, and see when the last server is well."""
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        with console.status(f"checking {SERVERS} servers"):
            refused, opened, noticed = asyncio.run(_measure())
    table = Table(
        "what happens",
        "seconds",
        "CPU, % of a core",
        title=f"{SERVERS} servers with a tcp check each, every {EVERY} s, in one event loop",
        title_justify="left",
    )
    table.add_row("nothing answers", f"{CLOSED:.0f}", f"{100 * refused / CLOSED:.0f}")
    table.add_row(
        "all ports opened, until the last is well", f"{noticed:.1f}", f"{100 * opened / noticed:.0f}"
    )
    console.print(table)


async def _measure() -> tuple[float, float, float]:
    """Return CPU seconds while nothing answers, and after all do; and seconds until the last is well."""
    hosts = [str(IPv4Address(FIRST + number)) for number in range(SERVERS)]
    server = await asyncio.start_server(lambda _, writer: writer.close(), hosts[0], 0)
    port = int(server.sockets[0].getsockname()[1])
    server.close()
    checker, servers = _wave(hosts, port)
    before, begin = time.process_time(), time.monotonic()
    while time.monotonic() - begin < CLOSED:
        servers = checker.observe(servers, datetime.now(UTC), ended=True)
        await asyncio.sleep(TICK)
    refused = time.process_time() - before
    server = await asyncio.start_server(lambda _, writer: writer.close(), hosts, port, backlog=128)
    before, begin = time.process_time(), time.monotonic()
    async with server:
        while any(one.checks_status != "PASSED" for one in servers):
            servers = checker.observe(servers, datetime.now(UTC), ended=True)
            await asyncio.sleep(TICK)
    checker.stop()
    return refused, time.process_time() - before, time.monotonic() - begin


def _wave(hosts: list[str], port: int) -> tuple[Checker, list[ServerRecord]]:
    """Return the checker of a wave whose servers are launched at these addresses, and the servers."""
    # Airflow reads its home at the first import
    from drs_recovery.engine.checking import Checker  # noqa: PLC0415
    from drs_recovery.record.enums import LaunchStatus  # noqa: PLC0415
    from drs_recovery.record.models import WaveRecord  # noqa: PLC0415
    from drs_recovery.record.server_record import ServerRecord  # noqa: PLC0415
    from tests.recovery.execution.stored import Make  # noqa: PLC0415
    from tests.recovery.tasks.conftest import plan  # noqa: PLC0415

    ids = [f"s-{number:017}" for number in range(len(hosts))]
    check = {"name": "port", "tcp": port, "every": f"{EVERY}s"}
    planned = plan({"name": "All", "servers": ids, "checks": [check]})
    wave = WaveRecord(wave_number=0, wave_name="All", server_count=len(ids), checks=1)
    servers = [
        ServerRecord(
            source_server_id=one, wave_number=0, launch_status=LaunchStatus.LAUNCHED, private_ip=host
        )
        for one, host in zip(ids, hosts, strict=True)
    ]
    return Checker(Make().execution(), planned, wave, None), servers  # type: ignore[arg-type] # tcp asks no AWS
