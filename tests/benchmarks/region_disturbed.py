"""The queue while it is disturbed: a tier changes, a stranger takes room, and the triggerer is killed.

Eight recoveries of one server each where DRS runs two jobs. One that does not end COMPLETED, and a second
launch, are errors.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from rich.table import Table

from tests.airflow_rest import until
from tests.benchmarks.region_world import BenchPlan, moment, now
from tests.chaos.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from tests.benchmarks.region_world import Region

PLANS = tuple(BenchPlan(f"disturbed_{n}", 3, ((f"s-000000disturbed{n:02}",),)) for n in range(8))
URGENT = PLANS[-1]
STRANGER = "s-000000disturbed99"
JOBS = 2
SPEED = 30
LIMIT = 300.0


def measure(region: Region, console: Console) -> None:
    """Let all plans wait, disturb them, and print what came of it."""
    region.control.set_quotas(concurrentJobs=JOBS)
    region.control.set_speed(SPEED)
    region.control.clear_requests()
    region.trigger(PLANS)
    until("a queue", lambda: len(_queue(region)) >= len(PLANS) - JOBS, LIMIT, every=1)
    _recovery(region, "tier", URGENT.id, "1", "--reason", "payroll closes at noon")
    changed = now()
    foreign = until("room for a stranger", lambda: _start(region), LIMIT, every=0.05)
    with Supervisor(region.stack) as supervisor:
        killed = now()
        supervisor.kill("triggerer", whole=True)
        region.wait_for(PLANS, LIMIT)
    starts = region.control.requests(operation="StartRecovery")
    made = [one for one in starts if one.get("jobID") and one["jobID"] != foreign]
    order = [_server(one) for one in made]
    if sorted(order) != sorted(plan.waves[0][0] for plan in PLANS):
        raise RuntimeError(f"not each server was launched once: {order}")
    place = [_server(one) for one in made if moment(one["time"]) > changed].index(URGENT.waves[0][0]) + 1
    later = [moment(one["time"]) for one in made if moment(one["time"]) > killed]
    refused = [one for one in starts if one.get("error") and _server(one) != STRANGER]
    table = Table("what", "figure", title=f"Disturbed: {len(PLANS)} plans, room for {JOBS} jobs")
    table.add_row("all COMPLETED, each server launched once", "yes")
    table.add_row("after its tier was changed, the first to start is the", f"{place}.")
    table.add_row("a stranger took room, with", foreign)
    table.add_row(
        "from the triggerer's kill to the next start", f"{(later[0] - killed).total_seconds():.0f} s"
    )
    table.add_row("refusals per job", f"{len(refused) / len(PLANS):.2f}")
    console.print(table)


def _server(start: Mapping[str, Any]) -> str:
    return str(start["parameters"]["sourceServers"][0]["sourceServerID"])


def _start(region: Region) -> str | None:
    """Start a job beside the product, as in the console; returns its id, None if there is no room."""
    try:
        job = region.client("drs").start_recovery(sourceServers=[{"sourceServerID": STRANGER}])
    except ClientError as error:
        if "Quota" not in str(error):
            raise
        return None
    return str(job["job"]["jobID"])


def _queue(region: Region) -> list[Any]:
    return [
        place
        for queue in json.loads(_recovery(region, "queue", "--json"))["queues"]
        for place in queue["places"]
    ]


def _recovery(region: Region, *arguments: str) -> str:
    command = [sys.executable, "-m", "drs_recovery", *arguments]
    environment = region.stack.env_of("admin")
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
