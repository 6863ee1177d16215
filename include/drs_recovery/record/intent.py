"""An intent: what is on record of a StartRecovery before it is called, and what became of it."""

from __future__ import annotations

import uuid

from pydantic import Field

from drs_recovery.record.base import AwsId, Record, Time, Words

NO_JOB = "no job came of"
"""The refusal of an intent of which DRS showed no job begins so."""


class Intent(Record):
    """Written before StartRecovery is called, so that no crash can hide a job.

    Open until it has either ``job_id`` or ``refusal``: AWS's own words when it definitely refused the call.
    ``lost`` says that the answer to a call for these servers was not heard, and that DRS showed no job of it
    for so long: one may show all the same, also when they are announced again, and whatever that came to.
    ``intent_id`` tells a process its own intent from that of another that wants the same batch.

    In the record ``servers`` is empty: ``servers_item`` names the item that holds them, and ``server_count``
    says how many they are. ``drs_recovery.store.intents`` reads them.
    """

    attempt: int
    batch: int
    servers: tuple[str, ...] = ()
    server_count: int | None = None
    servers_item: str | None = None
    time: Time
    job_id: AwsId | None = None
    refusal: Words | None = None
    lost: bool | None = None
    intent_id: str = Field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def count(self) -> int:
        """For how many servers it is, wherever they are."""
        return len(self.servers) if self.server_count is None else self.server_count

    @property
    def open(self) -> bool:
        """Whether nobody knows yet what became of the call."""
        return self.job_id is None and self.refusal is None

    @property
    def may_show(self) -> bool:
        """Whether a job may show of an earlier call; releases that wrote no ``lost`` said so in words."""
        return bool(self.lost) or (self.refusal or "").startswith(NO_JOB)
