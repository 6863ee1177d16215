"""The launch settings that an execution changed, and whether they are put back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.server_settings import SettingsStatus
from drs_recovery.text.values import plural, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.record.server_settings import PutBack, ServerSettings


def settings_rows(settings: Sequence[ServerSettings]) -> list[tuple[str, str, str]]:
    """Return of each server its id, how its settings stand, and what was changed."""
    return [(one.source_server_id, _status(one), _changes(one)) for one in settings]


def put_back_text(put_back: PutBack | None) -> str | None:
    """Return how far it is that settings are put back; None where nothing is."""
    if put_back is None:
        return None
    if put_back.status is CleanupStatus.DONE:
        left = f", {len(put_back.left)} of them not as they were" if put_back.left else ""
        return f"put back at {timestamp(put_back.time)}: {plural(put_back.servers or 0, 'server')}{left}"
    text = "to be put back once the drill has ended"
    return f"{text}; last time: {put_back.failure}" if put_back.failure else text


def _status(settings: ServerSettings) -> str:
    stays = settings.stays and settings.status is SettingsStatus.APPLIED
    return f"{settings.status}, stays" if stays else settings.status


def _changes(settings: ServerSettings) -> str:
    changes = ", ".join(map(str, settings.changes)) or "as they were already"
    return f"{changes}; {settings.note}" if settings.note else changes
