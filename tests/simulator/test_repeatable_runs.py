"""A run with a seed can be repeated exactly; without one, ids are new each time."""

from __future__ import annotations

import boto3
import pytest

from drs_simulator.__main__ import _options
from drs_simulator.client import Control
from drs_simulator.server import Server

DB1, DB2, APP1 = "s-000000000000db001", "s-000000000000db002", "s-00000000000app001"


@pytest.fixture
def run(local_aws, drs, ec2, launch, look):
    """Give a function that makes one run, and returns all that was told in it but dates."""

    def once(seed, between=lambda: None):
        local_aws.control.reset(seed=seed)
        local_aws.control.set_speed("manual")
        jobs, reported = [launch(DB1, DB2), launch(APP1)], []
        local_aws.control.advance(485)
        for _ in range(40):
            local_aws.control.advance(4)
            for job in jobs:
                seen = look(job)
                reported.append((seen["jobID"], seen["status"], seen["participatingServers"]))
                between()
        snapshots = drs.describe_recovery_snapshots(sourceServerID=DB1)["items"]
        instances = [i["recoveryInstanceID"] for i in drs.describe_recovery_instances()["items"]]
        assert len(snapshots) > 1
        return reported, instances

    return once


def test_the_same_seed_and_requests_give_the_same_run(run):
    """Job ids, instance ids, durations and outcomes are the same."""
    assert run(7) == run(7)


def test_another_seed_gives_another_run(run):
    """Ids and durations are others."""
    (reported, instances), (others, other_instances) = run(7), run(8)
    assert not {job for job, *_ in reported} & {job for job, *_ in others}
    assert not set(instances) & set(other_instances)
    assert [status for _, status, _ in reported] != [status for _, status, _ in others]


def test_ids_of_jobs_do_not_depend_on_what_is_asked_besides(run, ec2):
    """More looks at other services change no job's id."""
    jobs = {job for job, *_ in run(7)[0]}
    assert {job for job, *_ in run(7, between=ec2.describe_instances)[0]} == jobs


def test_without_a_seed_ids_are_new(run):
    """As on AWS, no id comes again; durations stay those of seed 0."""
    (reported, instances), (others, other_instances) = run(None), run(None)
    assert not {job for job, *_ in reported} & {job for job, *_ in others}
    assert not set(instances) & set(other_instances)
    assert [status for _, status, _ in reported] == [status for _, status, _ in others]


def test_a_server_is_started_with_a_speed_and_a_seed():
    """``--speed manual --seed 7``: no second passes by itself, and a run is repeated by another server."""
    options = _options(["--port", "0", "--speed", "manual", "--seed", "7"])
    ids = []
    for _ in range(2):
        with Server(speed=options.speed, seed=options.seed) as server, Control(server.url) as control:
            assert control.clock() == control.clock()
            drs = boto3.client(
                "drs",
                region_name="eu-west-1",
                endpoint_url=server.url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
            ids.append(drs.start_recovery(sourceServers=[{"sourceServerID": DB1}])["job"]["jobID"])
            control.set_speed("immediate")
            control.reset()
            assert control.clock()["speed"] == "manual"
    assert ids[0] == ids[1]
