"""Exceptions of Run Command and Automation that moto lacks."""

from __future__ import annotations

from moto.ssm.exceptions import SSMException


class AutomationDefinitionNotFoundException(SSMException):
    code = "AutomationDefinitionNotFoundException"


class AutomationDefinitionVersionNotFoundException(SSMException):
    code = "AutomationDefinitionVersionNotFoundException"


class AutomationExecutionNotFoundException(SSMException):
    code = "AutomationExecutionNotFoundException"


class IdempotentParameterMismatch(SSMException):
    code = "IdempotentParameterMismatch"


class InvalidAutomationStatusUpdateException(SSMException):
    code = "InvalidAutomationStatusUpdateException"


class InvalidCommandId(SSMException):
    code = "InvalidCommandId"


class InvalidInstanceId(SSMException):
    code = "InvalidInstanceId"


class InvocationDoesNotExist(SSMException):
    code = "InvocationDoesNotExist"
