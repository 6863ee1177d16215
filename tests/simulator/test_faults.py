"""Servers that fail on demand."""

from __future__ import annotations

import pytest

from drs_simulator.client import ControlRefused

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"
NOWHERE = "s-00000000000000404"
NONE = {"calls": [], "servers": [], "jobs": [], "documents": [], "functions": []}
FAILURES = {"SNAPSHOT": "SNAPSHOT_FAIL", "CONVERSION": "CONVERSION_FAIL", "LAUNCH": "LAUNCH_FAILED"}


@pytest.mark.parametrize("phase", FAILURES)
def test_r03_a_server_fails_in_the_named_phase_and_its_job_is_completed(local_aws, drs, launch, look, phase):
    """R-03, R-07: the job ends COMPLETED, the server is FAILED, and the log has the reason as rawError."""
    local_aws.control.fail_server(DB1, phase, "no capacity in eu-west-1a")
    job = launch(DB1, DB2)
    seen = look(job)
    assert seen["status"] == "COMPLETED"
    servers = {s["sourceServerID"]: s for s in seen["participatingServers"]}
    assert {s: servers[s]["launchStatus"] for s in servers} == {DB1: "FAILED", DB2: "LAUNCHED"}
    assert "recoveryInstanceID" not in servers[DB1]
    log = [
        entry
        for entry in drs.describe_job_log_items(jobID=job["jobID"])["items"]
        if entry["eventData"].get("sourceServerID") == DB1
    ]
    assert [log[-2]["event"], log[-1]["event"]] == [f"{phase}_START", FAILURES[phase]]
    assert log[-1]["eventData"]["rawError"] == "no capacity in eu-west-1a"


@pytest.mark.parametrize("phase", ["SNAPSHOT", "CONVERSION"])
def test_a_server_that_fails_before_its_launch_was_never_in_progress(
    local_aws, launch, look, let_pass, phase
):
    """IN_PROGRESS is the launch phase alone: who fails before it goes from PENDING to FAILED."""
    local_aws.control.fail_server(DB1, phase)
    job, seen = launch(DB1), []
    for _ in range(60):
        seen.append(look(job)["participatingServers"][0]["launchStatus"])
        let_pass(15)
    assert list(dict.fromkeys(seen)) == ["PENDING", "FAILED"]


def test_a_failed_server_has_no_instance(local_aws, drs, launch, look):
    """Nothing runs for a server that failed, and DRS says that its last launch FAILED."""
    local_aws.control.fail_server(DB1)
    look(launch(DB1))
    assert drs.describe_recovery_instances()["items"] == []
    (server,) = drs.describe_source_servers(filters={"sourceServerIDs": [DB1]})["items"]
    assert server["lastLaunchResult"] == "FAILED"


def test_p2_a_failed_server_does_not_end_the_job(local_aws, launch, look, let_pass):
    """P-2: while others are still launching, the job goes on."""
    local_aws.control.fail_server(DB1, "SNAPSHOT")
    job = launch(DB1, DB2)
    let_pass(200)
    seen = look(job)
    assert seen["status"] == "STARTED"
    assert {s["sourceServerID"]: s["launchStatus"] for s in seen["participatingServers"]} == {
        DB1: "FAILED",
        DB2: "PENDING",
    }


def test_a_failed_launch_has_still_destroyed_the_earlier_instance(local_aws, drs, launch, look):
    """R-14: clean-up comes first, so a replacement that fails leaves nothing."""
    look(launch(DB1))
    local_aws.control.fail_server(DB1, "LAUNCH")
    look(launch(DB1))
    assert drs.describe_recovery_instances()["items"] == []


def test_faults_are_listed_with_their_hits_and_cleared(local_aws, launch, look):
    """A fault hits every launch of its server until it is cleared."""
    control = local_aws.control
    control.fail_server(DB1, "CONVERSION", "disk full")
    for hits in range(3):
        assert control.faults()["servers"] == [
            {
                "id": "fault-1",
                "effect": "fail",
                "sourceServerID": DB1,
                "phase": "CONVERSION",
                "rawError": "disk full",
                "hits": hits,
            }
        ]
        look(launch(DB1, DB2))
    control.clear_faults()
    assert control.faults() == NONE
    assert look(launch(DB1))["participatingServers"][0]["launchStatus"] == "LAUNCHED"


@pytest.mark.parametrize(
    ("description", "message"),
    [
        ({"servers": [{"sourceServerID": "db1"}]}, r"servers\.0\.sourceServerID: 'db1'.*s-\[0-9a-zA-Z\]"),
        ({"servers": [{"sourceServerID": DB1, "phase": "BOOT"}]}, r"servers\.0\.phase: 'BOOT'.*'SNAPSHOT'"),
        (
            {"servers": [{"sourceServerID": DB1, "rawErorr": "x"}]},
            r"servers\.0\.rawErorr: allowed are .*rawError",
        ),
        ({"servers": [{"sourceServerID": DB1, "hits": 3}]}, r"servers\.0\.hits"),
        ({"throttle": 3}, r"throttle: allowed are calls, servers, jobs"),
        ({"servers": [{}]}, r"servers\.0\.sourceServerID.*required"),
        ([], r"body: \[\]"),
        (
            {"servers": [{"sourceServerID": DB1}, {"sourceServerID": NOWHERE}]},
            rf"servers\.1\.sourceServerID: '{NOWHERE}': allowed are .*: {DB1}, {DB2}, .* and [0-9]+ more$",
        ),
        (
            {"jobs": [{"effect": "hide", "looks": 1, "sourceServerID": NOWHERE}]},
            rf"jobs\.0\.sourceServerID: '{NOWHERE}': allowed are .* {DB1}",
        ),
        (
            {"servers": [{"sourceServerID": DB1, "effect": "lag", "seconds": 5e6}]},
            rf"servers\.0\.seconds: 5e\+06: allowed is up to 259\d{{4}}: {DB1} has been there no longer",
        ),
    ],
)
def test_a_fault_that_cannot_be_read_is_refused_with_its_place(local_aws, description, message):
    """The message has the place, the value and what is allowed; nothing of the description is set."""
    with pytest.raises(ControlRefused, match=message):
        local_aws.control.add_faults(description)
    assert local_aws.control.faults() == NONE


def test_a_fault_is_set_once_its_server_has_been_added(local_aws, launch, look):
    """Before, it is about nothing: a misspelt id is shown, not taken for a server that is still to come."""
    with pytest.raises(ControlRefused, match=f"'{NOWHERE}'"):
        local_aws.control.fail_server(NOWHERE)
    local_aws.control.add_server(NOWHERE, "new.example")
    local_aws.control.fail_server(NOWHERE)
    assert look(launch(NOWHERE))["participatingServers"][0]["launchStatus"] == "FAILED"
