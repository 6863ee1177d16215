"""What people do in AWS hits what it is meant to hit, and the log that the checker reads has it."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from tests.chaos.evidence import Evidence, Run, launched_by, utc
from tests.chaos.in_aws import InAws
from tests.chaos.monitor import Monitor
from tests.chaos.plans import ChaosPlan, ChaosWave
from tests.chaos.schedule import HumanAction, Kind, Scenario

if TYPE_CHECKING:
    from tests.conftest import LocalAws

DB, DB2, APP = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"
WAVES = (ChaosWave("Wave0", False, (), (APP,)), ChaosWave("Wave1", True, (0,), (DB, DB2)))
PLAN = ChaosPlan(0, WAVES)


@pytest.fixture
def world(local_aws: LocalAws) -> Any:
    """The world of chaos, without an Airflow."""
    drs, ec2 = local_aws.client("drs"), local_aws.client("ec2")
    return SimpleNamespace(
        control=local_aws.control,
        drs=drs,
        ec2=ec2,
        default_types=dict,
        instances=lambda: drs.describe_recovery_instances()["items"],
        jobs=lambda: drs.describe_jobs()["items"],
        records=SimpleNamespace(scan=lambda: iter(())),
    )


@pytest.fixture
def run() -> Run:
    """A run whose first wave is in flight, and whose second waits for it."""
    waves = [
        {"waveNumber": Decimal(0), "waveName": "Wave0", "status": "POLLING", "jobIds": []},
        {"waveNumber": Decimal(1), "waveName": "Wave1", "status": "PENDING", "jobIds": []},
    ]
    asked = [{"name": wave.name, "servers": list(wave.servers), "gate": wave.gate} for wave in WAVES]
    return Run(0, PLAN.dag_id, "run", utc(), asked, seen=[(utc(), {"status": "POLLING", "waves": waves})])


def in_aws(world: Any, run: Run, kind: Kind, **options: Any) -> InAws:
    """Return what does an action at once."""
    action = HumanAction(kind, 0, 0, {"moment": "flight", "pick": 0.5} | options)
    return InAws(world, Scenario(0, PLAN, {}, in_aws=action), run, print)


def evidence(world: Any) -> Evidence:
    """Return what the monitor knows."""
    return Monitor(world).evidence([])


def states(world: Any) -> dict[str, str]:
    """Return the state of replication of the servers that DRS knows."""
    items = world.drs.describe_source_servers()["items"]
    return {item["sourceServerID"]: item["dataReplicationInfo"]["dataReplicationState"] for item in items}


def test_a_server_of_a_wave_that_has_not_begun_is_deleted(world: Any, run: Run) -> None:
    """One of the largest wave, so that there are others to be launched; once."""
    doing = in_aws(world, run, Kind.DELETE_SERVER)
    doing.look()
    doing.look()
    assert DB not in states(world)
    assert DB2 in states(world)
    assert (len(run.in_aws), [hit.kind for hit in run.hits]) == (1, [Kind.DELETE_SERVER])
    (call,) = evidence(world).called("DeleteSourceServer")
    assert call["parameters"]["sourceServerID"] == DB


def test_a_server_that_an_earlier_run_lost_is_no_reason_to_take_none(world: Any, run: Run) -> None:
    """A run that is done again finds the first server deleted: it loses the next one."""
    in_aws(world, run, Kind.DELETE_SERVER).look()
    in_aws(world, run, Kind.DELETE_SERVER).look()
    assert not {DB, DB2} & states(world).keys()
    assert run.in_aws == [f"{DB} deleted", f"{DB2} deleted"]


@pytest.mark.parametrize("operation", ["DisconnectSourceServer", "DeleteSourceServer"])
def test_an_action_whose_answer_was_lost_counts_as_done(world: Any, run: Run, operation: str) -> None:
    """The client asks again, and DRS knows no such server any more: that one it was, and no other."""
    send = world.drs._endpoint.http_session.send
    world.drs.meta.events.register(
        f"before-send.drs.{operation}", lambda request, **_: bool(send(request)) and None
    )
    in_aws(world, run, Kind.DELETE_SERVER).look()
    assert (DB in states(world), DB2 in states(world)) == (False, True)
    assert run.in_aws == [f"{DB} deleted"]


def test_a_server_can_be_deleted_between_a_gate_and_its_start(world: Any, run: Run) -> None:
    """When the gate of its wave is approved, and not before."""
    doing = in_aws(world, run, Kind.DELETE_SERVER, moment="gate")
    doing.look()
    assert DB in states(world)
    doing.approved(WAVES[1])
    assert DB not in states(world)


@pytest.mark.parametrize(("how", "mended"), [("agent", True), ("api", False)])
def test_a_server_is_disconnected(world: Any, run: Run, how: str, mended: bool) -> None:
    """Its agent is lost until the end of the run; what is disconnected in DRS stays so."""
    doing = in_aws(world, run, Kind.DISCONNECT_SERVER, how=how)
    doing.look()
    assert states(world)[DB] == "DISCONNECTED"
    doing.mend()
    assert (states(world)[DB] != "DISCONNECTED") is mended


def test_a_server_with_an_instance_is_left_alone(world: Any, run: Run) -> None:
    """DRS refuses that; it is no fault, and tried again."""
    world.drs.start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)
    assert world.jobs()[0]["status"] == "COMPLETED"
    in_aws(world, run, Kind.DELETE_SERVER).look()
    assert (run.in_aws, run.hits) == ([], [])


def test_an_instance_of_the_run_is_terminated_in_ec2(world: Any, run: Run) -> None:
    """Not one of others; before there is one nothing is done."""
    doing = in_aws(world, run, Kind.TERMINATE_INSTANCE)
    world.drs.start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)
    doing.look()
    assert run.hits == []
    job = world.drs.start_recovery(sourceServers=[{"sourceServerID": APP}], isDrill=True)["job"]["jobID"]
    run.last["waves"][0]["jobIds"] = [job]  # type: ignore[index]
    doing.look()
    (call,) = evidence(world).called("TerminateInstances")
    jobs = {one["jobID"]: one for one in evidence(world).jobs}
    (mine,) = jobs[job]["participatingServers"]
    assert mine["recoveryInstanceID"] in str(call["parameters"])
    assert launched_by([jobs[job]]).keys() == {APP}
    assert {one["ec2InstanceState"] for one in world.instances()} == {"RUNNING", "TERMINATED"}


def test_the_launch_that_is_to_fail_fails_once(world: Any, run: Run) -> None:
    """So that a cleared wave can launch what is missing."""
    InAws(world, Scenario(0, PLAN, {}, fails=DB), run, print)
    wanted = [{"sourceServerID": DB}]
    for expected in ("FAILED", "LAUNCHED"):
        world.drs.start_recovery(sourceServers=wanted, isDrill=True)
        assert world.jobs()[0]["participatingServers"][0]["launchStatus"] == expected
    world.control.clear_faults()


def test_terminations_of_drs_are_in_the_log(world: Any) -> None:
    """With the instances that were named, and the job that came of it."""
    world.drs.start_recovery(sourceServers=[{"sourceServerID": DB}], isDrill=True)
    (there,) = [one["recoveryInstanceID"] for one in world.instances()]
    job = world.drs.terminate_recovery_instances(recoveryInstanceIDs=[there])["job"]["jobID"]
    (call,) = evidence(world).called("TerminateRecoveryInstances")
    assert (call["jobID"], call["parameters"]["recoveryInstanceIDs"]) == (job, [there])
