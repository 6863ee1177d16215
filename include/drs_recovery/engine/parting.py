"""What is done instead when DRS does not start a batch: an answer about one server decides for no other."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import ClientError

from drs_recovery.aws.utils.errors import Cause, cause_of, retry_after, said
from drs_recovery.engine.jobs import find_blocking, job_text, servers_of
from drs_recovery.engine.launchable import left_out

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from botocore.exceptions import BotoCoreError

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.models import Execution

LOOK_AGAIN = 10.0
"""Seconds until a job whose answer was lost is looked for again."""

CAPACITY = 30.0
"""Seconds until a quota that was exhausted is tried again."""


ABOUT_WHAT_IS_NAMED = frozenset({"ConflictException", "ResourceNotFoundException", "ValidationException"})
"""Codes of errors about something that a request names, whether or not they say what."""

SERVERS_PER_JOB = 100
"""What the quota of source servers in one job is everywhere; a larger wave is started in batches."""

SERVERS_IN_JOB = "L-B827C881"
"""The quota of source servers in one job: what exceeds it is too large, and no waiting makes room."""

_ID = re.compile(r"(?<![0-9a-zA-Z-])(?:s|i)-[0-9a-zA-Z]{8,17}(?![0-9a-zA-Z])")


class TryLater(Exception):
    """What cannot be started now and may be later: in ``seconds``, or when ``jobs`` have ended.

    ``no_room`` says that DRS takes no more jobs now, or no more servers in jobs.
    """

    def __init__(
        self, reason: str, *, seconds: float = 0, jobs: Sequence[str] = (), no_room: bool = False
    ) -> None:
        self.reason = reason
        self.seconds = seconds
        self.jobs = tuple(jobs)
        self.no_room = no_room
        super().__init__(reason)


class Held(NamedTuple):
    """Servers that wait, and for what."""

    servers: tuple[str, ...]
    wait: TryLater


class Parted(Exception):
    """A batch that is not started as it is: what becomes of its servers instead.

    ``parts`` are sent now, each as a batch of its own; ``held`` wait; ``refused`` are not started, and why.
    """

    def __init__(
        self,
        text: str,
        *,
        parts: Sequence[tuple[str, ...]] = (),
        held: Sequence[Held] = (),
        refused: Mapping[str, str] | None = None,
    ) -> None:
        self.parts = tuple(part for part in parts if part)
        self.held = tuple(held)
        self.refused = dict(refused or {})
        super().__init__(text)


def pause(error: Exception) -> TryLater | None:
    """Return how long to wait before what failed is tried again; None if no time would help."""
    cause = cause_of(error)
    if cause is Cause.PASSING:
        return TryLater(str(error), seconds=max(LOOK_AGAIN, retry_after(error)))
    if cause is Cause.QUOTA:
        return TryLater(str(error), seconds=CAPACITY, no_room=True)
    return None


def part(
    hook: DrsHook,
    record: Execution,
    servers: tuple[str, ...],
    error: ClientError | BotoCoreError,
    *,
    again: bool,
    snapshots: Mapping[str, str],
) -> Parted | TryLater | None:
    """Return what to do in place of the StartRecovery that was refused; None if nothing would help.

    ``again`` says that the same servers were refused before; ``snapshots`` are what they start from, by
    server. What DRS is asked here may fail as well: that is waited for, where it may pass.
    """
    if is_too_large(error) and len(servers) > 1:
        return Parted(str(error), parts=halves(servers))
    if cause_of(error) is Cause.BUSY:
        return _busy(hook, record, servers, error, again=again)
    return pause(error) or _blamed(hook, servers, error, snapshots)


def _busy(
    hook: DrsHook, record: Execution, servers: tuple[str, ...], error: Exception, *, again: bool
) -> Parted | TryLater:
    """Start those that no job holds; each of the others waits for the job that holds it, and for no other."""
    held = list(_held_by_jobs(hook, record, servers, error))
    waiting = {server for each in held for server in each.servers}
    if waiting:
        rest = tuple(server for server in servers if server not in waiting)
        return Parted(str(error), parts=[rest], held=held)
    if again and len(servers) > 1:
        return Parted(str(error), parts=halves(servers))
    # A job may not show yet
    return TryLater(f"{error} Held by no running job that DRS shows.", seconds=LOOK_AGAIN)


def _held_by_jobs(
    hook: DrsHook, record: Execution, servers: Sequence[str], error: Exception
) -> Iterator[Held]:
    left = set(servers)
    for job in find_blocking(hook, record, servers):
        if holds := left & servers_of(job):
            wait = TryLater(f"{error} Held by {job_text(job)}.", seconds=LOOK_AGAIN, jobs=[job["jobID"]])
            yield Held(tuple(server for server in servers if server in holds), wait)
            left -= holds
    if unseen := named(error, servers) & left:
        text = f"{error} Held by no running job that DRS shows."
        yield Held(tuple(sorted(unseen)), TryLater(text, seconds=LOOK_AGAIN))


def _blamed(
    hook: DrsHook,
    servers: tuple[str, ...],
    error: ClientError | BotoCoreError,
    snapshots: Mapping[str, str],
) -> Parted | None:
    """Leave out the servers that an error is about; halve the batch where nobody says which those are."""
    text = said(error)
    out = left_out(hook, servers, snapshots) if is_about_what_is_named(error) else {}
    out = out or dict.fromkeys(named(error, servers), text)
    if out:
        rest = tuple(server for server in servers if server not in out)
        return Parted(text, parts=[rest], refused=out)
    if is_about_what_is_named(error) and len(servers) > 1:
        return Parted(text, parts=halves(servers))
    return None


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
