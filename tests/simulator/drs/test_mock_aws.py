"""DRS under ``mock_aws`` alone, without a server: jobs go on by moto's own state transitions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws
from moto.moto_api import state_manager
from moto.moto_api._internal import managed_state_model

from drs_simulator.drs.description import ServerDescription
from drs_simulator.drs.documents import NoSystemsManager
from drs_simulator.drs.models import drs_backends
from drs_simulator.drs.pace import StateTransitions
from drs_simulator.drs.world import MachineClock, MotoRng, NoFaults, world
from drs_simulator.registration import register

ACCOUNT, REGION = "123456789012", "eu-west-1"
WEB1, WEB2 = "s-00000000000web001", "s-00000000000web002"
JOB = "drs::job"


@pytest.fixture
def _alone(monkeypatch):
    """Let DRS be in a world of its own."""
    alone = {
        "clock": MachineClock(),
        "rng": MotoRng(),
        "faults": NoFaults(),
        "documents": NoSystemsManager(),
        "pace": StateTransitions,
    }
    for name, value in alone.items():
        monkeypatch.setattr(world, name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    register()


@pytest.fixture
def drs(_alone):
    """Give a client of DRS under mock_aws, with two source servers."""
    with mock_aws():
        client = boto3.client("drs", region_name=REGION)
        client.initialize_service()
        for server_id in (WEB1, WEB2):
            described = ServerDescription(id=server_id, hostname=f"{server_id}.example", tags={"Tier": "web"})
            drs_backends[ACCOUNT][REGION].register_source_server(described)
        yield client
    state_manager.unset_transition(JOB)


@pytest.fixture
def start(drs):
    """Give a function that starts a drill, and returns the job as it is answered."""
    servers = [{"sourceServerID": server_id} for server_id in (WEB1, WEB2)]
    return lambda: drs.start_recovery(sourceServers=servers, isDrill=True, tags={"Run": "1"})["job"]


def described(drs, job):
    """Return the status of a job, and those of its servers."""
    (seen,) = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    return seen["status"], {server["launchStatus"] for server in seen["participatingServers"]}


def test_a_whole_drill(drs, start):
    """Immediate by default: each job has ended at the first look, and EC2 has what DRS launched."""
    ec2 = boto3.client("ec2", region_name=REGION)
    assert {s["sourceServerID"] for s in drs.describe_source_servers()["items"]} == {WEB1, WEB2}
    job = start()
    assert (job["status"], job["tags"]) == ("PENDING", {"Run": "1"})
    assert described(drs, job) == ("COMPLETED", {"LAUNCHED"})
    instances = drs.describe_recovery_instances()["items"]
    assert {(i["sourceServerID"], i["jobID"], i["isDrill"]) for i in instances} == {
        (server_id, job["jobID"], True) for server_id in (WEB1, WEB2)
    }
    ids = sorted(instance["ec2InstanceID"] for instance in instances)
    launched = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert {i["State"]["Name"] for r in launched for i in r["Instances"]} == {"running"}
    ended = drs.terminate_recovery_instances(recoveryInstanceIDs=ids)["job"]
    assert described(drs, ended)[0] == "COMPLETED"
    assert drs.describe_recovery_instances()["items"] == []
    terminated = ec2.describe_instances(InstanceIds=ids)["Reservations"]
    assert {i["State"]["Name"] for r in terminated for i in r["Instances"]} == {"terminated"}


def test_what_a_drill_tells_is_dated_in_its_order(drs, start):
    """Between the job's creation and its end, none in the future."""
    job = start()
    described(drs, job)
    (seen,) = drs.describe_jobs(filters={"jobIDs": [job["jobID"]]})["items"]
    log = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    assert (log[0]["event"], log[-1]["event"]) == ("JOB_START", "JOB_END")
    dates = [seen["creationDateTime"], *(entry["logDateTime"] for entry in log), seen["endDateTime"]]
    assert dates == sorted(dates)
    assert datetime.fromisoformat(dates[-1]) <= datetime.now(UTC)
    (instance, _) = drs.describe_recovery_instances()["items"]
    assert dates[0] <= instance["pointInTimeSnapshotDateTime"] <= dates[-1]


def test_the_manual_transition_goes_on_with_the_looks(drs, start):
    """As moto says: the status changes each so many times that the model is described; by job."""
    state_manager.set_transition(JOB, {"progression": "manual", "times": 2})
    job, statuses = start(), []
    for _ in range(5):
        statuses.append(described(drs, job))
        drs.describe_recovery_instances()
    assert statuses == [
        ("PENDING", {"PENDING"}),
        ("STARTED", {"IN_PROGRESS"}),
        ("STARTED", {"IN_PROGRESS"}),
        ("COMPLETED", {"LAUNCHED"}),
        ("COMPLETED", {"LAUNCHED"}),
    ]
    assert len(drs.describe_recovery_instances()["items"]) == 2


def test_a_job_that_is_under_way_locks_its_servers(drs, start):
    """However few looks it takes, as it does with a server around it."""
    state_manager.set_transition(JOB, {"progression": "manual", "times": 1})
    job = start()
    with pytest.raises(drs.exceptions.ConflictException):
        start()
    assert [described(drs, job)[0] for _ in range(2)] == ["STARTED", "COMPLETED"]
    assert start()["status"] == "PENDING"


class Wall:
    """The time by which moto's transitions go, moved by hand."""

    passed = timedelta()

    @classmethod
    def now(cls):
        return datetime(2026, 1, 1, tzinfo=UTC) + cls.passed


def test_the_transition_by_time_goes_on_with_the_machine(drs, start, monkeypatch):
    """As moto says: the status changes so many seconds after it changed last."""
    monkeypatch.setattr(managed_state_model, "datetime", Wall)
    state_manager.set_transition(JOB, {"progression": "time", "seconds": 60})
    job = start()
    statuses = [described(drs, job)[0]]
    for seconds in (30, 31, 30, 31):
        monkeypatch.setattr(Wall, "passed", Wall.passed + timedelta(seconds=seconds))
        statuses.append(described(drs, job)[0])
    assert statuses == ["PENDING", "PENDING", "STARTED", "STARTED", "COMPLETED"]


def test_replication_is_immediate_by_default(drs):
    """A server that begins again has all its data at the next look."""
    drs.stop_replication(sourceServerID=WEB1)
    drs.start_replication(sourceServerID=WEB1)
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [WEB1]})["items"]
    assert server["dataReplicationInfo"]["dataReplicationState"] == "CONTINUOUS"


@pytest.mark.usefixtures("_alone")
def test_one_test_leaves_nothing_for_the_next():
    """Each mock_aws begins with an account that is not initialised and has no servers."""
    for _ in range(2):
        with mock_aws():
            client = boto3.client("drs", region_name=REGION)
            with pytest.raises(client.exceptions.UninitializedAccountException):
                client.describe_source_servers()
            client.initialize_service()
            assert client.describe_source_servers()["items"] == []
            described = ServerDescription(id=WEB1, hostname="web-1.example")
            drs_backends[ACCOUNT][REGION].register_source_server(described)
            assert len(client.describe_source_servers()["items"]) == 1
