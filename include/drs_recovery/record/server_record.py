"""What is on record of a source server: an item of its own, beside the record of the execution."""

from __future__ import annotations

from pydantic import Field

from drs_recovery.record.base import AwsId, Label, Record, Time, Words
from drs_recovery.record.enums import LaunchStatus


class ServerRecord(Record):
    """A source server of an execution and what became of it; ``launch_status`` is absent before its job.

    ``optional`` says that its wave does not need it; absent if it does.
    """

    source_server_id: AwsId = Field(alias="sourceServerID")
    hostname: Label | None = None
    name: Label | None = None
    wave_number: int
    optional: bool | None = None
    attempt: int = 1
    job_id: AwsId | None = None
    launch_status: LaunchStatus | None = None
    recovery_instance_id: AwsId | None = None
    private_ip: str | None = None
    phase: str | None = None
    phase_since: Time | None = None
    error: Words | None = None
    launch_start_time: Time | None = None
    end_time: Time | None = None

    @property
    def label(self) -> str:
        """The server as people know it: hostname, Name tag and id."""
        known = [word for word in (self.hostname, self.name, self.source_server_id) if word]
        return known[0] if len(known) == 1 else f"{known[0]} ({', '.join(known[1:])})"
