"""The evidence of an honest run, and of others that are honest too."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.chaos.evidence import Evidence, Run, Yes

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    """Return a time as records hold it."""
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


CLEANED = 190
"""Seconds after which the instances of the honest run were terminated."""


def wave(number: int, *, gate: bool = False) -> dict[str, Any]:
    """Return a wave of a record that ended well."""
    made = {
        "waveNumber": number,
        "waveName": f"Wave{number}",
        "status": "COMPLETED",
        "attempt": 1,
        "jobIds": [f"job-{number}"],
        "endTime": at(100 * number + 60),
    }
    return made | ({"approval": {"decision": "APPROVED", "by": "alice", "attempt": 1}} if gate else {})


def start(number: int, job: str | None = None, batch: str = "0", server: str | None = None) -> dict[str, Any]:
    """Return a StartRecovery as the simulator's log has it."""
    tags = {
        "recovery:execution": "e-1",
        "recovery:wave": f"{number:02}-wave{number}",
        "recovery:attempt": "1",
        "recovery:batch": batch,
    }
    servers = [{"sourceServerID": server or f"s-{number}"}]
    return {
        "time": at(100 * number + 10),
        "jobID": job or f"job-{number}",
        "operation": "StartRecovery",
        "parameters": {"tags": tags, "sourceServers": servers, "isDrill": True},
    }


def job(number: int) -> dict[str, Any]:
    """Return a job as DRS describes it."""
    server = {
        "sourceServerID": f"s-{number}",
        "launchStatus": "LAUNCHED",
        "recoveryInstanceID": f"i-{number}",
    }
    return {
        "jobID": f"job-{number}",
        "type": "LAUNCH",
        "tags": start(number)["parameters"]["tags"],
        "participatingServers": [server],
    }


def termination(*numbers: int, seconds: float = CLEANED) -> dict[str, Any]:
    """Return a TerminateRecoveryInstances as the simulator's log has it."""
    return {
        "time": at(seconds),
        "jobID": "job-t",
        "operation": "TerminateRecoveryInstances",
        "parameters": {"recoveryInstanceIDs": [f"i-{number}" for number in numbers]},
    }


def event(number: int, kind: str, seconds: float, **more: Any) -> dict[str, Any]:
    """Return an event of the trail."""
    return {"executionId": "e-1", "item": f"EVENT#{number}", "type": kind, "time": at(seconds)} | more


def server_item(number: int) -> dict[str, Any]:
    """Return a server on record."""
    return {
        "executionId": "e-1",
        "item": f"SERVER#{number:03}#s-{number}",
        "sourceServerID": f"s-{number}",
        "jobId": f"job-{number}",
        "launchStatus": "LAUNCHED",
        "recoveryInstanceId": f"i-{number}",
    }


def honest() -> Evidence:
    """A drill of two waves, the second behind a gate, then cleaned up, with which nothing is wrong."""
    execution = {
        "executionId": "e-1",
        "item": "EXECUTION",
        "planId": "plan",
        "dagRunId": "run",
        "executionType": "DRILL",
        "status": "COMPLETED",
        "totalWaves": 2,
        "waves": [wave(0), wave(1, gate=True)],
        "endTime": at(180),
    }
    run = Run(
        number=7,
        dag_id="plan",
        run_id="run",
        asked=BEGIN,
        waves=[
            {"name": "Wave0", "servers": ["s-0"], "gate": False, "depends_on": []},
            {"name": "Wave1", "servers": ["s-1"], "gate": True, "depends_on": ["Wave0"]},
        ],
        approved={"Wave1": [Yes(BEGIN + timedelta(seconds=104), "alice")]},
        seen=[(BEGIN + timedelta(seconds=181), deepcopy(execution))],
        state="success",
        clean_up="after_approval",
        clean_up_approved=BEGIN + timedelta(seconds=185),
    )
    return Evidence(
        runs=[run],
        items=[
            execution | {"cleanup": {"status": "DONE"}},
            event(1, "APPROVED", 105, waveNumber=1, attempt=1),
            server_item(0),
            server_item(1),
            event(2, "EXECUTION_ENDED", 180),
            event(3, "CLEANUP_APPROVED", 186),
        ],
        starts=[start(0), start(1)],
        jobs=[job(0), job(1), {"jobID": "job-t", "type": "TERMINATE", "participatingServers": []}],
        instances=[],
        calls=[termination(0, 1)],
    )


def cleared(evidence: Evidence) -> None:
    """Make it a run whose second wave launched nothing at first, was cleared, and approved again."""
    execution, run = evidence.items[0], evidence.runs[0]
    before = deepcopy(run.seen[0][1])
    before["status"] = before["waves"][1]["status"] = "FAILED"
    before["endTime"] = before["waves"][1]["endTime"] = at(130)
    execution["waves"][1] |= {"attempt": 2, "jobIds": ["job-1", "job-2"]}
    execution["waves"][1]["approval"]["attempt"] = 2
    run.seen[:] = [(BEGIN + timedelta(seconds=131), before), (run.seen[0][0], deepcopy(execution))]
    run.cleared.append(BEGIN + timedelta(seconds=135))
    run.approved["Wave1"].append(Yes(BEGIN + timedelta(seconds=140), "alice"))
    evidence.jobs[1]["participatingServers"][0] = {"sourceServerID": "s-1", "launchStatus": "FAILED"}
    again, start_again = job(1), start(1, job="job-2")
    again |= {"jobID": "job-2", "tags": again["tags"] | {"recovery:attempt": "2"}}
    start_again["parameters"]["tags"]["recovery:attempt"] = "2"
    start_again["time"] = at(142)
    evidence.jobs.append(again)
    evidence.starts.append(start_again)
    evidence.items[3]["jobId"] = "job-2"
    evidence.items += [
        event(4, "EXECUTION_ENDED", 130),
        event(5, "ATTEMPT_OPENED", 136, waveNumber=1, attempt=2),
        event(6, "APPROVED", 141, waveNumber=1, attempt=2),
    ]


def approved_by_two(evidence: Evidence) -> None:
    """Make it a run whose second gate two people had to approve, and did."""
    run = evidence.runs[0]
    run.waves[1]["people"] = 2
    run.approved["Wave1"].insert(0, Yes(BEGIN + timedelta(seconds=103), "bob"))
    item = {"executionId": "e-1", "item": "APPROVAL#001#1#ab", "by": "bob"}
    evidence.items.append(item | {"time": at(103), "decision": "APPROVED"})


def acting(evidence: Evidence) -> None:
    """Give the second wave an action before it, and one after, both done when they should be."""
    evidence.runs[0].waves[1]["actions"] = [
        {"name": "stop", "moment": "before", "repeatable": False, "goes_on": False},
        {"name": "promote", "moment": "after", "repeatable": False, "goes_on": False},
    ]
    evidence.calls += [invocation("stop", 107), invocation("promote", 170)]


def invocation(action: str, seconds: float, wave: str = "Wave1") -> dict[str, Any]:
    """Return an Invoke as the simulator's log has it."""
    payload = {"execution": "e-1", "wave": wave, "action": action, "attempt": 1}
    return {"time": at(seconds), "operation": "Invoke", "parameters": {"Payload": payload}}


def checked(evidence: Evidence) -> None:
    """Let the servers of the second wave be checked, and have passed."""
    evidence.runs[0].waves[1]["checked"] = True
    evidence.items[3]["checksStatus"] = "PASSED"


def with_settings(evidence: Evidence) -> None:
    """Let it be a drill with an instance type of its own, which was put back."""
    evidence.runs[0].drill_type = "t3.small"
    evidence.types |= {"i-0": "t3.small", "i-1": "t3.small"}
    evidence.usual |= {"s-0": "m5.large", "s-1": "m5.large"}
    evidence.defaults |= evidence.usual
    item = {"executionId": "e-1", "item": "LAUNCH#001#s-1", "sourceServerID": "s-1", "status": "PUT_BACK"}
    evidence.items += [
        item | {"changes": [{"key": "instance_type"}]},
        {"executionId": "e-1", "item": "PUT_BACK", "status": "DONE"},
    ]


def failed(evidence: Evidence, **server: Any) -> None:
    """Make it a run whose second wave failed, for want of its one server."""
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][1]["status"] = "FAILED"
    evidence.runs[0].state = "failed"
    evidence.calls[0] = termination(0)
    evidence.jobs[1]["participatingServers"][0] = {"sourceServerID": "s-1", "launchStatus": "FAILED"}
    item = {"executionId": "e-1", "item": "SERVER#001#s-1", "sourceServerID": "s-1", "jobId": "job-1"}
    evidence.items[3] = item | {"launchStatus": "FAILED"} | server


def recovered_before(evidence: Evidence) -> None:
    """Let another run have recovered the first server for real."""
    before, started = job(0), start(0, job="job-r")
    tags = {"recovery:execution": "e-0"}
    evidence.jobs.append(before | {"jobID": "job-r", "tags": before["tags"] | tags})
    evidence.jobs[-1]["participatingServers"][0]["recoveryInstanceID"] = "i-real"
    started["parameters"] |= {"isDrill": False, "tags": started["parameters"]["tags"] | tags}
    evidence.starts.insert(0, started | {"time": at(-500)})
    evidence.items.append({"executionId": "e-0", "item": "EXECUTION", "planId": "plan", "dagRunId": "run-0"})
    ended = {"status": "COMPLETED", "endTime": at(-400), "executionType": "RECOVERY"}
    evidence.items[-1] |= ended | {"waves": [wave(0) | {"jobIds": ["job-r"]}], "totalWaves": 1}
    alike = {"name": "Wave0", "servers": ["s-0"], "gate": False, "depends_on": []}
    before_run = Run(6, "plan", "run-0", BEGIN - timedelta(seconds=600), [alike], state="success")
    evidence.runs.append(before_run)
    evidence.items.append(server_item(0) | {"executionId": "e-0", "jobId": "job-r"})
    evidence.items[-1]["recoveryInstanceId"] = "i-real"


def unfinished(evidence: Evidence) -> None:
    """Make the record one of a run that goes on."""
    execution = evidence.items[0]
    execution["status"] = "POLLING"
    execution["waves"][1]["status"] = "POLLING"
    del execution["endTime"], execution["waves"][1]["endTime"], execution["cleanup"]
    evidence.calls.clear()
    evidence.jobs.pop()
    evidence.runs[0].seen.clear()
    evidence.runs[0].state = "running"


def terminated_in_ec2(evidence: Evidence, seconds: float, instance: str = "i-real") -> None:
    """Let somebody have terminated an instance in EC2: the real one."""
    call = {"operation": "TerminateInstances", "parameters": {"InstanceId": [instance]}, "time": at(seconds)}
    evidence.calls.append(call)
