"""Exceptions raised by the drs service: those that its model declares, with their members."""

from __future__ import annotations

from moto.core.exceptions import ServiceException


class ResourceNotFoundException(ServiceException):
    code = "ResourceNotFoundException"

    def __init__(self, resource_id: str, resource_type: str) -> None:
        self.resource_id = resource_id
        self.resource_type = resource_type
        super().__init__(f"{resource_type} {resource_id} does not exist.")


class ConflictException(ServiceException):
    code = "ConflictException"

    def __init__(self, message: str, resource_id: str, resource_type: str) -> None:
        self.resource_id = resource_id
        self.resource_type = resource_type
        super().__init__(message)


class ServiceQuotaExceededException(ServiceException):
    code = "ServiceQuotaExceededException"

    def __init__(
        self,
        message: str,
        quota_code: str | None = None,
        *,
        resource_id: str | None = None,
        resource_type: str | None = None,
    ) -> None:
        self.service_code = "drs"
        self.quota_code = quota_code
        self.resource_id = resource_id
        self.resource_type = resource_type
        super().__init__(message)


class UninitializedAccountException(ServiceException):
    code = "UninitializedAccountException"
    message = "Account is not initialized in this Region: call InitializeService first."


class ValidationException(ServiceException):
    """A request that the service model does not allow; ``fields`` are places and what is wrong there."""

    code = "ValidationException"

    def __init__(
        self, message: str, reason: str = "other", fields: list[tuple[str, str]] | None = None
    ) -> None:
        self.reason = reason
        self.field_list = [{"name": name, "message": text} for name, text in fields or []]
        super().__init__(message)


class NotSimulated(ServiceException):
    """An operation that this backend lacks; no error of DRS, so that no client handles it as one."""

    code = "NotSimulated"

    def __init__(self, operation: str) -> None:
        super().__init__(f"{operation} is not simulated.")
