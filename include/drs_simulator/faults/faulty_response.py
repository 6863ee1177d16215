"""What clients get in place of answers, when a fault hits their call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from drs_simulator.answers import Answer, AwsError, protocol_of

if TYPE_CHECKING:
    from drs_simulator.calls import Call
    from drs_simulator.faults.descriptions import CallFault

UNWORKED = ("throttle", "server_error", "access_denied", "drop_before")
"""Effects that keep the call from the service: the work is not done."""
_DROPS = ("drop_before", "drop_after")


@dataclass(frozen=True)
class _Class:
    """A class of errors: what models call it, in order of preference, and what those say that do not."""

    names: tuple[str, ...]
    status: int
    message: str
    unmodelled: dict[str, tuple[str, int]]
    """Code and status by protocol; the empty protocol stands for all others."""


_THROTTLE = _Class(
    ("ProvisionedThroughputExceededException", "ThrottlingException", "TooManyRequestsException"),
    400,
    "Rate exceeded",
    {"ec2": ("RequestLimitExceeded", 503), "query": ("Throttling", 400), "": ("ThrottlingException", 400)},
)
_SERVER_ERROR = _Class(
    ("InternalServerException", "InternalServerError", "ServiceException"),
    500,
    "The request processing has failed because of an unknown error.",
    {"ec2": ("InternalError", 500), "": ("InternalFailure", 500)},
)
_DENIED = _Class(
    ("AccessDeniedException",),
    400,
    "User is not authorized to perform this operation.",
    {
        "ec2": ("UnauthorizedOperation", 403),
        "query": ("AccessDenied", 403),
        "rest-xml": ("AccessDenied", 403),
        "": ("AccessDeniedException", 400),
    },
)
_CLASSES = {
    "throttle": _THROTTLE,
    "server_error": _SERVER_ERROR,
    "server_error_after": _SERVER_ERROR,
    "access_denied": _DENIED,
}
_RATE_QUOTA = "L-00000000"
"""DRS's limits of API rates are not published, nor are the codes of their quotas."""


def faulty_response(fault: CallFault, call: Call, answer: Answer | None) -> Answer | None:
    """Return what the client gets in place of an answer; nothing, when its connection is dropped."""
    if fault.effect in _DROPS:
        return None
    if fault.effect == "slow":
        return answer
    return _error(fault, call).answer(call)


def _error(fault: CallFault, call: Call) -> AwsError:
    errors, modelled = _CLASSES[fault.effect], _modelled(call.service)
    message = fault.message or errors.message
    name = fault.error or next((name for name in errors.names if name in modelled), None)
    if name not in modelled:
        protocol = protocol_of(call.service)
        code, status = errors.unmodelled.get(protocol) or errors.unmodelled[""]
        return AwsError(name or code, status, message)
    shape = modelled[name]
    status = shape.metadata.get("error", {}).get("httpStatusCode", errors.status)
    members = {n: v for n, v in _members(call, shape.error_code).items() if n in shape.members}
    waits = "retryAfterSeconds" in shape.members
    headers = {"Retry-After": str(fault.retry_after_seconds)} if waits else {}
    return AwsError(shape.error_code, status, message, members, headers)


def _modelled(service: str) -> dict[str, Any]:
    try:
        return {shape.name: shape for shape in get_service_model(service).error_shapes}
    except UnknownServiceError:
        return {}


def _members(call: Call, code: str) -> dict[str, str]:
    return {"serviceCode": call.service, "quotaCode": _RATE_QUOTA, "code": code}
