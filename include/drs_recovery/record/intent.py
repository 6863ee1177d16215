"""An intent: what is on record of a StartRecovery before it is called, and what became of it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, NamedTuple

from pydantic import Field

from drs_recovery.record.base import AwsId, FreeText, Record, Time
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from datetime import datetime, timedelta

NO_JOB = "no job came of"
"""The refusal of an intent begins so if DRS showed no job of it."""


class Intent(Record):
    """Written before StartRecovery is called, so that no crash can hide a job.

    Open until it has either ``job_id`` or ``refusal``: AWS's own message when it definitely refused the call.
    ``lost``: the answer to a call for these servers was not heard, and DRS showed no job of it for so
    long: one may show all the same, also when they are announced again, whether or not that made a job.
    ``intent_id`` distinguishes the intent of a process from that of another that wants the same batch.

    In the record ``servers`` is empty: ``servers_item`` names the item that holds them, and ``server_count``
    is how many they are. ``drs_recovery.store.intents`` reads them.
    """

    attempt: int
    batch: int
    servers: tuple[str, ...] = ()
    server_count: int | None = None
    servers_item: str | None = None
    time: Time
    job_id: AwsId | None = None
    refusal: FreeText | None = None
    lost: bool | None = None
    intent_id: str = Field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def count(self) -> int:
        """For how many servers it is, listed here or in an item of their own."""
        return len(self.servers) if self.server_count is None else self.server_count

    @property
    def open(self) -> bool:
        """Whether nobody knows yet what became of the call."""
        return self.job_id is None and self.refusal is None

    @property
    def may_show(self) -> bool:
        """Whether a job of an earlier call may show; releases without ``lost`` put it into the refusal."""
        return bool(self.lost) or (self.refusal or "").startswith(NO_JOB)


class Adopted(NamedTuple):
    """The call of an intent started this job."""

    job_id: str


class StillOpen(NamedTuple):
    """DRS shows no job of an intent yet, and may until then."""

    until: datetime


class NoJob(NamedTuple):
    """DRS has shown no job of an intent for so long that its servers may be sent again, and why."""

    refusal: str


Resolution = Adopted | StillOpen | NoJob


def resolve(intent: Intent, found: str | None, at: datetime, window: timedelta) -> Resolution:
    """Return what became of an intent, of whose calls DRS shows the job ``found``, or none.

    A job is expected to show within the window after it was announced; no other call for its servers is sent
    meanwhile. One may show later all the same: see ``Intent.may_show``.
    """
    if job_id := intent.job_id or found:
        return Adopted(job_id)
    until = intent.time + window
    if at < until:
        return StillOpen(until)
    announced = f"StartRecovery for {intent.count} servers was announced at {intent.time:%H:%M:%S} UTC"
    return NoJob(f"{NO_JOB} it: {announced}, and DRS showed none within {duration_text(window)}")
