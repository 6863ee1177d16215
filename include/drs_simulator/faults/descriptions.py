"""What is posted to ``/simulator/faults``: calls with faulty responses, servers and jobs that go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic.alias_generators import to_camel

if TYPE_CHECKING:
    from pydantic import ValidationInfo

CallEffect = Literal[
    "throttle", "server_error", "server_error_after", "access_denied", "drop_before", "drop_after", "slow"
]
ServerEffect = Literal[
    "fail",
    "hang",
    "skip",
    "leave_pending",
    "name_instance",
    "previous_snapshot",
    "no_previous_snapshot",
    "log_event",
    "fail_actions",
    "lag",
    "stall",
    "disconnect",
    "impair",
    "lose_agent",
]
JobEffect = Literal["hide", "unauthorized"]
PhaseName = Literal["CLEANUP", "SNAPSHOT", "CONVERSION", "LAUNCH"]

REPLICATION = ("lag", "stall", "disconnect")
"""Effects on a server's replication."""

INSTANCES = ("impair", "lose_agent")
"""Effects on the instances that a server was launched as; all others are effects on its launches."""

LASTING = (*REPLICATION, *INSTANCES)
_LONGEST = 900
_INTERNAL = "An error occurred (InternalError) when calling the RunInstances operation"
_UNAUTHORIZED = (
    "An error occurred (UnauthorizedOperation) when calling the RunInstances operation: "
    "You are not authorized to perform this operation."
)


class FaultSpec(BaseModel):
    """A fault as it is posted; ``times`` is how often it hits at most, without end if absent."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, allow_inf_nan=False
    )
    OPTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    """Members that only some effects have, by effect."""

    effect: str
    times: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _of_this_effect(self) -> Any:
        """Refuse members that the effect would ignore."""
        own = self.OPTIONS.get(self.effect, ())
        others = {name for names in self.OPTIONS.values() for name in names}
        if foreign := sorted((others - set(own)) & self.model_fields_set):
            allowed = f"allowed are {', '.join(map(to_camel, own))}" if own else "it has no options"
            raise ValueError(f"{', '.join(map(to_camel, foreign))} with the effect {self.effect}: {allowed}")
        return self

    def to_dict(self) -> dict[str, Any]:
        """Return the members that this effect has."""
        others = {name for names in self.OPTIONS.values() for name in names}
        left_out = others - set(self.OPTIONS.get(self.effect, ()))
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out)


_ANSWERED = ("error", "message")


class CallFault(FaultSpec):
    """Calls with a faulty response: all those that every given selector matches, or a ``rate`` of them."""

    OPTIONS = {
        "throttle": (*_ANSWERED, "retry_after_seconds"),
        "server_error": (*_ANSWERED, "retry_after_seconds"),
        "server_error_after": (*_ANSWERED, "retry_after_seconds"),
        "access_denied": _ANSWERED,
    }

    effect: CallEffect
    service: str | None = None
    operation: str | None = None
    region: str | None = None
    access_key: str | None = None
    resource: str | None = Field(default=None, min_length=1)
    rate: float | None = Field(default=None, gt=0, le=1)
    seconds: float = Field(default=0, ge=0, le=_LONGEST, validate_default=True)
    error: str | None = Field(default=None, pattern=r"^[A-Za-z.]+$")
    message: str | None = None
    retry_after_seconds: int = Field(default=1, ge=0)

    @field_validator("service")
    @classmethod
    def _service_exists(cls, service: str | None) -> str | None:
        try:
            if service is not None:
                get_service_model(service)
        except UnknownServiceError as error:
            raise ValueError(
                "allowed are the names botocore has for services: drs, dynamodb, ec2 …"
            ) from error
        return service

    @field_validator("operation")
    @classmethod
    def _operation_exists(cls, operation: str | None, info: ValidationInfo) -> str | None:
        service = info.data.get("service")
        if operation is None or service is None or " " in operation:
            return operation
        if operation not in (names := get_service_model(service).operation_names):
            raise ValueError(f"allowed are {', '.join(names)}")
        return operation

    @field_validator("seconds")
    @classmethod
    def _slow_takes_time(cls, seconds: float, info: ValidationInfo) -> float:
        if info.data.get("effect") == "slow" and not seconds:
            raise ValueError(f"allowed with the effect slow are numbers above 0 up to {_LONGEST}")
        return seconds


class ServerFault(FaultSpec):
    """A source server whose launches, replication or instances go wrong until the fault is cleared."""

    OPTIONS = {
        "fail": ("phase", "raw_error"),
        "hang": ("phase",),
        "skip": ("launch_status", "raw_error"),
        "log_event": ("event",),
        "fail_actions": ("raw_error",),
        "lag": ("seconds",),
        "stall": ("seconds",),
        "disconnect": ("seconds",),
    }

    effect: ServerEffect = "fail"
    source_server_id: str = Field(alias="sourceServerID", pattern=r"^s-[0-9a-zA-Z]{17}$")
    phase: PhaseName = "LAUNCH"
    raw_error: str = _INTERNAL
    launch_status: Literal["FAILED", "PENDING"] = "FAILED"
    event: str = Field(default="UNKNOWN_EVENT", pattern=r"^[A-Z_]+$")
    seconds: float = Field(default=0, ge=0)

    @model_validator(mode="after")
    def _counts_launches(self) -> Any:
        """Refuse a number of hits where there is only one, that lasts."""
        if self.effect in LASTING and self.times is not None:
            raise ValueError(f"times with the effect {self.effect}: it lasts until it is cleared")
        return self


class JobFault(FaultSpec):
    """New jobs that go wrong: all, or those with a source server."""

    OPTIONS = {"hide": ("seconds", "looks"), "unauthorized": ("phase", "raw_error")}

    effect: JobEffect
    source_server_id: str | None = Field(default=None, alias="sourceServerID", pattern=r"^s-[0-9a-zA-Z]{17}$")
    seconds: float = Field(default=0, ge=0)
    looks: int = Field(default=0, ge=0)
    phase: PhaseName = "LAUNCH"
    raw_error: str = _UNAUTHORIZED

    @model_validator(mode="after")
    def _hides_something(self) -> Any:
        if self.effect == "hide" and not self.seconds and not self.looks:
            raise ValueError("the effect hide: seconds or looks above 0 are needed")
        return self


class DocumentFault(FaultSpec):
    """Runs of a document of Systems Manager that do not succeed, by whomever they are begun."""

    effect: Literal["fail"] = "fail"
    document: str = Field(min_length=1)
    status: Literal["Failed", "TimedOut", "Cancelled"] = "Failed"
    message: str = "failed to run commands: exit status 1"
    seconds: float | None = Field(default=None, ge=0)


class FunctionFault(FaultSpec):
    """What a function of Lambda answers, and whether that is a failure."""

    OPTIONS = {"fail": ("message",), "answer": ("payload",)}

    effect: Literal["fail", "answer"] = "fail"
    function: str = Field(min_length=1)
    message: str = "the function raised an exception"
    payload: Any = None


class FaultDescriptions(BaseModel):
    """What is posted to ``/simulator/faults``."""

    model_config = ConfigDict(extra="forbid")

    calls: tuple[CallFault, ...] = ()
    servers: tuple[ServerFault, ...] = ()
    jobs: tuple[JobFault, ...] = ()
    documents: tuple[DocumentFault, ...] = ()
    functions: tuple[FunctionFault, ...] = ()
