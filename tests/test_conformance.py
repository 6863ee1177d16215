"""No answer of DRS that its service model forbids goes unseen, whichever client asks."""

from __future__ import annotations

import boto3
import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError
from moto.core.exceptions import ServiceException

from drs_simulator.drs.exceptions import ValidationException
from drs_simulator.drs.job import Job
from drs_simulator.drs.members import Parts
from drs_simulator.drs.responses import DRSResponse
from tests import conformance

DB1 = "s-000000000000db001"


@pytest.fixture
def job(local_aws):
    """Let there be a job."""
    boto3.client("drs").start_recovery(sourceServers=[{"sourceServerID": DB1}], isDrill=True)


@pytest.fixture(
    params=[
        ({"jobID": None}, r"items\[0\]\.jobID.*is required"),
        ({"jobID": "job-1"}, r"items\[0\]\.jobID.*'job-1': allowed is drsjob-"),
        ({"status": "BROKEN"}, r"items\[0\]\.status.*'BROKEN': allowed are PENDING"),
        ({"arn": "arn:short"}, r"items\[0\]\.arn.*length 9"),
        ({"invented": 1}, r"items\[0\]\.invented.*is not in the model"),
        ({"participatingServers": [{"sourceServerID": DB1, "x": 1}]}, r"participatingServers\[0\]\.x"),
        ({"creationDateTime": 7}, r"items\[0\]\.creationDateTime.*7 is no string"),
    ],
    ids=["required", "pattern", "enum", "range", "member", "inner member", "type"],
)
def wrong(job, request, monkeypatch):
    """Let jobs be answered in a way that the model forbids; gives what the check says."""
    changes, message = request.param
    right = Job.to_dict
    monkeypatch.setattr(Job, "to_dict", lambda self, now: Parts(right(self, now) | changes))
    yield message
    assert conformance.found
    conformance.found.clear()


def test_boto3_is_answered_by_the_model(wrong):
    """A session that a hook makes for itself is checked as well."""
    client = boto3.session.Session().client("drs")
    with pytest.raises(conformance.DoesNotConform, match=wrong):
        client.describe_jobs()


async def test_aiobotocore_is_answered_by_the_model(wrong):
    """Its emitter awaits the check, so that the call fails, not a task that nobody looks at."""
    async with get_session().create_client("drs") as client:
        with pytest.raises(conformance.DoesNotConform, match=wrong):
            await client.describe_jobs()


@pytest.mark.usefixtures("job")
async def test_what_conforms_goes_through():
    """An answer as the model has it, and an error of the model, come to both."""
    assert len(boto3.client("drs").describe_jobs()["items"]) == 1
    async with get_session().create_client("drs") as client:
        with pytest.raises(ClientError, match="does not exist"):
            await client.get_launch_configuration(sourceServerID="s-00000000000000404")
    assert conformance.found == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValidationException("no", "because"), r"reason.*'because': allowed are"),
        (ServiceException("Odd", "no"), r"InternalFailure is none of the service"),
    ],
    ids=["member", "code"],
)
def test_an_error_is_answered_by_the_model(local_aws, monkeypatch, error, message):
    """Errors are those of the service, with members as it has them; a backend that breaks down has none."""

    def refuse(_):
        raise error

    monkeypatch.setattr(DRSResponse, "describe_jobs", refuse)
    with pytest.raises(conformance.DoesNotConform, match=message):
        boto3.client("drs").describe_jobs()
    conformance.found.clear()
