"""The evidence of an honest run, and what must not be: each way to doctor it, by the rule that it breaks."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chaos.evidence import Evidence, Run

if TYPE_CHECKING:
    from collections.abc import Callable

BEGIN = datetime(2026, 1, 1, 12, tzinfo=UTC)


def at(seconds: float) -> str:
    """Return a time as records hold it."""
    return (BEGIN + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def wave(number: int, *, gate: bool = False) -> dict[str, Any]:
    """Return a wave of a record that ended well."""
    made = {
        "waveNumber": number,
        "waveName": f"Wave{number}",
        "status": "COMPLETED",
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
        "parameters": {"tags": tags, "sourceServers": servers},
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
    """A run of two waves, the second behind a gate, with which nothing is wrong."""
    execution = {
        "executionId": "e-1",
        "item": "EXECUTION",
        "planId": "plan",
        "dagRunId": "run",
        "status": "COMPLETED",
        "totalWaves": 2,
        "waves": [wave(0), wave(1, gate=True)],
        "endTime": at(180),
    }
    approved = {"executionId": "e-1", "item": "EVENT#1", "type": "APPROVED", "waveNumber": 1, "time": at(105)}
    run = Run(
        number=7,
        dag_id="plan",
        run_id="run",
        asked=BEGIN,
        waves=[
            {"name": "Wave0", "servers": ["s-0"], "gate": False, "depends_on": []},
            {"name": "Wave1", "servers": ["s-1"], "gate": True, "depends_on": ["Wave0"]},
        ],
        approved={"Wave1": BEGIN + timedelta(seconds=104)},
        seen=[(BEGIN + timedelta(seconds=181), deepcopy(execution))],
        state="success",
    )
    instances = [{"recoveryInstanceID": f"i-{number}", "jobID": f"job-{number}"} for number in range(2)]
    return Evidence(
        runs=[run],
        items=[execution, approved, server_item(0), server_item(1)],
        starts=[start(0), start(1)],
        jobs=[job(0), job(1)],
        instances=instances,
    )


def unfinished(evidence: Evidence) -> None:
    """Make the record one of a run that goes on."""
    execution = evidence.items[0]
    execution["status"] = "POLLING"
    execution["waves"][1]["status"] = "POLLING"
    del execution["endTime"], execution["waves"][1]["endTime"]
    evidence.runs[0].seen.clear()
    evidence.runs[0].state = "running"


def _second_job(evidence: Evidence) -> None:
    evidence.starts.append(start(1, job="job-9"))


def _server_in_two_batches(evidence: Evidence) -> None:
    evidence.starts.append(start(1, job="job-9", batch="1"))


def _started_before_approval(evidence: Evidence) -> None:
    evidence.starts[1]["time"] = at(103)


def _no_approval_in_the_trail(evidence: Evidence) -> None:
    evidence.items.pop(1)


def _approval_of_nobody(evidence: Evidence) -> None:
    evidence.runs[0].approved.clear()


def _no_approval_in_the_record(evidence: Evidence) -> None:
    del evidence.items[0]["waves"][1]["approval"]


def _started_before_the_wave_it_depends_on(evidence: Evidence) -> None:
    evidence.items[0]["waves"][0]["endTime"] = at(115)


def _started_after_a_failed_wave(evidence: Evidence) -> None:
    evidence.items[0]["waves"][0]["status"] = "FAILED"
    evidence.items[0]["status"] = "FAILED"


def _completed_while_a_wave_runs(evidence: Evidence) -> None:
    evidence.runs[0].seen[0][1]["waves"][1]["status"] = "POLLING"


def _completed_without_a_wave(evidence: Evidence) -> None:
    evidence.items[0]["waves"].pop()


def _completed_though_drs_did_not_launch(evidence: Evidence) -> None:
    evidence.jobs[1]["participatingServers"][0]["launchStatus"] = "FAILED"


def _end_time_before_the_end(evidence: Evidence) -> None:
    unfinished(evidence)
    evidence.items[0]["endTime"] = at(90)


def _final_record_changed(evidence: Evidence) -> None:
    evidence.items[0]["outcome"] = "something else"


def _run_succeeds_with_a_failed_record(evidence: Evidence) -> None:
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][1]["status"] = "FAILED"


def _run_fails_with_a_completed_record(evidence: Evidence) -> None:
    evidence.runs[0].state = "failed"


def _no_record(evidence: Evidence) -> None:
    evidence.items.clear()
    evidence.runs[0].seen.clear()


def _late(evidence: Evidence) -> None:
    evidence.items[0]["endTime"] = at(601)


def _job_off_the_record(evidence: Evidence) -> None:
    evidence.items[0]["waves"][1]["jobIds"] = []


def _instance_off_the_record(evidence: Evidence) -> None:
    del evidence.items[3]["recoveryInstanceId"]


def _another_jobs_instance(evidence: Evidence) -> None:
    evidence.items[3]["jobId"] = "job-0"


def _start_not_in_the_log(evidence: Evidence) -> None:
    evidence.starts.pop()


def _job_of_no_execution(evidence: Evidence) -> None:
    evidence.jobs[1]["tags"] = evidence.starts[1]["parameters"]["tags"] | {"recovery:execution": "e-2"}


def _instance_of_no_job(evidence: Evidence) -> None:
    evidence.instances[0]["jobID"] = "job-9"


DOCTORED: dict[str, list[Callable[[Evidence], None]]] = {
    "no second start": [_second_job, _server_in_two_batches],
    "no start before its gate": [
        _started_before_approval,
        _no_approval_in_the_trail,
        _approval_of_nobody,
        _no_approval_in_the_record,
        _started_before_the_wave_it_depends_on,
        _started_after_a_failed_wave,
    ],
    "no final status too early": [
        _completed_while_a_wave_runs,
        _completed_without_a_wave,
        _completed_though_drs_did_not_launch,
        _end_time_before_the_end,
        _final_record_changed,
        _run_succeeds_with_a_failed_record,
        _run_fails_with_a_completed_record,
    ],
    "none missing after 10 minutes": [_no_record, unfinished, _late],
    "every instance on record": [_job_off_the_record, _instance_off_the_record, _another_jobs_instance],
    "log of requests": [_start_not_in_the_log, _job_of_no_execution, _instance_of_no_job],
}
