"""`show` has the launch settings that an execution changed, and how far it is that they are put back."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from drs_recovery.cli.app import app
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.record.server_settings import PutBack, ServerSettings, SettingChange, SettingsStatus
from drs_recovery.store.server_settings import write_put_back, write_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.recovery.cli.execution_story import Story

AT = datetime(2026, 3, 1, 4, tzinfo=UTC)


def show(*options: str) -> str:
    return CliRunner().invoke(app, ["show", "web_shop", *options], env={"COLUMNS": "200"}).stdout


def test_what_was_changed_and_left_is_shown(story: Callable[..., Story]) -> None:
    """In words, and in JSON as the record holds it; an execution that changed nothing shows nothing of it."""
    shop = story()
    shop.to_the_end()
    assert json.loads(show("--json"))["launchSettings"] == []
    settings = ServerSettings(
        source_server_id="s-000000000000db001",
        wave_number=0,
        attempt=1,
        status=SettingsStatus.LEFT,
        changes=(
            SettingChange.of("instance_type", "m5.large", "t3.small"),
            SettingChange.of("subnet", None, "subnet-1"),
        ),
        note="s-000000000000db001: somebody changed since the drill began: subnet subnet-2",
        time=AT,
    )
    shop.store.run(write_settings(shop.id, settings, None))
    done = PutBack(status=CleanupStatus.DONE, time=AT, servers=1, left=("s-000000000000db001",))
    shop.store.run(write_put_back(shop.id, done, None))
    shown = " ".join(show().split())
    assert (
        "LEFT instance_type m5.large → t3.small, subnet none → subnet-1; s-000000000000db001: some" in shown
    )
    assert "put back at 2026-03-01 04:00:00Z: 1 server, 1 of them not as they were" in shown
    document: dict[str, Any] = json.loads(show("--json"))
    assert document["launchSettings"][0]["changes"][0] == {
        "key": "instance_type",
        "before": '"m5.large"',
        "wanted": '"t3.small"',
    }
    assert document["putBack"]["left"] == ["s-000000000000db001"]
