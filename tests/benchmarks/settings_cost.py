"""Launch settings: what it takes to apply those of 100 servers and to read them back, before they start."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import boto3
from rich.table import Table

from drs_simulator.client import Control
from drs_simulator.fleet import Fleet, ServerDescription, read_fleet
from drs_simulator.server import Server
from launcher.environment import LOCAL_AWS_ACCOUNT

if TYPE_CHECKING:
    from rich.console import Console

SERVERS = 100
THROTTLED = 0.1
"""The share of calls of DRS and EC2 that are refused as too many, in the second case."""

READS = ("GetLaunchConfiguration", "DescribeLaunchTemplateVersions")
WRITES = ("UpdateLaunchConfiguration", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate")


class Start(NamedTuple):
    """A start of a wave: its seconds, how often its task was executed, and the calls by operation."""

    seconds: float
    tries: int
    calls: Counter[str]


def measure(console: Console) -> None:
    """Start a wave of a drill whose servers all get another instance type, with and without throttling."""
    os.environ.update(LOCAL_AWS_ACCOUNT)
    os.environ["AIRFLOW__CORE__UNIT_TEST_MODE"] = "True"
    os.environ |= {"RECOVERY_HOLD_SECONDS": "0", "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        os.environ["AIRFLOW_HOME"] = home
        os.environ["AIRFLOW_CONN_AWS_DEFAULT"] = "aws://"
        os.environ["AIRFLOW__API__BASE_URL"] = "http://airflow.example"
        starts = {share: _start(share, console) for share in (0.0, THROTTLED)}
    table = Table(
        "throttled calls",
        "seconds",
        "task executed",
        "reads",
        "writes",
        "StartRecovery",
        title=f"Settings of {SERVERS} servers applied and read back, then their start",
        caption="Local AWS answers in milliseconds; DRS in tens of them",
        title_justify="left",
        caption_justify="left",
    )
    for share, start in starts.items():
        reads, writes = (sum(start.calls[one] for one in names) for names in (READS, WRITES))
        counts = map(str, (start.tries, reads, writes, start.calls["StartRecovery"]))
        table.add_row(f"{share:.0%}", f"{start.seconds:.1f}", *counts)
    console.print(table)


def _start(throttled: float, console: Console) -> Start:
    # Airflow reads its home at the first import
    from airflow.sdk.exceptions import TaskDeferred  # noqa: PLC0415

    from drs_recovery.settings import settings  # noqa: PLC0415
    from drs_recovery.store.table import create_table  # noqa: PLC0415
    from tests.recovery.tasks.conftest import Drive, plan  # noqa: PLC0415

    fleet = _fleet()
    with (
        Server(speed="immediate", fleet=fleet) as server,
        Control(server.url) as control,
        console.status(f"settings of {SERVERS} servers, {throttled:.0%} of the calls throttled"),
    ):
        os.environ["AWS_ENDPOINT_URL"] = server.url
        create_table(boto3.client("dynamodb", region_name=fleet.region), settings().table)
        ids = [one.id for one in fleet.servers]
        wave = {"name": "All", "servers": ids, "launch": {"instance_type": "t3.small"}}
        drive = Drive(plan(wave))
        drive.execute("open_execution")
        control.clear_requests()
        if throttled:
            control.throttle("drs", rate=throttled)
            control.throttle("ec2", rate=throttled)
        begin, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                drive.execute("all.start_recovery")
                break
            except TaskDeferred:
                continue
        seconds = time.monotonic() - begin
        return Start(seconds, tries, Counter(call["operation"] for call in control.requests()))


def _fleet() -> Fleet:
    servers = tuple(
        ServerDescription(id=f"s-{number:017}", hostname=f"bench-{number}.example")
        for number in range(SERVERS)
    )
    bare = {"networks": (), "functions": (), "hosted_zones": {}, "elsewhere": ()}
    return read_fleet().model_copy(update={"servers": servers, **bare})
