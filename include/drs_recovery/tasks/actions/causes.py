"""Whether an error of an operator says that its work was not done, or only that nobody heard of its end."""

from __future__ import annotations

from airflow.sdk.exceptions import AirflowTaskTimeout, TaskDeferralError, TaskDeferralTimeout
from botocore.exceptions import BotoCoreError, ClientError
from requests.exceptions import ConnectTimeout, RequestException

from drs_recovery.aws.utils.errors import was_refused


class NobodySaw(Exception):
    """Raised by an action of ours that knows that nobody saw how its work ended."""


def nobody_knows(error: BaseException) -> bool:
    """Whether the work may have been done all the same, or may still go on."""
    if isinstance(error, NobodySaw | AirflowTaskTimeout | TaskDeferralTimeout | TaskDeferralError):
        return True
    if isinstance(error, ClientError | BotoCoreError):
        return not was_refused(error)
    if isinstance(error, RequestException):
        return not (error.response is not None or isinstance(error, ConnectTimeout) or _never_sent(error))
    return isinstance(error, OSError)


def _never_sent(error: RequestException) -> bool:
    """Whether no connection was made at all: requests wraps urllib3's error, which holds its reason."""
    inner = error.args[0] if error.args else None
    return type(getattr(inner, "reason", inner)).__name__ == "NewConnectionError"
