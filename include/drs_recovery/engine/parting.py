"""What is done instead when DRS does not start a batch: an answer about one server decides for no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.aws.utils.errors import Cause, cause_of, retry_after
from drs_recovery.engine.blame import halves, is_about_what_is_named, is_too_large, named
from drs_recovery.engine.jobs import find_blocking, job_text, servers_of
from drs_recovery.engine.launchable import left_out

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from botocore.exceptions import BotoCoreError, ClientError

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.record.models import Execution

LOOK_AGAIN = 10.0
"""Seconds until a job whose answer was lost is looked for again."""

CAPACITY = 30.0
"""Seconds until a quota that was exhausted is tried again."""


class TryLater(Exception):
    """What cannot be started now and may be later: in ``seconds``, or when ``jobs`` have ended."""

    def __init__(self, reason: str, *, seconds: float = 0, jobs: Sequence[str] = ()) -> None:
        self.reason = reason
        self.seconds = seconds
        self.jobs = tuple(jobs)
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


def pause(error: ClientError | BotoCoreError) -> TryLater | None:
    """Return how long to wait before what failed is tried again; None if no time would help."""
    cause = cause_of(error)
    if cause is Cause.PASSING:
        return TryLater(str(error), seconds=max(LOOK_AGAIN, retry_after(error)))
    if cause is Cause.QUOTA:
        return TryLater(str(error), seconds=CAPACITY)
    return None


def part(
    hook: DrsHook,
    record: Execution,
    servers: tuple[str, ...],
    error: ClientError | BotoCoreError,
    *,
    again: bool,
) -> Parted | TryLater | None:
    """Return what to do in place of the StartRecovery that was refused; None if nothing would help.

    ``again`` says that the same servers were refused before. What DRS is asked here may fail as well: that is
    waited for, where it may pass.
    """
    if is_too_large(error) and len(servers) > 1:
        return Parted(str(error), parts=halves(servers))
    if cause_of(error) is Cause.BUSY:
        return _busy(hook, record, servers, error, again=again)
    return pause(error) or _blamed(hook, servers, error)


def _busy(
    hook: DrsHook, record: Execution, servers: tuple[str, ...], error: Exception, *, again: bool
) -> Parted | TryLater:
    """Start those that no job holds; each of the others waits for the job that holds it, and for no other."""
    held = list(_held(hook, record, servers, error))
    waiting = {server for each in held for server in each.servers}
    if waiting:
        rest = tuple(server for server in servers if server not in waiting)
        return Parted(str(error), parts=[rest], held=held)
    if again and len(servers) > 1:
        return Parted(str(error), parts=halves(servers))
    # A job may not show yet
    return TryLater(f"{error} Held by no running job that DRS shows.", seconds=LOOK_AGAIN)


def _held(hook: DrsHook, record: Execution, servers: Sequence[str], error: Exception) -> Iterator[Held]:
    left = set(servers)
    for job in find_blocking(hook, record, servers):
        if holds := left & servers_of(job):
            wait = TryLater(f"{error} Held by {job_text(job)}.", seconds=LOOK_AGAIN, jobs=[job["jobID"]])
            yield Held(tuple(server for server in servers if server in holds), wait)
            left -= holds
    if unseen := named(error, servers) & left:
        text = f"{error} Held by no running job that DRS shows."
        yield Held(tuple(sorted(unseen)), TryLater(text, seconds=LOOK_AGAIN))


def _blamed(hook: DrsHook, servers: tuple[str, ...], error: ClientError | BotoCoreError) -> Parted | None:
    """Leave out the servers that an error is about; halve the batch where nobody says which those are."""
    text = str(error)
    out = left_out(hook, servers) if is_about_what_is_named(error) else {}
    out = out or dict.fromkeys(named(error, servers), text)
    if out:
        rest = tuple(server for server in servers if server not in out)
        return Parted(text, parts=[rest], refused=out)
    if is_about_what_is_named(error) and len(servers) > 1:
        return Parted(text, parts=halves(servers))
    return None
