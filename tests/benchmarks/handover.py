"""Hand-over: what a recovery loses between two waves.

From the moment the last job of a wave is COMPLETED in DRS to the arrival of the next wave's StartRecovery,
the gate between them passing at once, on a real stack with the shipped settings.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import boto3
from rich.table import Table

from drs_recovery.record.models import execution_id
from drs_recovery.settings import settings
from drs_recovery.store.queries import read_execution
from drs_recovery.store.store import ExecutionStore
from drs_simulator.client import Control
from drs_simulator.drs.durations import LaunchRequest, plan_launch
from drs_simulator.fleet import read_fleet
from launcher.environment import AIRFLOW_SETTINGS, LOCAL_AWS_ACCOUNT
from launcher.settings_file import read_settings_file
from launcher.stack import ADMIN, Stack
from tests.airflow_rest import ENDED, Airflow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.console import Console

PLAN = "handover"
AIM = 1.5
HANDOVERS = 10
BEFORE_LAUNCH = 12.0
"""Real seconds until a server is being launched: no job ends while its trigger still holds events back."""
LAUNCHING_SPEED = 30
"""A launch then takes 9 to 10 s: longer than the relaxed polling interval, as on AWS."""
LIMIT = 900.0
NAMED = (
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL",
)


@dataclass(frozen=True)
class Part:
    """A part of a hand-over: the moment it ends, and what happens until then."""

    until: str
    doing: str


PARTS = (
    Part("seen", "the poller sees that the job is COMPLETED"),
    Part("judged", "trigger judges the wave: log, addresses, record"),
    Part("wait ended", "triggerer passes it on, sensor ends"),
    Part("gate started", "gate is scheduled, queued, starts"),
    Part("gate asks", "gate reads the DAG file, first request"),
    Part("gate ended", "gate passes"),
    Part("start started", "start_recovery is scheduled, queued, starts"),
    Part("start asks", "start_recovery reads the DAG file, first request"),
    Part("arrived", "start_recovery checks the record, sends StartRecovery"),
)


def measure(console: Console) -> None:
    """Run one plan with a server a wave, and print what its hand-overs took."""
    servers = [server.id for server in read_fleet().servers][: HANDOVERS + 1]
    with tempfile.TemporaryDirectory(prefix="recovery-bench-") as home:
        plans = Path(home) / "plans"
        plans.mkdir()
        (plans / f"{PLAN}.yaml").write_text(_plan(servers))
        with (
            Stack(Path(home), speed=str(LAUNCHING_SPEED), plans=plans, console=console) as stack,
            Control(stack.aws_url) as control,
        ):
            run_id = _run(stack, control, servers, console)
            moments = list(_handovers(stack, control, run_id))
    _print(console, moments)


def _plan(servers: Sequence[str]) -> str:
    waves = "".join(
        f"  - name: Wave{number}\n    servers: [{server}]\n" for number, server in enumerate(servers)
    )
    return (
        "name: Hand-over\ndescription: One server a wave.\nowner: bench\nregion: eu-west-1\n"
        f"aws_conn_id: aws_default\nwaves:\n{waves}"
    )


def _admin(stack: Stack) -> Airflow:
    return Airflow(stack.airflow_url, ADMIN, stack.passwords[ADMIN])


def _run(stack: Stack, control: Control, servers: Sequence[str], console: Console) -> str:
    """Run the plan, each job hastened until its server is being launched; returns the run's id."""
    airflow = _admin(stack)
    run_id = str(airflow.trigger(PLAN).raise_for_status().json()["dag_run_id"])
    limit, looks_again = time.monotonic() + LIMIT, 0.0
    started = 0
    with console.status("opening the execution") as status:
        while time.monotonic() < limit:
            if len(control.requests(operation="StartRecovery")) > started:
                _hasten(control, servers[started])
                started += 1
                status.update(f"wave {started} of {len(servers)}")
            if time.monotonic() > looks_again:
                looks_again = time.monotonic() + 2
                if (state := airflow.run(PLAN, run_id)["state"]) in ENDED:
                    break
            time.sleep(0.25)
    if state != "success":
        raise RuntimeError(f"the run of {PLAN} is {state} after {started} of {len(servers)} waves")
    return run_id


def _hasten(control: Control, server: str) -> None:
    """Let the server's launch begin in some seconds, then let time pass slowly enough for the poller."""
    (described,) = (known for known in read_fleet().servers if known.id == server)
    request = LaunchRequest(server, 1, replaces=False, gib=sum(described.disks_gib))
    (timeline,) = plan_launch([request]).servers
    control.set_speed(timeline.steps[-1].begin / BEFORE_LAUNCH)
    time.sleep(BEFORE_LAUNCH)
    control.set_speed(LAUNCHING_SPEED)


def _handovers(stack: Stack, control: Control, run_id: str) -> Iterator[dict[str, datetime]]:
    requests = control.requests()
    tasks = {ti["task_id"]: ti for ti in _admin(stack).task_instances(PLAN, run_id)}
    starts = [request for request in requests if request["operation"] == "StartRecovery"]
    ended, judged = _job_ends(stack), _wave_ends(stack, run_id)
    for wave, (before, after) in enumerate(pairwise(starts)):
        slug, following = f"wave{wave}", f"wave{wave + 1}"
        wait = tasks[f"{slug}.wait_for_recovery"]
        gate, start = tasks[f"{following}.approve"], tasks[f"{following}.start_recovery"]
        done = ended[before["jobID"]]
        passes, began = _time(gate["start_date"]), _time(start["start_date"])
        yield {
            "completed": done,
            "seen": _first(requests, done, "DescribeJobs"),
            "judged": judged[wave],
            "wait ended": _time(wait["end_date"]),
            "gate started": passes,
            "gate asks": _first(requests, passes, "GetItem"),
            "gate ended": _time(gate["end_date"]),
            "start started": began,
            "start asks": _first(requests, began, "GetItem"),
            "arrived": _time(after["time"]),
        }


def _client(stack: Stack, service: Any) -> Any:
    return boto3.client(
        service,
        region_name=LOCAL_AWS_ACCOUNT["AWS_DEFAULT_REGION"],
        endpoint_url=stack.aws_url,
        aws_access_key_id=LOCAL_AWS_ACCOUNT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=LOCAL_AWS_ACCOUNT["AWS_SECRET_ACCESS_KEY"],
    )


def _wave_ends(stack: Stack, run_id: str) -> list[datetime]:
    execution = ExecutionStore(_client(stack, "dynamodb"), settings().table).run(
        read_execution(execution_id(PLAN, run_id))
    )
    return [wave.end_time for wave in execution.waves if wave.end_time]


def _job_ends(stack: Stack) -> dict[str, datetime]:
    pages = _client(stack, "drs").get_paginator("describe_jobs").paginate()
    return {job["jobID"]: _time(job["endDateTime"]) for page in pages for job in page["items"]}


def _first(requests: Sequence[Mapping[str, Any]], since: datetime, operation: str) -> datetime:
    times = (_time(request["time"]) for request in requests if request["operation"] == operation)
    return next(time for time in times if time >= since)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _print(console: Console, handovers: Sequence[Mapping[str, datetime]]) -> None:
    shipped = settings()
    airflow = read_settings_file(AIRFLOW_SETTINGS)
    named = {"poll_seconds": shipped.poll_seconds, "poll_relaxed_seconds": shipped.poll_relaxed_seconds}
    named |= {name.rpartition("__")[2].lower(): airflow[name] for name in NAMED}
    table = Table(
        "part",
        "median s",
        "max s",
        "share",
        title=f"Hand-over between waves, {len(handovers)} of them",
        caption=", ".join(f"{name} = {value}" for name, value in named.items()),
        title_justify="left",
        caption_justify="left",
    )
    whole = [(one["arrived"] - one["completed"]).total_seconds() for one in handovers]
    previous = "completed"
    for part in PARTS:
        took = [(one[part.until] - one[previous]).total_seconds() for one in handovers]
        share = sum(took) / sum(whole)
        table.add_row(part.doing, f"{median(took):.2f}", f"{max(took):.2f}", f"{share:.0%}")
        previous = part.until
    table.add_section()
    table.add_row("job COMPLETED to StartRecovery", f"{median(whole):.2f}", f"{max(whole):.2f}", "100%")
    table.add_row(f"the aim of {AIM} s, as a ratio", f"{median(whole) / AIM:.2f}", f"{max(whole) / AIM:.2f}")
    console.print(table)
