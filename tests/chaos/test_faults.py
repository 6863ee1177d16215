"""The faults of chaos hit what they are meant to hit, and are written down only then."""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import psutil
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tests.airflow_rest import until
from tests.chaos.chaos_stack import APART, APART_KEY, STACK_KEY
from tests.chaos.evidence import Run, utc
from tests.chaos.faults import COMPONENT, Faults
from tests.chaos.schedule import CALLS, Disturbance, Kind

if TYPE_CHECKING:
    from tests.conftest import LocalAws

ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=10)
SERVER = "s-00000000000fil001"


@pytest.fixture
def run() -> Run:
    """A run with a wave in flight."""
    item = {"status": "POLLING", "waves": [{"status": "POLLING"}]}
    return Run(0, "plan", "run", utc(), [], seen=[(utc(), item)])


@pytest.fixture
def faults(local_aws: LocalAws, run: Run) -> Faults:
    """The faults of a world in which that run is all that goes on."""
    stack = SimpleNamespace(access_keys=(STACK_KEY, APART_KEY))
    world: Any = SimpleNamespace(control=local_aws.control, in_flight=lambda: [run], stack=stack, tasks={})
    return Faults(world, SimpleNamespace(), iter(()), print)  # type: ignore[arg-type]


def call(local_aws: LocalAws, service: str, operation: str | None, key: str) -> None:
    """Call AWS once, whatever it says."""
    client = local_aws.client(service, aws_access_key_id=key, aws_secret_access_key=key, config=ONCE)
    with suppress(ClientError, BotoCoreError):
        if service == "dynamodb":
            put = {"TableName": "none", "Key": {"executionId": {"S": "e"}}}
            if operation == "PutItem":
                client.put_item(TableName="none", Item=put["Key"])
            else:
                client.update_item(**put)
        elif operation == "StartRecovery":
            client.start_recovery(sourceServers=[{"sourceServerID": SERVER}])
        else:
            client.describe_jobs()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        pytest.param(kind, options, id=f"{kind}_{number}")
        for kind, choices in CALLS.items()
        for number, options in enumerate(choices)
    ],
)
def test_every_spoiled_call_is_one_that_the_stack_makes(
    local_aws: LocalAws, faults: Faults, run: Run, kind: Kind, options: dict[str, Any]
) -> None:
    """Calls with its key are hit and written down, and the fault is gone afterwards."""
    short = {"window": 1.0} | options | {"window": 1.5} | ({"seconds": 0.1} if "seconds" in options else {})
    with ThreadPoolExecutor() as pool:
        done = pool.submit(faults._try, Disturbance(0, 0, kind, short))
        time.sleep(0.2)
        while not done.done():
            call(local_aws, options["service"], options.get("operation"), STACK_KEY)
    assert faults.trouble == []
    assert [hit.kind for hit in run.hits] == [kind]
    assert local_aws.control.faults()["calls"] == []


def test_whoever_watches_is_not_hit(local_aws: LocalAws, faults: Faults, run: Run) -> None:
    """So a fault that hit nobody of the stack is not written down."""
    with ThreadPoolExecutor() as pool:
        done = pool.submit(faults._try, Disturbance(0, 0, Kind.CUT, {"service": "drs", "window": 0.8}))
        while not done.done():
            call(local_aws, "drs", None, "watcher")
    assert (faults.trouble, run.hits) == ([], [])


def test_of_two_workers_one_is_cut_off(local_aws: LocalAws, faults: Faults, run: Run) -> None:
    """The other's calls are answered, and the fault is gone afterwards."""
    answered: list[str] = []
    with ThreadPoolExecutor() as pool:
        done = pool.submit(faults._try, Disturbance(0, 0, Kind.CUT_WORKER, {"window": 0.8}))
        while not done.done():
            for key in (STACK_KEY, APART_KEY):
                client = local_aws.client(
                    "dynamodb", aws_access_key_id=key, aws_secret_access_key=key, config=ONCE
                )
                with suppress(BotoCoreError):
                    client.list_tables()
                    answered.append(key)
    assert faults.trouble == []
    assert STACK_KEY in answered
    ((kind, words),) = [(hit.kind, hit.texts) for hit in run.hits]
    assert kind == Kind.CUT_WORKER
    assert words.endswith(f"calls of {APART} for 1 s")
    assert local_aws.control.faults()["calls"] == []


@pytest.mark.parametrize("kind", COMPONENT, ids=str)
def test_of_several_copies_each_is_killed_in_its_turn(
    faults: Faults, run: Run, kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One at a time, so that the other goes on; what there is once is killed each time."""
    killed: list[tuple[str, bool]] = []

    class TwoOfEach:
        def copies(self, component: str) -> list[str]:
            return [component] if component == "dag-processor" else [f"{component}-1", f"{component}-2"]

        def kill(self, name: str, *, whole: bool) -> Any:
            killed.append((name, whole))
            return SimpleNamespace(pid=1)

        def child(self, name: str) -> Any:
            return SimpleNamespace(session=list)

    faults.supervisor = TwoOfEach()  # type: ignore[assignment]
    busy = {"task": None}
    monkeypatch.setattr("tests.chaos.faults.busy_workers", lambda _: busy)
    faults.world.tasks = {"task": (run, "web.start_recovery")}
    for number in (3, 17):
        faults._try(Disturbance(number, 0, kind, {"whole": True}))
    part = COMPONENT[kind]
    names = [part, part] if part == "dag-processor" else [f"{part}-1", f"{part}-2"]
    assert faults.trouble == []
    assert killed == [(name, True) for name in names]
    assert [hit.kind for hit in run.hits] == [kind, kind]


def test_a_worker_that_runs_nothing_is_not_killed(
    faults: Faults, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would show nothing; its turn comes again."""
    monkeypatch.setattr("tests.chaos.faults.busy_workers", lambda _: {"of somebody else": None})
    monkeypatch.setattr("tests.chaos.faults.WAIT_FOR_TASK", 0.1)
    faults.supervisor = SimpleNamespace(copies=lambda _: ["worker-1", "worker-2"], child=str)  # type: ignore[assignment]
    faults._try(Disturbance(3, 0, Kind.KILL_WORKER, {"whole": True}))
    assert (faults.trouble, run.hits, faults._turns.total()) == ([], [], 0)


def test_redis_that_is_frozen_goes_on_afterwards(faults: Faults, run: Run) -> None:
    """Whoever has a connection to it keeps that."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        faults.supervisor = SimpleNamespace(child=lambda _: SimpleNamespace(pid=process.pid))  # type: ignore[assignment]
        with ThreadPoolExecutor() as pool:
            done = pool.submit(faults._try, Disturbance(0, 0, Kind.FREEZE_REDIS, {"window": 3600}))
            until("the stop", lambda: psutil.Process(process.pid).status() == psutil.STATUS_STOPPED)
            until("the note of it", lambda: run.hits)
            faults._stop.set()
            done.result()
        process.communicate(b"\n")
        assert (faults.trouble, process.returncode) == ([], 0)


def test_a_fault_that_cannot_be_set_is_reported(faults: Faults) -> None:
    """It is a mistake of chaos itself, and makes its exit status 1."""
    faults._try(Disturbance(0, 0, Kind.CUT, {"service": "nothing", "window": 0.1}))
    assert "nothing" in faults.trouble[0]
