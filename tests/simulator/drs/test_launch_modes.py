"""What a server's launch configuration makes of its launch: FAST, and post-launch actions."""

from __future__ import annotations

from datetime import datetime

import pytest

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


@pytest.fixture
def fast(drs):
    """Let DB1 be launched without a conversion."""
    drs.update_launch_configuration(sourceServerID=DB1, recoveryMode="FAST")


@pytest.fixture
def put_action(drs):
    """Give a function that adds a launch action to DB1."""

    def put(name, order, *, active=True, optional=True):
        drs.put_launch_action(
            resourceId=DB1,
            actionId=f"00000000-0000-0000-0000-00000000{order}",
            actionCode="AWS-RunShellScript",
            actionVersion="1",
            name=name,
            order=order,
            active=active,
            optional=optional,
            category="OTHER",
            description="What follows a launch.",
        )

    return put


@pytest.mark.usefixtures("fast")
def test_fast_skips_the_conversion(drs, launch, look):
    """``recoveryMode`` FAST: no conversion in the log, and data of after the start."""
    job = launch(DB1)
    assert look(job)["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    events = [i["event"] for i in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert events == ["JOB_START", "SNAPSHOT_START", "SNAPSHOT_END", "LAUNCH_START", "LAUNCH_END", "JOB_END"]
    (instance,) = drs.describe_recovery_instances()["items"]
    assert instance["pointInTimeSnapshotDateTime"] >= job["creationDateTime"]


@pytest.mark.usefixtures("fast")
def test_fast_takes_less_time(launch, look, let_pass):
    """What skips the conversion has ended before another has converted."""
    jobs = {DB1: launch(DB1), DB2: launch(DB2)}
    let_pass(330)
    seen = {server: look(job)["participatingServers"][0]["launchStatus"] for server, job in jobs.items()}
    assert seen == {DB1: "LAUNCHED", DB2: "PENDING"}


@pytest.mark.usefixtures("fast")
def test_a_failure_in_conversion_does_not_hit_who_skips_it(local_aws, launch, look):
    """No such phase, no hit."""
    local_aws.control.fail_server(DB1, "CONVERSION")
    assert look(launch(DB1))["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    assert local_aws.control.faults()["servers"][0]["hits"] == 0


@pytest.fixture
def actions(drs, put_action):
    """Give DB1 two active actions, and one that is not."""
    drs.update_launch_configuration(sourceServerID=DB1, postLaunchEnabled=True)
    put_action("second", 1002)
    put_action("first", 1001)
    put_action("off", 1003, active=False)


def _status(job):
    return job["participatingServers"][0].get("launchActionsStatus")


@pytest.mark.usefixtures("actions")
def test_post_launch_actions_run_one_after_another(launch, look, let_pass):
    """Once the agent is discovered, each is IN_PROGRESS, then SUCCEEDED, in the order of ``order``."""
    job, seen = launch(DB1), []
    for _ in range(80):
        let_pass(20)
        now = look(job)
        server = now["participatingServers"][0]
        status = _status(now)
        runs = [(run["action"]["name"], run["status"]) for run in status["runs"]]
        assert ("ssmAgentDiscoveryDatetime" in status) == bool(runs)
        assert server["launchStatus"] == "LAUNCHED" or not runs
        seen.append(runs)
    passed = [list(runs) for runs in dict.fromkeys(tuple(runs) for runs in seen)]
    assert passed[0] == []
    assert [("first", "IN_PROGRESS")] in passed
    assert passed[-1] == [("first", "SUCCEEDED"), ("second", "SUCCEEDED")]
    assert now["status"] == "COMPLETED"


@pytest.mark.usefixtures("actions")
def test_post_launch_actions_do_not_keep_a_job_from_its_end(launch, look, let_pass):
    """A job is COMPLETED when its servers are launched; the actions go on."""
    job = launch(DB1)
    while (seen := look(job))["status"] != "COMPLETED":
        let_pass(2)
    assert "SUCCEEDED" not in [run["status"] for run in _status(seen)["runs"]]


@pytest.mark.usefixtures("actions")
def test_immediate_actions_have_succeeded_at_the_first_look(launch, look):
    """At the speed immediate there is no waiting; the agent was found after the job was made."""
    job = launch(DB1)
    status = _status(look(job))
    assert [run["status"] for run in status["runs"]] == ["SUCCEEDED", "SUCCEEDED"]
    discovered = datetime.fromisoformat(status["ssmAgentDiscoveryDatetime"])
    assert discovered >= datetime.fromisoformat(job["creationDateTime"])


@pytest.mark.usefixtures("actions")
def test_post_launch_actions_fail_on_demand(local_aws, launch, look):
    """The server is LAUNCHED all the same, if its actions are optional; each run has its reason."""
    local_aws.control.fail_actions(DB1, "the document does not exist")
    seen = look(launch(DB1))
    assert seen["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    runs = [(run["status"], run["failureReason"]) for run in _status(seen)["runs"]]
    assert runs == [("FAILED", "the document does not exist")] * 2


@pytest.mark.parametrize("missing", ["actions", "post_launch_enabled"])
def test_without_actions_there_are_no_runs_of_them(drs, put_action, launch, look, missing):
    """Both are needed: actions, and that they are enabled."""
    drs.update_launch_configuration(sourceServerID=DB1, postLaunchEnabled=missing != "post_launch_enabled")
    if missing != "actions":
        put_action("first", 1001)
    assert _status(look(launch(DB1))) == {"runs": []}


@pytest.mark.usefixtures("actions")
def test_a_server_that_failed_has_run_no_actions(local_aws, launch, look):
    """There is nothing to run them on."""
    local_aws.control.fail_server(DB1)
    assert _status(look(launch(DB1))) == {"runs": []}
