"""The launch settings of a server that an execution changes, and of a drill that are to be put back."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from pydantic import Field

from drs_recovery.record.base import AwsId, FreeText, Label, Record, RunId, Time
from drs_recovery.record.enums import CleanupStatus, RecordedEnum
from drs_recovery.text.values import setting_text

if TYPE_CHECKING:
    from datetime import datetime

    from drs_recovery.record.parts import Approval

CLAIM = timedelta(minutes=2)
"""So long the settings of a server are held by a process that puts them back, and may have died."""


class SettingsStatus(RecordedEnum):
    """How the launch settings of a server stand that an execution wants otherwise.

    CHANGING: from what is on record to what is wanted, and nobody has seen the end of that. APPLIED: they
    were read back as they are wanted. PUTTING_BACK: they are written as they were before, and no start may
    use them meanwhile. PUT_BACK: they are as they were before; LEFT: but for what somebody changed
    meanwhile, which is left as it is.
    """

    CHANGING = "CHANGING"
    APPLIED = "APPLIED"
    PUTTING_BACK = "PUTTING_BACK"
    PUT_BACK = "PUT_BACK"
    LEFT = "LEFT"

    @property
    def changed(self) -> bool:
        """Whether the settings may be other than they were."""
        return self not in {SettingsStatus.PUT_BACK, SettingsStatus.LEFT}


class SettingChange(Record):
    """One setting: what it was before and what is wanted, as JSON text; absent: not set.

    ``key`` is that of a plan's ``launch``; each tag and each volume has its own, such as ``tags.Owner``.
    """

    key: str
    before: str | None = None
    wanted: str | None = None

    @classmethod
    def of(cls, key: str, before: object, wanted: object) -> Self:
        """Return a change from one value to another."""
        return cls(key=key, before=_written(before), wanted=_written(wanted))

    @property
    def before_value(self) -> Any:
        """What was there."""
        return _read(self.before)

    @property
    def wanted_value(self) -> Any:
        """What is wanted."""
        return _read(self.wanted)

    def __str__(self) -> str:
        return f"{self.key} {setting_text(self.before_value)} → {setting_text(self.wanted_value)}"


def _written(value: object) -> str | None:
    return None if value is None else json.dumps(value, sort_keys=True)


def _read(text: str | None) -> Any:
    return None if text is None else json.loads(text)


class ServerSettings(Record):
    """The launch settings of one server: an item of its own, written before anything of them is changed.

    ``changes`` are those that are not as they were; ``template_version`` is the default version of the EC2
    launch template ``template_id`` as it was. ``stays``: after a RECOVERY nothing is put back. ``note`` is
    what was not put back, and why.
    """

    source_server_id: AwsId = Field(alias="sourceServerID")
    wave_number: int
    attempt: int
    status: SettingsStatus
    changes: tuple[SettingChange, ...] = ()
    template_id: Label | None = None
    template_version: int | None = None
    stays: bool | None = None
    note: FreeText | None = None
    time: Time

    def is_held(self, at: datetime) -> bool:
        """Whether a process may be putting them back at that time."""
        return self.status is SettingsStatus.PUTTING_BACK and at < self.time + CLAIM


class PutBack(Record):
    """How far it is that the launch settings of a drill are put back: an item of its own, like a clean-up.

    It is ordered before the first setting is changed, so that no crash comes between; it is done once the
    drill has ended. ``servers`` are how many were put back, ``left`` those of which something was not.
    """

    status: CleanupStatus = CleanupStatus.PENDING
    time: Time
    attempt: int = 1
    dag_run_id: RunId | None = None
    servers: int | None = None
    left: tuple[str, ...] = ()
    failure: FreeText | None = None
    due: Time | None = Field(default=None, alias="cleanupDue")

    @property
    def approval(self) -> Approval | None:
        """Nobody is asked."""
        return None

    @property
    def job_ids(self) -> tuple[str, ...]:
        """It starts no job."""
        return ()

    def wave_of(self, job_id: str) -> int:
        """Return the wave of a job; there is none."""
        raise KeyError(job_id)

    @property
    def count(self) -> int | None:
        """Of how many servers settings were put back."""
        return self.servers
