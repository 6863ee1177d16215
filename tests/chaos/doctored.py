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
        approved={"Wave1": [BEGIN + timedelta(seconds=104)]},
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
    run.approved["Wave1"].append(BEGIN + timedelta(seconds=140))
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
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["waves"][0]["endTime"] = at(115)


def _started_after_a_failed_wave(evidence: Evidence) -> None:
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["status"] = item["waves"][0]["status"] = "FAILED"


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
    unknown = {"recoveryInstanceID": "i-0", "jobID": "job-9", "ec2InstanceState": "RUNNING"}
    evidence.instances.append(unknown)


def _launched_server_in_the_next_attempt(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.jobs[1] = job(1)


def _second_attempt_on_the_first_approval(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.runs[0].approved["Wave1"].pop()


def _second_attempt_without_an_approval_in_the_trail(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items.pop()


def _ended_twice(evidence: Evidence) -> None:
    evidence.items.append(event(7, "EXECUTION_ENDED", 181))


def _opened_again_by_nobody(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items[:] = [item for item in evidence.items if item.get("type") != "ATTEMPT_OPENED"]


def _late_after_a_clear(evidence: Evidence) -> None:
    cleared(evidence)
    evidence.items[0]["endTime"] = at(740)


def _completed_wave_without_a_server(evidence: Evidence) -> None:
    evidence.runs[0].waves[0]["servers"].append("s-5")


def _partial_below_the_minimum(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "PARTIAL"
    evidence.runs[0].waves[0] |= {"servers": ["s-0", "s-5", "s-6"], "minimum": 2}


def _partial_with_all_servers(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "PARTIAL"


def _failed_with_enough_servers(evidence: Evidence) -> None:
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "FAILED"


def _not_launched_without_a_word(evidence: Evidence) -> None:
    failed(evidence)


def _left_behind_by_a_deleted_server(evidence: Evidence) -> None:
    failed(evidence, error="it is gone")
    evidence.items[0]["waves"][1]["failure"] = "ValidationException: s-1"
    evidence.runs[0].waves[1]["servers"].append("s-5")
    deletion = {"operation": "DeleteSourceServer", "parameters": {"sourceServerID": "s-1"}}
    evidence.calls.append(deletion | {"time": at(102)})


def _left_behind_by_a_real_instance(evidence: Evidence) -> None:
    recovered_before(evidence)
    evidence.runs[0].probe = True
    evidence.runs[0].waves[0]["servers"].append("s-5")
    evidence.items[0]["status"] = evidence.items[0]["waves"][0]["status"] = "FAILED"
    evidence.items[0]["waves"][0]["failure"] = "none of its 2 servers launched: real ones"
    own = evidence.items[0]["executionId"]
    tags = [(start, start["parameters"]["tags"]) for start in evidence.starts]
    evidence.starts = [start for start, tag in tags if tag["recovery:execution"] != own]


def _drill_over_a_real_instance(evidence: Evidence) -> None:
    recovered_before(evidence)


def _drill_over_a_real_instance_that_was_terminated_later(evidence: Evidence) -> None:
    recovered_before(evidence)
    terminated_in_ec2(evidence, seconds=20)


def terminated_in_ec2(evidence: Evidence, seconds: float) -> None:
    """Let somebody have terminated the real instance in EC2."""
    call = {"operation": "TerminateInstances", "parameters": {"InstanceId": ["i-real"]}, "time": at(seconds)}
    evidence.calls.append(call)


def _recovery_cleaned_up(evidence: Evidence) -> None:
    evidence.items[0]["executionType"] = "RECOVERY"


def _foreign_instance_cleaned_up(evidence: Evidence) -> None:
    evidence.calls[0] = termination(0, 1, 9)


def _cleaned_up_before_the_end(evidence: Evidence) -> None:
    evidence.calls[0]["time"] = at(179)


def _cleaned_up_before_the_approval(evidence: Evidence) -> None:
    evidence.runs[0].clean_up_approved = BEGIN + timedelta(seconds=191)


def _clean_up_approved_off_the_trail(evidence: Evidence) -> None:
    evidence.items.pop()


def _cleaned_up_though_nobody_asked(evidence: Evidence) -> None:
    evidence.runs[0].clean_up = "never"


def _recovery_with_a_clean_up(evidence: Evidence) -> None:
    evidence.items[0]["executionType"] = "RECOVERY"


def _clean_up_never_ends(evidence: Evidence) -> None:
    evidence.items[0]["cleanup"]["status"] = "TERMINATING"
    evidence.items[0]["endTime"] = evidence.runs[0].seen[0][1]["endTime"] = at(90)


def _clean_up_failed_without_a_word(evidence: Evidence) -> None:
    evidence.items[0]["cleanup"]["status"] = "FAILED"


def _cleaned_up_with_an_instance_left(evidence: Evidence) -> None:
    left = {"recoveryInstanceID": "i-0", "jobID": "job-0", "ec2InstanceState": "STOPPED"}
    evidence.instances.append(left)


def _termination_not_in_the_log(evidence: Evidence) -> None:
    evidence.calls.clear()


DOCTORED: dict[str, list[Callable[[Evidence], None]]] = {
    "no second start": [_second_job, _server_in_two_batches, _launched_server_in_the_next_attempt],
    "no start before its gate": [
        _started_before_approval,
        _no_approval_in_the_trail,
        _approval_of_nobody,
        _no_approval_in_the_record,
        _started_before_the_wave_it_depends_on,
        _started_after_a_failed_wave,
        _second_attempt_on_the_first_approval,
        _second_attempt_without_an_approval_in_the_trail,
    ],
    "no final status too early": [
        _completed_while_a_wave_runs,
        _completed_without_a_wave,
        _completed_though_drs_did_not_launch,
        _end_time_before_the_end,
        _final_record_changed,
        _run_succeeds_with_a_failed_record,
        _run_fails_with_a_completed_record,
        _ended_twice,
        _opened_again_by_nobody,
    ],
    "none missing after 10 minutes": [_no_record, unfinished, _late, _late_after_a_clear],
    "every instance on record": [_job_off_the_record, _instance_off_the_record, _another_jobs_instance],
    "launched, or told why": [
        _completed_wave_without_a_server,
        _partial_below_the_minimum,
        _partial_with_all_servers,
        _failed_with_enough_servers,
        _not_launched_without_a_word,
        _left_behind_by_a_deleted_server,
        _left_behind_by_a_real_instance,
    ],
    "no real instance lost": [
        _drill_over_a_real_instance,
        _drill_over_a_real_instance_that_was_terminated_later,
    ],
    "clean-ups take their own": [
        _recovery_cleaned_up,
        _foreign_instance_cleaned_up,
        _cleaned_up_before_the_end,
        _cleaned_up_before_the_approval,
        _clean_up_approved_off_the_trail,
        _cleaned_up_though_nobody_asked,
    ],
    "clean-ups come to an end": [
        _recovery_with_a_clean_up,
        _clean_up_never_ends,
        _clean_up_failed_without_a_word,
        _cleaned_up_with_an_instance_left,
    ],
    "log of requests": [
        _start_not_in_the_log,
        _job_of_no_execution,
        _instance_of_no_job,
        _termination_not_in_the_log,
    ],
}
