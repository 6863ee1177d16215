"""Taking away a drill's recovery instances, and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from launcher.instances import launched, terminate_drill

if TYPE_CHECKING:
    from tests.launcher.conftest import LocalAws

REGION = "eu-west-1"
DATABASES = ("s-000000000000db001", "s-000000000000db002")
PAYROLL = ("s-00000000000pay001",)


def recover(drs: Any, *servers: str, is_drill: bool = True) -> str:
    """Launch servers; returns the id of the job."""
    asked = [{"sourceServerID": server} for server in servers]
    job = drs.start_recovery(sourceServers=asked, isDrill=is_drill)["job"]
    return str(job["jobID"])


@pytest.fixture
def drs(local_aws: LocalAws) -> Any:
    """Give DRS."""
    return local_aws.client("drs")


def environment(local_aws: LocalAws) -> dict[str, str]:
    """Return the environment of a stack whose AWS this is."""
    return {
        "AWS_ENDPOINT_URL": local_aws.url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
    }


def test_t1_only_instances_of_the_executions_own_jobs_are_terminated(local_aws: LocalAws, drs: Any) -> None:
    """Another execution's drill keeps its instances."""
    ours, others = recover(drs, *DATABASES), recover(drs, *PAYROLL)
    gone = terminate_drill(environment(local_aws), REGION, [ours])
    assert len(gone) == len(DATABASES)
    assert len(launched(drs, [others])) == len(PAYROLL)


def test_the_instances_of_a_recovery_are_never_terminated(local_aws: LocalAws, drs: Any) -> None:
    """Whoever passes its job by mistake: they are the shop."""
    real = recover(drs, *DATABASES, is_drill=False)
    assert terminate_drill(environment(local_aws), REGION, [real]) == []
    left = drs.describe_recovery_instances(filters={})["items"]
    assert {instance["sourceServerID"] for instance in left} == set(DATABASES)


def test_r48_it_returns_when_the_instances_are_gone(local_aws: LocalAws, drs: Any) -> None:
    """Not when the job that terminates them was accepted: that one takes its time here."""
    job = recover(drs, *DATABASES)
    local_aws.control.set_speed("60")
    terminate_drill(environment(local_aws), REGION, [job])
    assert launched(drs, [job]) == []


def test_a_drill_that_launched_nothing_needs_no_call(local_aws: LocalAws, drs: Any) -> None:
    """TerminateRecoveryInstances refuses an empty list."""
    assert terminate_drill(environment(local_aws), REGION, []) == []
