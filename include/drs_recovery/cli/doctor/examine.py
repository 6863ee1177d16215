"""Looking at everything, one check after another: none that fails keeps the others from being made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
from botocore.exceptions import ClientError

from drs_recovery.cli.doctor.finding import Found, State, fault, unknown, words_of
from drs_recovery.cli.guard import show_where
from drs_recovery.cli.secrets import hide
from drs_recovery.errors import AirflowRefused, AirflowUnreachable, RecordUnavailable, RecordUnreadable
from drs_recovery.text.denials import DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.cli.doctor.looks import Installation

    Check = Callable[[Installation], Iterator[Found]]

SOMEBODY_ELSE = "Ask as a user who may see it: `--user`."
MAY_READ = "Ask as a role with the rights of docs/iam/doctor.json."
MEND = "If a newer release wrote it, take that one; else put the item back from a backup of the table."
SEE_LOG = "See the log of Airflow's API server."
SHOW_WHERE = "RECOVERY_DEBUG=1 shows where."
REACH = "See that this machine reaches DynamoDB, and as whom."


def examined(check: Check, it: Installation) -> list[Found]:
    """Return what a check finds, without secrets; what it may not see, or cannot reach, is found too."""
    return [
        replace(one, message=hide(one.message).rstrip(".").replace("\n", " ")) for one in _examined(check, it)
    ]


def _examined(check: Check, it: Installation) -> Iterator[Found]:
    try:
        yield from check(it)
    except AirflowUnreachable as error:
        yield _of_airflow(error, it)
    except AirflowRefused as error:
        yield unknown(str(error), SOMEBODY_ELSE)
    except RecordUnavailable as error:
        yield _of_the_record(error)
    except Exception as error:  # noqa: BLE001 - any: its words may hold a secret
        show_where(error)
        yield unknown(f"it could not be looked at: {type(error).__name__}", SHOW_WHERE)


def _of_airflow(error: AirflowUnreachable, it: Installation) -> Found:
    """Return that Airflow does not answer; or that this look alone fails, where it has answered others."""
    message, cure = words_of(error)
    if isinstance(error.__cause__, httpx.RequestError) or not it.airflow_answers:
        return Found(State.FAULT, message, cure, ends=True, unreachable=True)
    return unknown(message, SEE_LOG)


def _of_the_record(error: RecordUnavailable) -> Found:
    if isinstance(error, RecordUnreadable):
        return fault(str(error), MEND)
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return Found(State.FAULT, str(error), REACH, ends=True, unreachable=True)
    denied = cause.response["Error"]["Code"] in DENIED
    return unknown(str(error), MAY_READ) if denied else fault(str(error), "See what DynamoDB says.")
