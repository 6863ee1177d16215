"""Errors by cause: what went wrong, and what is done about it.

======== ========================================================== ========================================
cause    which errors                                               what is done
======== ========================================================== ========================================
PASSING  throttling (429), 5xx, time-outs, cut connections, expired asked again, with jitter and not before
         credentials, a table that does not answer                  ``retryAfterSeconds``, until the deadline
BUSY     ConflictException: a server is in another job              the job is waited for, until the deadline
QUOTA    ServiceQuotaExceededException                              capacity is waited for, until the deadline
FINAL    what AWS does not allow (validation, access, an account    fails at once, with AWS's text or ours
         that is not initialised), and what our own rules refuse
======== ========================================================== ========================================

botocore has asked again some times already before an error comes here; of StartRecovery it has not, since a
repeated request may start a second job.
"""

from __future__ import annotations

from enum import Enum
from http import HTTPStatus

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ParamValidationError,
)

from drs_recovery.errors import RecordUnavailable, RecoveryError
from drs_recovery.text.denials import cure_of


class Cause(Enum):
    """Why something did not work, as far as it matters for what to do."""

    PASSING = "passing"
    BUSY = "busy"
    QUOTA = "quota"
    FINAL = "final"


EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
"""Credentials are read again by the next client."""

THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Codes of throttling; some services answer 400 with them."""

NEVER_SENT = (ConnectTimeoutError, EndpointConnectionError, NoCredentialsError, ParamValidationError)
"""Errors of botocore that mean the request did not reach AWS."""


def cause_of(error: Exception) -> Cause:
    """Return the cause of an error of AWS, of botocore, or of our own rules."""
    if isinstance(error, ClientError):
        return _cause_of_answer(error)
    ours = isinstance(error, RecoveryError) and not isinstance(error, RecordUnavailable)
    return Cause.FINAL if ours or isinstance(error, ParamValidationError) else Cause.PASSING


def _cause_of_answer(error: ClientError) -> Cause:
    code = error.response["Error"]["Code"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "ConflictException":
        return Cause.BUSY
    if code == "ServiceQuotaExceededException":
        return Cause.QUOTA
    if code in THROTTLED | EXPIRED or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Cause.PASSING
    # A proxy's 5xx has no code of AWS, but its number
    return Cause.PASSING if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Cause.FINAL


def is_final(error: Exception) -> bool:
    """Whether trying again cannot help."""
    return cause_of(error) is Cause.FINAL


def was_refused(error: Exception) -> bool:
    """Whether AWS certainly did not do what it was asked: it refused, or was never reached."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR)
    return isinstance(error, NEVER_SENT)


def said(error: BaseException) -> str:
    """Return what an error says; of a right that AWS denies, also what to do."""
    text = str(error) or type(error).__name__
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else None
    return text + cure_of(code, text)


def retry_after(error: Exception) -> float:
    """Return the seconds that AWS wants to be left alone for; 0 if it does not say."""
    if not isinstance(error, ClientError):
        return 0.0
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    after = str(error.response.get("retryAfterSeconds") or headers.get("retry-after") or "")
    return float(after) if after.replace(".", "", 1).isdigit() else 0.0
