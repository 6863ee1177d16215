"""What a server's launch configuration makes of its launch: FAST, and post-launch actions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest

from simulator.drs.models import drs_backends

DB1, DB2 = "s-000000000000db001", "s-000000000000db002"


@dataclass(frozen=True)
class _Action:
    name: str
    order: int
    active: bool = True

    def to_dict(self):
        return {"name": self.name, "order": self.order, "active": self.active}


class _Changed:
    """A launch configuration with some settings changed, whatever operation changes them."""

    def __init__(self, configuration, **settings):
        self._configuration = configuration
        self.__dict__.update(settings)

    def __getattr__(self, name):
        return getattr(self._configuration, name)


def _configure(server, **settings):
    server.launch_configuration = _Changed(server.launch_configuration, **settings)


@pytest.fixture
def server(local_aws):
    """Give the source server DB1 as DRS keeps it."""
    return drs_backends["123456789012"]["eu-west-1"].source_servers[DB1]


def test_fast_skips_the_conversion(drs, server, launch, look):
    """``recoveryMode`` FAST: no conversion in the log, and minutes less."""
    _configure(server, recovery_mode="FAST")
    job = launch(DB1)
    assert look(job)["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    events = [i["event"] for i in drs.describe_job_log_items(jobID=job["jobID"])["items"]]
    assert events == ["JOB_START", "SNAPSHOT_START", "SNAPSHOT_END", "LAUNCH_START", "JOB_END"]
    (instance,) = drs.describe_recovery_instances()["items"]
    assert instance["pointInTimeSnapshotDateTime"] >= job["creationDateTime"]


def test_fast_takes_less_time(server, launch, look, let_pass):
    """What skips the conversion has ended before another has converted."""
    _configure(server, recovery_mode="FAST")
    job = launch(DB1, DB2)
    let_pass(490)
    seen = {s["sourceServerID"]: s["launchStatus"] for s in look(job)["participatingServers"]}
    assert seen == {DB1: "LAUNCHED", DB2: "PENDING"}


def test_a_failure_in_conversion_does_not_hit_who_skips_it(local_aws, server, launch, look):
    """No such phase, no hit."""
    _configure(server, recovery_mode="FAST")
    local_aws.control.fail_server(DB1, "CONVERSION")
    assert look(launch(DB1))["participatingServers"][0]["launchStatus"] == "LAUNCHED"
    assert local_aws.control.faults()["servers"][0]["hits"] == 0


@pytest.fixture
def actions(server):
    """Give a server with two active actions and one that is not."""
    _configure(server, post_launch_enabled=True)
    server.launch_actions = [_Action("second", 1002), _Action("first", 1001), _Action("off", 1003, False)]


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
        assert ("launchActionsStatus" in server) == (server["launchStatus"] == "LAUNCHED")
        if status := _status(now):
            runs = [(run["action"]["name"], run["status"]) for run in status["runs"]]
            assert ("ssmAgentDiscoveryDatetime" in status) == bool(runs)
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


@pytest.mark.parametrize("missing", ["actions", "post_launch_enabled"])
def test_without_actions_there_is_no_status_of_them(server, launch, look, missing):
    """Both are needed: actions, and that they are enabled."""
    _configure(server, post_launch_enabled=missing != "post_launch_enabled")
    server.launch_actions = [] if missing == "actions" else [_Action("first", 1001)]
    assert _status(look(launch(DB1))) is None


def test_a_server_that_failed_has_run_no_actions(local_aws, actions, launch, look):
    """There is nothing to run them on."""
    local_aws.control.fail_server(DB1)
    assert _status(look(launch(DB1))) is None
