from __future__ import annotations

from datetime import UTC, datetime
from itertools import permutations

import pytest

from drs_recovery.aws.utils.drs import (
    JobsSnapshot,
    about_to_end,
    failure,
    is_gone,
    launched,
    not_launched,
    raw_errors,
    summary,
    validate_job_ids,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
JOB_ID = "drsjob-00000000000000001"


def job(*statuses, status="COMPLETED", **more):
    servers = [{"sourceServerID": f"s-{n}", "launchStatus": s} for n, s in enumerate(statuses)]
    return {"jobID": JOB_ID, "status": status, "participatingServers": servers, **more}


@pytest.mark.parametrize("status", ["PENDING", "IN_PROGRESS", "FAILED", "TERMINATED"])
def test_r03_p3_a_completed_job_is_judged_by_its_servers(status):
    """Neither the job's status nor time makes a server launched; PENDING in a finished job did not launch."""
    ended = job("LAUNCHED", status)
    assert [s["sourceServerID"] for s in launched(ended)] == ["s-0"]
    assert [s["sourceServerID"] for s in not_launched(ended)] == ["s-1"]
    assert failure(ended) == f"{JOB_ID}: 1 of 2 servers did not launch: s-1 {status}"


def test_all_launched_is_success():
    """R-22, R-24: an absent recovery instance id, or post-launch actions, decide nothing."""
    assert failure(job("LAUNCHED", "LAUNCHED")) is None


def test_r26_an_absent_launch_status_is_reported_as_absent():
    assert failure(job() | {"participatingServers": [{"sourceServerID": "s-0"}]}) == (
        f"{JOB_ID}: 1 of 1 servers did not launch: s-0 without launch status"
    )


@pytest.mark.parametrize("empty", [{"participatingServers": []}, {}], ids=["no servers", "no list"])
def test_a_launch_without_servers_is_a_failure(empty):
    """0 launched is a failure."""
    assert failure({"jobID": JOB_ID, "status": "COMPLETED", **empty}) == f"{JOB_ID}: no server took part"


def test_r49_a_terminate_job_is_judged_by_its_status():
    """The finished job lists no servers."""
    assert failure(job(type="TERMINATE")) is None


def test_r07_the_raw_error_of_each_server_is_reported():
    """The newest one counts, and events outside the model do no harm."""
    log = [
        {
            "logDateTime": "2026-01-01T00:00:02Z",
            "event": "LAUNCH_FAILED",
            "eventData": _error("s-0", "newer"),
        },
        {
            "logDateTime": "2026-01-01T00:00:01Z",
            "event": "CONVERSION_FAIL",
            "eventData": _error("s-0", "older"),
        },
        {"event": "SOMETHING_NEW"},
        {"event": "LAUNCH_END", "eventData": {"sourceServerID": "s-1"}},
    ]
    assert raw_errors(log) == {"s-0": "LAUNCH_FAILED: newer"}
    assert "s-0 FAILED (LAUNCH_FAILED: newer); s-1 PENDING" in (failure(job("FAILED", "PENDING"), log) or "")


def _error(server, texts):
    return {"sourceServerID": server, "rawError": texts}


@pytest.mark.parametrize(
    ("running", "soon"),
    [
        (job("PENDING", "PENDING", status="STARTED"), False),
        (job("PENDING", "LAUNCHED", status="STARTED"), False),
        (job("PENDING", "IN_PROGRESS", status="STARTED"), True),
        (job("LAUNCHED", "FAILED", status="STARTED"), True),
        (job("LAUNCHED"), False),
        (job(status="PENDING"), False),
    ],
    ids=["converting", "one still converting", "launching", "all have ended", "completed", "no servers"],
)
def test_seconds_count_while_servers_are_launched(running, soon):
    assert about_to_end(running) is soon


@pytest.mark.parametrize(
    ("snapshot", "ended"),
    [
        (JobsSnapshot((job(), job()), (), NOW), True),
        (JobsSnapshot((job(), job(status="STARTED")), (), NOW), False),
        (JobsSnapshot((job(),), ("drsjob-2",), NOW), False),
        (JobsSnapshot((), (), NOW), False),
        (JobsSnapshot((job(),), (), NOW, last_error="Rate exceeded"), False),
    ],
    ids=["all completed", "one runs", "one is missing", "nothing known", "the look failed"],
)
def test_r30_jobs_have_ended_only_if_drs_just_stated_so_of_each(snapshot, ended):
    assert snapshot.ended is ended


def test_the_order_of_a_log_decides_no_error():
    """As text, a whole second would come after its own fractions, and another zone anywhere."""
    times = ["2026-01-01T00:00:01Z", "2026-01-01T00:00:01.5+00:00", "2026-01-01T02:00:01.7+02:00", "never"]
    log = [
        {
            "logDateTime": time,
            "event": "LAUNCH_FAILED",
            "eventData": {"sourceServerID": "s-0", "rawError": time},
        }
        for time in times
    ]
    for listed in permutations(log):
        assert raw_errors(listed) == {"s-0": "LAUNCH_FAILED: 2026-01-01T02:00:01.7+02:00"}


@pytest.mark.parametrize(
    ("state", "gone"),
    [
        ("TERMINATED", True),
        ("NOT_FOUND", True),
        ("SHUTTING-DOWN", False),
        ("STOPPED", False),
        ("STOPPING", False),
        ("RUNNING", False),
        ("PENDING", False),
        ("HIBERNATED", False),
        (None, False),
    ],
)
def test_only_what_ec2_says_is_no_more_is_gone(state, gone):
    """A state that is unknown, or not told, is that of an instance that lives."""
    assert is_gone({} if state is None else {"ec2InstanceState": state}) is gone


def test_a_summary_counts_servers():
    running = job("PENDING", "LAUNCHED", "PENDING", status="STARTED")
    assert summary(running) == f"{JOB_ID} STARTED: 1 LAUNCHED, 2 PENDING"
    assert summary({"jobID": JOB_ID}) == f"{JOB_ID} unknown: no servers listed"


@pytest.mark.parametrize("ids", [[], ["drsjob-1"], [JOB_ID, ""], [JOB_ID + "1"]])
def test_ids_that_drs_would_refuse_are_refused_before(ids):
    """One malformed id in a shared DescribeJobs would fail it for everyone."""
    with pytest.raises(ValueError, match="job_ids: "):
        validate_job_ids(ids)
