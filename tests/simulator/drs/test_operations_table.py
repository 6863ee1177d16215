"""Every simulated operation does what it says, and raises each of its errors; the README tells which."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from botocore.session import get_session

from drs_simulator.operations import README, operations, written
from tests.simulator.drs import cases_failback as _failback
from tests.simulator.drs import cases_jobs as _jobs
from tests.simulator.drs import cases_launches as _launches
from tests.simulator.drs import cases_nowhere as _nowhere
from tests.simulator.drs import cases_replication as _replication
from tests.simulator.drs import cases_servers as _servers
from tests.simulator.drs.cases import EFFECTS, REFUSALS, Aws

REGISTERED = (_servers, _replication, _launches, _jobs, _failback, _nowhere)
SIMULATED = [operation for operation in operations() if operation.simulated]
MEMBERS = {
    "ConflictException": {"resourceId", "resourceType"},
    "ResourceNotFoundException": {"resourceId", "resourceType"},
    "ServiceQuotaExceededException": {"serviceCode"},
    "UninitializedAccountException": set(),
    "ValidationException": {"reason"},
}
"""Members besides message and code that an error has in every state."""


@pytest.fixture
def aws(local_aws):
    """Give what a case works with."""
    local_aws.control.clear_requests()
    return Aws(local_aws)


def test_every_simulated_operation_has_a_case():
    """An operation without a case that sees its effect does not count as simulated."""
    assert set(EFFECTS) == {operation.name for operation in SIMULATED}


def test_every_error_that_a_state_raises_has_a_case():
    """An error without a case does not count as raised."""
    assert set(REFUSALS) == {(o.name, error) for o in SIMULATED for error in o.by_state}


@pytest.mark.parametrize("operation", sorted(EFFECTS))
def test_an_operation_has_an_effect_that_another_one_sees(aws, operation):
    """The case does the operation, and asks another one as well."""
    EFFECTS[operation](aws)
    done = [request["operation"] for request in aws.control.requests() if request["status"] < 400]
    assert operation in done
    assert set(done) > {operation}


@pytest.mark.parametrize(("operation", "error"), sorted(REFUSALS))
def test_an_operation_raises_an_error_of_its_model(aws, operation, error):
    """The error comes from this operation, with the HTTP status and the members of the model."""
    with pytest.raises(ClientError) as refused:
        REFUSALS[operation, error](aws)
    response = refused.value.response
    shape = get_session().get_service_model("drs").shape_for(error)
    assert (refused.value.operation_name, response["Error"]["Code"]) == (operation, error)
    assert response["ResponseMetadata"]["HTTPStatusCode"] == shape.metadata["error"]["httpStatusCode"]
    sent = set(response) - {"Error", "ResponseMetadata"}
    assert {"message", "code"} | MEMBERS[error] <= sent <= set(shape.members)


def test_the_readme_has_the_table_of_operations():
    """``python -m drs_simulator.operations`` writes it."""
    readme = README.read_text()
    assert written(readme) == readme
    assert "| StartRecovery | yes |" in readme
