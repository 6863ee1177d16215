"""What is on record of a source server: an item of its own, beside the record of the execution."""

from __future__ import annotations

from pydantic import Field

from drs_recovery.record.base import AwsId, FreeText, Label, Record, Time
from drs_recovery.record.enums import ActionsStatus, ChecksStatus, LaunchStatus


class ServerCheck(Record):
    """A check of a launched server: since when it is looked at, and what the last look found that differs.

    ``in_a_row``: how often workers found it true one after the other; what a trigger counts is not kept.
    """

    name: Label
    status: ChecksStatus = ChecksStatus.IN_PROGRESS
    optional: bool | None = None
    since: Time
    found: FreeText | None = None
    in_a_row: int | None = None


class ServerRecord(Record):
    """A source server of an execution and what became of it; ``launch_status`` is absent before its job.

    ``optional``: its wave does not need it; absent if it does. ``actions_due`` is how many actions
    must succeed after its launch, absent while that is not known; ``actions_status`` is absent without any.
    ``checks_status`` is how far those of its checks are that are not optional, absent before its launch.

    ``point_wanted`` is which recovery point was chosen when the execution opened, as text; absent: the latest
    data. It is launched from the snapshot that was frozen then, whose data are of ``recovery_point``, or not
    at all.
    """

    source_server_id: AwsId = Field(alias="sourceServerID")
    hostname: Label | None = None
    name: Label | None = None
    wave_number: int
    optional: bool | None = None
    point_wanted: Label | None = None
    recovery_snapshot_id: AwsId | None = Field(default=None, alias="recoverySnapshotID")
    recovery_point: Time | None = None
    attempt: int = 1
    job_id: AwsId | None = None
    launch_status: LaunchStatus | None = None
    actions_due: int | None = None
    actions_status: ActionsStatus | None = None
    recovery_instance_id: AwsId | None = None
    private_ip: str | None = None
    phase: str | None = None
    phase_since: Time | None = None
    checks: tuple[ServerCheck, ...] = ()
    checks_status: ChecksStatus | None = None
    error: FreeText | None = None
    launch_start_time: Time | None = None
    end_time: Time | None = None

    @property
    def launched(self) -> bool:
        """Whether its job launched an instance; DRS reports FAILED for a launch whose action failed, too."""
        return self.launch_status is LaunchStatus.LAUNCHED or self.actions_status is not None

    @property
    def acting(self) -> bool:
        """Whether post-launch actions that must succeed run on it, or are still to come."""
        return self.actions_status is ActionsStatus.IN_PROGRESS

    @property
    def recovered(self) -> bool:
        """Whether it is LAUNCHED, and all that must succeed after that has."""
        done = self.actions_status in {None, ActionsStatus.SUCCEEDED}
        return self.launch_status is LaunchStatus.LAUNCHED and done

    @property
    def check_text(self) -> str | None:
        """Which check failed, or else is waited for, and what it found; None where there is none."""
        for status, verb in ((ChecksStatus.FAILED, "failed"), (ChecksStatus.IN_PROGRESS, "is waited for")):
            for check in self.checks:
                if check.status is status and not check.optional:
                    found = f": {check.found}" if check.found else ""
                    return f"check {check.name!r} {verb}{found}"
        return None

    @property
    def label(self) -> str:
        """The server as people know it: hostname, Name tag and id."""
        known = [name for name in (self.hostname, self.name, self.source_server_id) if name]
        return known[0] if len(known) == 1 else f"{known[0]} ({', '.join(known[1:])})"
