"""Jobs: their states in time, their log, and how they are found."""

from __future__ import annotations

import pytest

DB1, DB2, APP1 = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"
STATUSES = ["PENDING", "STARTED", "COMPLETED"]
LAUNCH_STATUSES = ["PENDING", "IN_PROGRESS", "LAUNCHED"]


def _statuses(job):
    return {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}


def test_start_recovery_answers_a_pending_job(launch):
    """The job that StartRecovery answers with has not begun, even when time is immediate."""
    job = launch(tags={"wave": "0"})
    assert (job["status"], job["type"], job["tags"]) == ("PENDING", "LAUNCH", {"wave": "0"})
    assert _statuses(job) == {DB1: "PENDING", DB2: "PENDING"}
    assert "endDateTime" not in job


def test_immediate_jobs_are_completed_at_the_first_look(launch, look):
    """At the speed immediate there is no waiting: the first look after the start sees the end."""
    job = look(launch())
    assert job["status"] == "COMPLETED"
    assert _statuses(job) == {DB1: "LAUNCHED", DB2: "LAUNCHED"}
    assert job["endDateTime"] >= job["creationDateTime"]


def test_jobs_and_servers_pass_through_their_states_in_order(launch, look, let_pass):
    """Nothing goes back: a job is PENDING, STARTED, COMPLETED, a server PENDING, IN_PROGRESS, LAUNCHED."""
    job, jobs = launch(), []
    for _ in range(45):
        jobs.append(look(job))
        let_pass(30)
    passed = [job["status"] for job in jobs]
    assert list(dict.fromkeys(passed)) == STATUSES
    assert passed == sorted(passed, key=STATUSES.index)
    for server in (DB1, DB2):
        seen = [_statuses(job)[server] for job in jobs]
        assert list(dict.fromkeys(seen)) == LAUNCH_STATUSES
        assert seen == sorted(seen, key=LAUNCH_STATUSES.index)


def test_a_server_stays_pending_until_its_launch_phase(drs, launch, look, let_pass):
    """``launchStatus`` tells nothing of snapshot and conversion: it stays PENDING until LAUNCH_START."""
    job, seen = launch(DB1), []
    for _ in range(45):
        status = _statuses(look(job))[DB1]
        events = [e["event"] for e in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
        seen.append((status, "CONVERSION_START" in events, "LAUNCH_START" in events))
        let_pass(30)
    assert ("PENDING", True, False) in seen
    assert all(started == (status != "PENDING") for status, _, started in seen)


def test_the_log_tells_each_phase_of_each_server_in_order(drs, launch, look):
    """The log begins with JOB_START, ends with JOB_END, and has each phase of each server between."""
    job = launch()
    look(job)
    items = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    assert [items[0]["event"], items[-1]["event"]] == ["JOB_START", "JOB_END"]
    for server in (DB1, DB2):
        assert [i["event"] for i in items if i["eventData"].get("sourceServerID") == server] == [
            "SNAPSHOT_START",
            "SNAPSHOT_END",
            "CONVERSION_START",
            "CONVERSION_END",
            "LAUNCH_START",
            "LAUNCH_END",
        ]
    times = [item["logDateTime"] for item in items]
    assert times == sorted(times)


def test_the_log_ends_where_the_job_is_now(drs, launch, let_pass):
    """A job that has only begun logs what has happened, not what will."""
    job = launch()
    assert drs.describe_job_log_items(jobID=job["jobID"])["items"] == []
    let_pass(61)
    events = [i["event"] for i in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert events[0] == "JOB_START"
    assert "JOB_END" not in events


def test_the_log_names_the_machines(drs, launch, look):
    """Recorded: CONVERSION_END has the conversion server, LAUNCH_END the instance; each server its own."""
    job = launch()
    look(job)
    items = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    ends = {"CONVERSION_END": "conversionServerID", "LAUNCH_END": "targetInstanceID"}
    converted, launched = (
        {i["eventData"]["sourceServerID"]: i["eventData"][kind] for i in items if i["event"] == event}
        for event, kind in ends.items()
    )
    instances = drs.describe_recovery_instances()["items"]
    assert launched == {i["sourceServerID"]: i["ec2InstanceID"] for i in instances}
    assert len({*converted.values()} - {*launched.values()}) == 2
    others = [i for i in items if i["event"] not in {"CONVERSION_END", "LAUNCH_END"}]
    assert not any({"targetInstanceID", "conversionServerID"} & {*i["eventData"]} for i in others)


@pytest.mark.parametrize("phase", ["CONVERSION", "LAUNCH"])
def test_a_server_that_fails_has_no_end_of_its_launch(local_aws, drs, launch, look, phase):
    """LAUNCH_END is said of what was launched alone."""
    local_aws.control.fail_server(DB1, phase)
    job = launch(DB1, DB2)
    look(job)
    items = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    assert [i["eventData"]["sourceServerID"] for i in items if i["event"] == "LAUNCH_END"] == [DB2]


def test_launch_actions_have_no_runs_from_the_start(launch, look):
    """Recorded: ``{"runs": []}`` in the answer to StartRecovery already, and when no action is wanted."""
    job = launch(DB1)
    (begun,), (ended,) = (reported["participatingServers"] for reported in (job, look(job)))
    assert begun["launchActionsStatus"] == ended["launchActionsStatus"] == {"runs": []}
    assert ended["launchStatus"] == "LAUNCHED"


def test_conversion_tells_the_time_of_the_data(drs, launch, look):
    """conversionProperties.dataTimestamp is the recovery point that the instance then shows."""
    job = launch(DB1)
    look(job)
    items = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    reported = {
        i["eventData"]["conversionProperties"]["dataTimestamp"] for i in items if "CONVERSION" in i["event"]
    }
    (instance,) = drs.describe_recovery_instances()["items"]
    assert reported == {instance["pointInTimeSnapshotDateTime"]}


@pytest.mark.parametrize(
    ("is_drill", "initiated_by"),
    [(True, "START_DRILL"), (False, "START_RECOVERY")],
    ids=["drill", "recovery"],
)
def test_a_job_tells_whether_it_is_a_drill(launch, is_drill, initiated_by):
    """``initiatedBy`` is how DRS tells a drill from a recovery."""
    assert launch(is_drill=is_drill)["initiatedBy"] == initiated_by


def test_jobs_come_newest_first(drs, launch):
    """DescribeJobs begins with the youngest job."""
    ids = [launch(server)["jobID"] for server in (DB1, DB2, APP1)]
    assert [job["jobID"] for job in drs.describe_jobs()["items"]] == ids[::-1]


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_pages_of_jobs_are_complete_and_without_repeats(drs, launch, size):
    """At any page size every job comes once."""
    ids = [launch(server)["jobID"] for server in (DB1, DB2, APP1)]
    pages = drs.get_paginator("describe_jobs").paginate(PaginationConfig={"PageSize": size})
    assert [job["jobID"] for page in pages for job in page["items"]] == ids[::-1]


def test_jobs_are_found_by_id(drs, launch):
    """Ids that DRS does not know are left out, without an error."""
    wanted, _ = launch(DB1)["jobID"], launch(DB2)
    found = drs.describe_jobs(filters={"jobIDs": [wanted, "drsjob-00000000000000000"]})["items"]
    assert [job["jobID"] for job in found] == [wanted]


def test_jobs_are_found_by_date(drs, launch):
    """``fromDate`` and ``toDate`` include the date itself."""
    first, second = launch(DB1), launch(DB2)
    assert first["creationDateTime"] < second["creationDateTime"]
    dates = [job["creationDateTime"].replace("+00:00", "Z") for job in (first, second)]
    since = drs.describe_jobs(filters={"fromDate": dates[1]})["items"]
    until = drs.describe_jobs(filters={"toDate": dates[0]})["items"]
    assert [job["jobID"] for job in since] == [second["jobID"]]
    assert [job["jobID"] for job in until] == [first["jobID"]]


def test_the_log_of_an_unknown_job_is_a_validation_error(drs):
    """DescribeJobLogItems declares no ResourceNotFoundException: an unknown job is a ValidationException."""
    with pytest.raises(drs.exceptions.ValidationException) as refused:
        drs.describe_job_log_items(jobID="drsjob-00000000000000000")
    assert refused.value.response["fieldList"][0]["name"] == "jobID"
