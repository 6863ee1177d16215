"""Launches that hang, are skipped, stay pending, or are shown of in odd ways."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests import conformance

DB1, DB2, APP1 = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"


@pytest.fixture
def control(local_aws):
    """Give the control of a simulator at the speed ``immediate``."""
    return local_aws.control


def _statuses(job):
    return {s["sourceServerID"]: s["launchStatus"] for s in job["participatingServers"]}


@pytest.fixture
def events(drs):
    """Give a function that lists the events of a job's log about one server."""

    def of(job, server=DB1):
        items = drs.describe_job_log_items(jobID=job["jobID"])["items"]
        return [i["event"] for i in items if i["eventData"].get("sourceServerID") == server]

    return of


@pytest.mark.parametrize("phase", ["SNAPSHOT", "CONVERSION", "LAUNCH"])
def test_r10_a_server_hangs_in_a_phase_until_its_fault_is_cleared(
    control, launch, look, events, *, let_pass, phase
):
    """R-10, R-21: the job never ends, however long one waits; then it goes on where it stood.

    Servers of a job are in step, as recorded: none comes to a phase before the hanging one does.
    """
    fault = control.hang_server(DB1, phase)
    job = launch(DB1, DB2)
    let_pass(100_000)
    seen = look(job)
    assert seen["status"] == "STARTED"
    is_launching = phase == "LAUNCH"
    assert _statuses(seen) == {
        DB1: "IN_PROGRESS" if is_launching else "PENDING",
        DB2: "LAUNCHED" if is_launching else "PENDING",
    }
    assert events(job)[-1] == f"{phase}_START"
    assert is_launching or events(job, DB2)[-1] == f"{phase}_END"
    control.remove_fault(fault)
    let_pass(1300)
    seen = look(job)
    assert (seen["status"], _statuses(seen)) == ("COMPLETED", {DB1: "LAUNCHED", DB2: "LAUNCHED"})
    assert events(job)[-1] == "LAUNCH_END"


def test_a_hang_that_ends_delays_what_follows(control, drs, launch, let_pass):
    """The phase ends when the fault is cleared, and the next one begins then, not before."""
    fault = control.hang_server(DB1, "SNAPSHOT")
    job = launch(DB1)
    let_pass(5000)
    control.remove_fault(fault)
    drs.describe_jobs()
    cleared = control.clock()["now"]
    let_pass(1300)
    log = drs.describe_job_log_items(jobID=job["jobID"])["items"]
    (ended,) = (i["logDateTime"] for i in log if i["event"] == "SNAPSHOT_END")
    assert abs(datetime.fromisoformat(ended) - datetime.fromisoformat(cleared)).total_seconds() < 1


def test_a_hang_that_is_cleared_in_time_delays_nothing(control, launch, look, let_pass):
    """A server that had not come to the phase yet passes through it as planned."""
    fault = control.hang_server(DB1, "LAUNCH")
    job = launch(DB1)
    let_pass(61)
    control.remove_fault(fault)
    let_pass(1300)
    assert look(job)["status"] == "COMPLETED"


def test_a_hanging_server_stays_locked(control, drs, launch, look):
    """Its job runs, even when time is immediate: a second job is a Conflict."""
    control.hang_server(DB1)
    job = launch(DB1, DB2)
    assert _statuses(look(job)) == {DB1: "IN_PROGRESS", DB2: "LAUNCHED"}
    with pytest.raises(drs.exceptions.ConflictException):
        launch(DB2)


def test_an_immediate_job_has_ended_at_the_first_look_after_its_hang(control, launch, look):
    """There is no waiting: what goes on has ended when it is looked at."""
    fault = control.hang_server(DB1, "CONVERSION")
    job = launch(DB1)
    assert look(job)["status"] == "STARTED"
    control.remove_fault(fault)
    assert look(job)["status"] == "COMPLETED"


@pytest.mark.parametrize("status", ["FAILED", "PENDING"])
def test_a_skipped_server(control, drs, launch, look, *, events, status):
    """SERVER_SKIPPED and nothing else; the job is COMPLETED and there is no instance."""
    control.skip_server(DB1, launch_status=status)
    job = launch(DB1, DB2)
    seen = look(job)
    assert (seen["status"], _statuses(seen)) == ("COMPLETED", {DB1: status, DB2: "LAUNCHED"})
    assert events(job) == ["SERVER_SKIPPED"]
    instances = drs.describe_recovery_instances()["items"]
    assert [instance["sourceServerID"] for instance in instances] == [DB2]


def test_a_job_of_skipped_servers_alone_ends(control, launch, look):
    """Nothing is done, and the job is over."""
    control.skip_server(DB1, raw_error="no recovery snapshot")
    assert look(launch(DB1))["status"] == "COMPLETED"


def test_p3_a_completed_job_with_a_server_that_is_still_pending(control, launch, look, events):
    """P-3: the job is over, and the server never came to its launch."""
    control.leave_server_pending(DB1)
    job = launch(DB1, DB2)
    seen = look(job)
    assert (seen["status"], _statuses(seen)) == ("COMPLETED", {DB1: "PENDING", DB2: "LAUNCHED"})
    assert "LAUNCH_START" not in events(job)


def test_r24_an_instance_id_that_never_comes(control, drs, launch, look):
    """R-24, recorded: the job never tells the instance; DescribeRecoveryInstances has it, and the job's id.

    The service model has the member, and a fault shows it.
    """
    control.name_instance(DB2)
    job = launch(DB1, DB2)
    servers = {s["sourceServerID"]: s for s in look(job)["participatingServers"]}
    assert {server["launchStatus"] for server in servers.values()} == {"LAUNCHED"}
    instances = {i["sourceServerID"]: i for i in drs.describe_recovery_instances()["items"]}
    reported = [servers[server].get("recoveryInstanceID") for server in (DB1, DB2)]
    assert reported == [None, instances[DB2]["recoveryInstanceID"]]
    assert instances[DB1]["jobID"] == job["jobID"]


def test_a_snapshot_that_fails_is_replaced_by_the_one_before(control, drs, launch, look, events):
    """USING_PREVIOUS_SNAPSHOT: the launch goes on with older data, and tells how old."""
    control.use_previous_snapshot(DB1)
    job = launch(DB1)
    assert _statuses(look(job)) == {DB1: "LAUNCHED"}
    assert events(job)[:4] == [
        "SNAPSHOT_START",
        "SNAPSHOT_FAIL",
        "USING_PREVIOUS_SNAPSHOT",
        "CONVERSION_START",
    ]
    (instance,) = drs.describe_recovery_instances()["items"]
    taken = [
        s["timestamp"]
        for s in drs.describe_recovery_snapshots(sourceServerID=DB1)["items"]
        if "timestamp" in s
    ]
    assert instance["pointInTimeSnapshotDateTime"] in taken
    assert instance["pointInTimeSnapshotDateTime"] <= job["creationDateTime"]


def test_a_snapshot_that_fails_without_one_before_fails_the_server(control, launch, look, events):
    """USING_PREVIOUS_SNAPSHOT_FAILED: there is nothing to launch."""
    control.use_previous_snapshot(DB1, there=False)
    job = launch(DB1)
    assert _statuses(look(job)) == {DB1: "FAILED"}
    assert events(job) == ["SNAPSHOT_START", "SNAPSHOT_FAIL", "USING_PREVIOUS_SNAPSHOT_FAILED"]


def test_the_log_can_have_events_outside_the_model(control, drs, launch, look):
    """AWS adds events before the model has them."""
    control.log_event(DB1)
    job = launch(DB1)
    look(job)
    conformance.expected.add("UNKNOWN_EVENT")
    events = [i["event"] for i in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert events[-3:] == ["LAUNCH_END", "UNKNOWN_EVENT", "JOB_END"]


def test_a_fault_hits_as_often_as_it_is_asked_to(control, launch, look):
    """The first launch fails, the next one does not."""
    control.fail_server(DB1, times=1)
    assert [_statuses(look(launch(DB1)))[DB1] for _ in range(3)] == ["FAILED", "LAUNCHED", "LAUNCHED"]
    assert control.faults()["servers"][0]["hits"] == 1


def test_a_clean_up_that_fails_leaves_the_earlier_instance(control, drs, launch, look, events):
    """CLEANUP is a phase of a replacement alone: it hits no first launch."""
    control.fail_server(DB1, "CLEANUP")
    first, second = launch(DB1), None
    assert _statuses(look(first)) == {DB1: "LAUNCHED"}
    second = launch(DB1)
    assert _statuses(look(second)) == {DB1: "FAILED"}
    assert events(second) == ["CLEANUP_START", "CLEANUP_FAIL"]
    assert [i["jobID"] for i in drs.describe_recovery_instances()["items"]] == [first["jobID"]]
    assert control.faults()["servers"][0]["hits"] == 1


def test_faults_of_a_server_that_do_not_exclude_each_other_add_up(control, launch, look, events):
    """How a launch ends can be one thing only; the rest is beside it."""
    control.skip_server(DB1)
    control.hang_server(DB1)
    control.fail_server(DB1, "CONVERSION")
    control.use_previous_snapshot(DB1)
    control.name_instance(DB1)
    effects = [fault["effect"] for fault in control.faults()["servers"]]
    assert effects == ["fail", "previous_snapshot", "name_instance"]
    job = launch(DB1)
    look(job)
    assert events(job)[2:] == ["USING_PREVIOUS_SNAPSHOT", "CONVERSION_START", "CONVERSION_FAIL"]
