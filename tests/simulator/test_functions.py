"""Functions of Lambda answer without Docker: with what they are given, or as a fault says."""

from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def functions(local_aws: Any) -> Any:
    """Give a client, and a function `promote`."""
    return with_function(local_aws, "promote")


def with_function(local_aws: Any, name: str) -> Any:
    """Create a function as people do; return a client of Lambda."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = local_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    client = local_aws.client("lambda")
    code = {"ZipFile": b"no code is run"}
    client.create_function(FunctionName=name, Runtime="python3.12", Role=role, Handler="x.y", Code=code)
    return client


def test_a_function_answers_with_what_it_is_given(functions: Any) -> None:
    """Without a fault, by its name and by its ARN."""
    arn = functions.get_function(FunctionName="promote")["Configuration"]["FunctionArn"]
    for name in ("promote", arn):
        answer = functions.invoke(FunctionName=name, Payload=b'{"host": "db1"}')
        assert json.loads(answer["Payload"].read()) == {"host": "db1"}
        assert "FunctionError" not in answer


def test_a_fault_says_what_it_answers_and_whether_it_fails(local_aws: Any, functions: Any) -> None:
    """As often as it says."""
    local_aws.control.fail_function("promote", "no such host", times=1)
    failed = functions.invoke(FunctionName="promote")
    assert failed["FunctionError"] == "Unhandled"
    assert json.loads(failed["Payload"].read())["errorMessage"] == "no such host"
    local_aws.control.answer_function("promote", {"done": True})
    assert json.loads(functions.invoke(FunctionName="promote")["Payload"].read()) == {"done": True}


def test_a_function_that_nobody_created_is_not_there(functions: Any) -> None:
    """As in AWS, whatever a fault says of it."""
    with pytest.raises(functions.exceptions.ResourceNotFoundException):
        functions.invoke(FunctionName="other")
