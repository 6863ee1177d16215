"""Load: how fast the running simulator describes 4,000 servers, 20 jobs and the 500 servers in them.

And what it takes to start, to describe and to launch them, in time of the processor and in memory.
"""

from __future__ import annotations

import time
from statistics import median, quantiles
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import httpx
import psutil
from rich.table import Table

from drs_simulator.client import Control
from tests.simulator.process import simulator_process

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

LARGE = ("--port", "0", "--fleet", "large", "--speed", "real")
JOBS, SERVERS_IN_JOB = 20, 25
ROUNDS, REQUESTS = 5, 200
_KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
LARGEST_JOB, LARGEST_JOBS = 100, 5
AHEAD = 1200
"""Simulated seconds after which the servers of all jobs are being launched."""

SIGNED = "AWS4-HMAC-SHA256 Credential=testing/20200101/eu-west-1/drs/aws4_request, SignedHeaders=host"


class Row(NamedTuple):
    """A kind of request: an operation, what it is asked, and what a page of its answer has."""

    operation: str
    asked: dict[str, Any]
    page: str


class Figures(NamedTuple):
    """Requests a second, and seconds of the median request and of the slowest in a hundred."""

    rate: float
    p50: float
    p99: float


ROWS = (
    Row("DescribeSourceServers", {"maxResults": 200}, "200 of 4,000"),
    Row("DescribeSourceServers", {"maxResults": 50}, "50 of 4,000"),
    Row("DescribeJobs", {"maxResults": 200}, "20 jobs, 500 servers"),
    Row("DescribeJobs", {"maxResults": 5}, "5 of 20 jobs"),
)


def measure(console: Console) -> None:
    """Start the simulator as people do, fill it, and ask: by boto3, and without the cost of a client."""
    table = Table(
        "operation",
        "a page has",
        "client",
        "requests/s",
        "p50 ms",
        "p99 ms",
        title="One client of a simulator with 4,000 servers",
        caption=f"Medians of {ROUNDS} rounds of {REQUESTS} requests, page after page; "
        "bare: HTTP without reading what the answer says",
        title_justify="left",
        caption_justify="left",
    )
    with simulator_process(*LARGE) as (_, url), console.status("describing"):
        drs = boto3.client("drs", endpoint_url=url, region_name="eu-west-1", **_KEYS)
        _fill(drs, url)
        with httpx.Client(base_url=url, trust_env=False, headers={"Authorization": SIGNED}) as http:
            for row in ROWS:
                _add(table, row, "boto3", _rounds(_boto3_times(drs, row)))
                _add(table, row, "bare", _rounds(_bare_times(http, row)))
    console.print(table)
    console.print(_costs())


def _costs() -> Table:
    """Return what the server itself spends, be the machine busy or not."""
    table = Table(
        "what the server does",
        "processor ms",
        "then MB",
        title="The process of a simulator with 4,000 servers",
        title_justify="left",
    )
    with simulator_process(*LARGE) as (process, url):
        server = psutil.Process(process.pid)
        drs = boto3.client("drs", endpoint_url=url, region_name="eu-west-1", **_KEYS)
        _add_cost(table, "start-up", server, 0, 1)
        spent, pages = _spent(server), _boto3_times(drs, ROWS[0])
        for _ in range(REQUESTS):
            next(pages)
        _add_cost(table, "DescribeSourceServers, 200 of 4,000", server, spent, REQUESTS)
        spent = _spent(server)
        _start(drs, LARGEST_JOBS, LARGEST_JOB)
        _add_cost(table, f"StartRecovery of {LARGEST_JOB}", server, spent, LARGEST_JOBS)
        spent, pages = _spent(server), _boto3_times(drs, ROWS[2])
        for _ in range(REQUESTS):
            next(pages)
        _add_cost(table, f"DescribeJobs, {LARGEST_JOBS} of {LARGEST_JOB}", server, spent, REQUESTS)
    return table


def _add_cost(table: Table, what: str, server: psutil.Process, before: float, times: int) -> None:
    """Add a row: seconds since ``before``, for each of so many times."""
    milliseconds = (_spent(server) - before) * 1000 / times
    table.add_row(what, f"{milliseconds:.1f}", f"{server.memory_info().rss / 2**20:.0f}")


def _spent(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _fill(drs: Any, url: str) -> None:
    """Have as many jobs running as the quotas allow, with as many servers, in different phases."""
    _start(drs, JOBS, SERVERS_IN_JOB)
    with Control(url) as control:
        control.set_speed(AHEAD)
        time.sleep(1)
        control.set_speed("real")


def _start(drs: Any, jobs: int, servers: int) -> None:
    ids = [f"s-000000000web{number:05}" for number in range(1, jobs * servers + 1)]
    for job in range(jobs):
        chosen = ids[job * servers : (job + 1) * servers]
        drs.start_recovery(isDrill=True, sourceServers=[{"sourceServerID": one} for one in chosen])


def _boto3_times(drs: Any, row: Row) -> Iterator[float]:
    method = {"DescribeSourceServers": drs.describe_source_servers, "DescribeJobs": drs.describe_jobs}
    token: dict[str, str] = {}
    while True:
        begin = time.perf_counter()
        answer = method[row.operation](**row.asked, **token)
        yield time.perf_counter() - begin
        token = _next(answer)


def _bare_times(http: httpx.Client, row: Row) -> Iterator[float]:
    token: dict[str, str] = {}
    while True:
        begin = time.perf_counter()
        answer = http.post(f"/{row.operation}", json=row.asked | token)
        yield time.perf_counter() - begin
        token = _next(answer.raise_for_status().json())


def _next(answer: dict[str, Any]) -> dict[str, str]:
    return {"nextToken": answer["nextToken"]} if "nextToken" in answer else {}


def _rounds(times: Iterator[float]) -> Figures:
    rounds = [sorted(next(times) for _ in range(REQUESTS)) for _ in range(ROUNDS)]
    rate = median(REQUESTS / sum(taken) for taken in rounds)
    return Figures(rate, median(map(median, rounds)), median(quantiles(t, n=100)[98] for t in rounds))


def _add(table: Table, row: Row, client: str, figures: Figures) -> None:
    rate, p50, p99 = f"{figures.rate:.0f}", f"{figures.p50 * 1000:.1f}", f"{figures.p99 * 1000:.1f}"
    table.add_row(row.operation, row.page, client, rate, p50, p99)
