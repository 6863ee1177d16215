"""Jobs that hide or may launch nothing."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from drs_simulator.client import ControlRefused

DB1, DB2, APP1 = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"


@pytest.fixture
def control(local_aws):
    """Give the control of a simulator at the speed ``immediate``."""
    return local_aws.control


def _statuses(job):
    return {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}


def test_r07_missing_rights_launch_nothing_and_say_so_in_the_log_only(control, drs, launch, look):
    """R-07, R-08: StartRecovery answers as ever, the job is COMPLETED, rawError has the reason."""
    control.forbid_launches()
    job = launch(DB1, DB2)
    seen = look(job)
    assert (seen["status"], _statuses(seen)) == ("COMPLETED", {DB1: "FAILED", DB2: "FAILED"})
    log = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    errors = [i["eventData"]["rawError"] for i in log if "rawError" in i["eventData"]]
    assert len(errors) == 2
    assert all("UnauthorizedOperation" in error for error in errors)
    assert drs.describe_recovery_instances()["items"] == []


def test_missing_rights_can_be_those_for_some_servers(control, launch, look):
    """Only jobs with the named server are hit."""
    control.forbid_launches(APP1, phase="CONVERSION")
    assert _statuses(look(launch(DB1))) == {DB1: "LAUNCHED"}
    assert _statuses(look(launch(APP1))) == {APP1: "FAILED"}


def test_a_job_that_describe_jobs_does_not_show_yet(control, drs, launch, let_pass):
    """It is invisible for so many simulated seconds, by id as well; its log and its lock are there."""
    control.hide_jobs(seconds=40)
    job = launch(DB1)
    by_id = {"jobIDs": [job["jobID"]]}
    let_pass(30)
    assert drs.describe_jobs()["items"] == drs.describe_jobs(filters=by_id)["items"] == []
    assert drs.describe_job_log_items(jobID=job["jobID"])["items"][0]["event"] == "JOB_START"
    with pytest.raises(drs.exceptions.ConflictException):
        launch(DB1)
    let_pass(31)
    assert [seen["jobID"] for seen in drs.describe_jobs(filters=by_id)["items"]] == [job["jobID"]]


def test_a_job_that_the_first_looks_miss(control, drs, launch):
    """``looks`` hides it from so many calls, at every speed."""
    control.hide_jobs(DB1, looks=2)
    hidden, shown = launch(DB1)["jobID"], launch(DB2)["jobID"]
    seen = [[job["jobID"] for job in drs.describe_jobs()["items"]] for _ in range(3)]
    assert seen == [[shown], [shown], [shown, hidden]]


def test_clearing_the_fault_shows_the_job(control, drs, launch):
    """A job hides as long as its fault is set."""
    fault = control.hide_jobs(looks=1000)
    launch(DB1)
    assert drs.describe_jobs()["items"] == []
    control.remove_fault(fault)
    assert len(drs.describe_jobs()["items"]) == 1


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"servers": [{"effect": "burn", "sourceServerID": DB1}]}, r"servers\.0\.effect: 'burn'.*'hang'"),
        (
            {"servers": [{"effect": "skip", "sourceServerID": DB1, "phase": "LAUNCH"}]},
            r"servers\.0.*phase with the effect skip: allowed are launchStatus, rawError",
        ),
        (
            {"servers": [{"effect": "leave_pending", "sourceServerID": DB1, "phase": "LAUNCH"}]},
            r"phase with the effect leave_pending: it has no options",
        ),
        (
            {"servers": [{"effect": "lag", "sourceServerID": DB1, "times": 2}]},
            r"times with the effect lag: it lasts",
        ),
        ({"jobs": [{"effect": "hide"}]}, r"jobs\.0.*seconds or looks above 0"),
        ({"jobs": [{"effect": "hide", "seconds": -1}]}, r"jobs\.0\.seconds: -1"),
        ({"jobs": [{}]}, r"jobs\.0\.effect.*required"),
    ],
)
def test_a_fault_of_launches_that_cannot_be_read_is_refused_with_its_place(control, description, message):
    """The message has the place, the value and what is allowed; nothing is set."""
    with pytest.raises(ControlRefused, match=message):
        control.add_faults(description)
    assert control.faults() == {"calls": [], "servers": [], "jobs": [], "documents": [], "functions": []}


def test_reset_clears_faults_and_what_hangs_in_them(control, drs, launch):
    """After a reset the server is free and the numbers begin again."""
    control.hang_server(DB1)
    launch(DB1)
    control.reset()
    assert control.hang_server(DB2) == "fault-1"
    try:
        launch(DB1)
    except ClientError as error:
        pytest.fail(str(error))
