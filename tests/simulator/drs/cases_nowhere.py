"""Refusals that all operations have in common: nothing initialised, nothing found, nothing understood."""

from __future__ import annotations

from functools import partial
from typing import Any

from botocore.session import get_session

from drs_simulator.operations import operations
from tests.simulator.drs.cases import HOME, ORIGIN, Aws, refusal
from tests.simulator.drs.cases_launches import ACTION
from tests.simulator.drs.cases_replication import SETTINGS

SERVER = {"sourceServerID": "s-00000000000000404"}
INSTANCE = {"recoveryInstanceID": "i-00000000000000404"}
JOB = {"jobID": "drsjob-00000000000000404"}
REPLICATION = {"replicationConfigurationTemplateID": "rct-00000000000000404"}
TEMPLATE = {"launchConfigurationTemplateID": "lct-00000000000000404"}
ARN = {"resourceArn": f"arn:aws:drs:{HOME}:123456789012:source-server/s-00000000000000404"}
ACTION_OF = {"resourceId": SERVER["sourceServerID"]}

NOWHERE: dict[str, dict[str, Any]] = {
    "CreateReplicationConfigurationTemplate": SETTINGS,
    "DeleteLaunchAction": ACTION_OF | {"actionId": ACTION["actionId"]},
    "DescribeLaunchConfigurationTemplates": {"launchConfigurationTemplateIDs": list(TEMPLATE.values())},
    "DescribeReplicationConfigurationTemplates": {
        "replicationConfigurationTemplateIDs": list(REPLICATION.values())
    },
    "ListLaunchActions": ACTION_OF,
    "ListTagsForResource": ARN,
    "PutLaunchAction": ACTION_OF | ACTION,
    "StartFailbackLaunch": {"recoveryInstanceIDs": list(INSTANCE.values())},
    "StartRecovery": {"sourceServers": [SERVER]},
    "TagResource": ARN | {"tags": {"a": "b"}},
    "TerminateRecoveryInstances": {"recoveryInstanceIDs": list(INSTANCE.values())},
    "UntagResource": ARN | {"tagKeys": ["a"]},
}
"""Well-formed requests about what does not exist; those about one id are made from the model."""

_MODEL = get_session().get_service_model("drs")


def about_nothing(operation: str) -> dict[str, Any]:
    """Return a well-formed request about what does not exist."""
    if operation in NOWHERE:
        return NOWHERE[operation]
    required = set(_MODEL.operation_model(operation).input_shape.required_members)
    ids = SERVER | INSTANCE | JOB | TEMPLATE | REPLICATION
    return {name: ids[name] for name in required}


def uninitialized(aws: Aws, operation: str) -> None:
    """Nothing is answered where DRS is not initialised."""
    aws.client("drs", region=ORIGIN)._make_api_call(operation, about_nothing(operation))


def not_found(aws: Aws, operation: str) -> None:
    """What does not exist is not found."""
    aws.drs._make_api_call(operation, about_nothing(operation))


def misunderstood(aws: Aws, operation: str) -> None:
    """What the model does not allow is refused: a member of the wrong form, or a body that is no JSON."""
    client = aws.client("drs", parameter_validation=False)
    parameters = about_nothing(operation)
    if "resourceArn" in parameters:
        parameters = parameters | {"resourceArn": "arn:short"}
    else:
        client.meta.events.register("before-call.drs", lambda params, **_: params.update(body=b"{"))
    client._make_api_call(operation, parameters)


_COMMON = {
    "UninitializedAccountException": uninitialized,
    "ResourceNotFoundException": not_found,
    "ValidationException": misunderstood,
}
for _operation in operations():
    for _error in _operation.by_state if _operation.simulated else ():
        if _error in _COMMON:
            refusal(_operation.name, _error)(partial(_COMMON[_error], operation=_operation.name))
