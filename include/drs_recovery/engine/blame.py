"""Whom an error of AWS is about: an answer about one source server decides for no other."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Collection

ABOUT_WHAT_IS_NAMED = frozenset({"ConflictException", "ResourceNotFoundException", "ValidationException"})
"""Codes of errors about something that a request names, whether or not they say what."""

SERVERS_IN_JOB = "L-B827C881"
"""The quota of source servers in one job: what exceeds it is too large, and no waiting makes room."""

_ID = re.compile(r"(?<![0-9a-zA-Z-])(?:s|i)-[0-9a-zA-Z]{8,17}(?![0-9a-zA-Z])")


def named(error: Exception, ids: Collection[str]) -> set[str]:
    """Return those of a request's ids that an error singles out, in its message or in its members.

    An error that names all of them singles out none, unless there is but one.
    """
    message = str(error)
    if isinstance(error, ClientError):
        message += json.dumps(
            {k: v for k, v in error.response.items() if k != "ResponseMetadata"}, default=str
        )
    found = set(_ID.findall(message)) & set(ids)
    return found if len(found) < len(set(ids)) or len(found) == 1 else set()


def is_about_what_is_named(error: Exception) -> bool:
    """Whether an error may be about some of what a request names, and not about the request."""
    return isinstance(error, ClientError) and error.response["Error"]["Code"] in ABOUT_WHAT_IS_NAMED


def is_too_large(error: Exception) -> bool:
    """Whether a job was refused for the number of its servers alone."""
    return isinstance(error, ClientError) and error.response.get("quotaCode") == SERVERS_IN_JOB


def halves(ids: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return two halves, to find out whom an error is about; a single one cannot be halved."""
    middle = len(ids) // 2
    return [ids[:middle], ids[middle:]] if middle else []
