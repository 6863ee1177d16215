"""Looking at everything, one check after another: none that fails keeps the others from being made."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from drs_recovery.cli.doctor.finding import Found, State, fault, unknown
from drs_recovery.cli.secrets import hide
from drs_recovery.errors import AirflowRefused, AirflowUnreachable, RecordUnavailable
from drs_recovery.text.denials import DENIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from drs_recovery.cli.doctor.looks import Installation

    Check = Callable[[Installation], Iterator[Found]]

SOMEBODY_ELSE = "Ask as a user who may see it: `--user`."
MAY_READ = "Ask as a role with the rights of docs/iam/doctor.json."
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
        message, _, cure = str(error).partition("\n")
        yield Found(State.FAULT, message, cure or None, ends=True, unreachable=True)
    except AirflowRefused as error:
        yield unknown(str(error), SOMEBODY_ELSE)
    except RecordUnavailable as error:
        yield _of_the_record(error)


def _of_the_record(error: RecordUnavailable) -> Found:
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return Found(State.FAULT, str(error), REACH, ends=True, unreachable=True)
    denied = cause.response["Error"]["Code"] in DENIED
    return unknown(str(error), MAY_READ) if denied else fault(str(error), "See what DynamoDB says.")
