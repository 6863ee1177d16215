"""No command writes a secret: not what it was given, not what Airflow gave it, whatever answers with that."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import typer

from drs_recovery.cli import secrets
from drs_recovery.cli.app import app
from drs_recovery.settings import settings
from tests.recovery.cli.airflow_stub import Stub, take_everything
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.cli.execution_story import PAGED

if TYPE_CHECKING:
    from pathlib import Path

    from tests.recovery.cli.execution_story import Story

PASSWORD, TOKEN = "hunter2'\"\\rabbit", "t0ken.of'airflow.rabbit"
TOLD = ("hunter2", "t0ken.of", "rabbit")
"""Parts of them that are nowhere to be read."""

WHY = ("--reason", "looks right")
COMMANDS = {
    "check": ("check", "dags/plans"),
    "new": ("new", "{folder}"),
    "groups": ("groups",),
    "preview": ("preview", "web_shop"),
    "settings": ("settings", "web_shop"),
    "init": ("init",),
    "doctor": ("doctor",),
    "run": ("run", "web_shop"),
    "run --no-follow": ("run", "web_shop", "--no-follow"),
    "run --approve": ("run", "web_shop", "--approve"),
    "watch": ("watch", "{live}"),
    "approve": ("approve", "{live}", *WHY),
    "reject": ("reject", "{live}", *WHY),
    "list": ("list",),
    "show": ("show", "{live}"),
    "queue": ("queue",),
    "tier": ("tier", "{live}", "1", *WHY),
    "cancel": ("cancel", "{live}", *WHY),
    "clean-up": ("clean-up", "{ended}", "--no-follow", *WHY),
    "run-again": ("run-again", "{ended}", "note", *WHY),
    "skip": ("skip", "{ended}", "note", *WHY),
    "unlock": ("unlock", "web_shop", *WHY),
    "whoami": ("whoami",),
}
WITHOUT_AIRFLOW = {"check", "groups", "list", "new", "preview", "queue", "settings", "show"}
ECHOES: dict[str, Any] = {
    "refused": lambda *sent: (403, {"detail": f"not with {sent}"}),
    "invalid": lambda *sent: (422, {"detail": [{"loc": ["body"], "msg": f"not {sent}"}, str(sent)]}),
    "broken": lambda *sent: (500, f"<h1>Oops</h1> {json.dumps(sent)}"),
}
"""Airflow, and proxies before it, that answer with what they were sent."""


@pytest.fixture
def shown(story: Any, stub: Stub, no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Story]:
    """Give an execution at a gate, and one that ended, and an Airflow that takes all that alice sends."""
    shown = {"ended": story(plan=PAGED).to_the_end(), "live": story().to_the_second_gate()}
    for name, value in {"URL": stub.url, "USER": "alice", "PASSWORD": PASSWORD}.items():
        monkeypatch.setenv(f"RECOVERY_AIRFLOW_{name}", value)
    settings.cache_clear()
    monkeypatch.setattr(secrets, "_read", set())
    take_everything(stub, shown["live"].run_id, TOKEN)
    stub.on(f"PATCH /api/v2/dags/web_shop/dagRuns/{shown['ended'].run_id}", (200, {}))
    return shown


def test_every_command_is_walked() -> None:
    """A new one gets its row."""
    assert {arguments[0] for arguments in COMMANDS.values()} == set(typer.main.get_group(app).commands)


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_tells_what_airflow_repeats(
    command: str, echo: str, shown: dict[str, Story], stub: Stub, tmp_path: Path
) -> None:
    """Whichever request is the first that is answered so: neither on a screen, nor in JSON, nor on record.

    The password is repeated where they sign in, and the token that this gave, wherever they go with it.
    """
    named = {name: it.id for name, it in shown.items()} | {"folder": tmp_path / "new"}
    arguments = [part.format(**named) for part in COMMANDS[command]]
    written = ""
    stub.echo, stub.good = ECHOES[echo], -1
    while len(stub.requests) > stub.good:
        stub.good += 1
        stub.requests.clear()
        result = recovery(*arguments, *(["--json"] if echo == "invalid" else []))
        assert result.exit_code in {0, 1, 3, 4, 130}, result.output
        written += result.output
    items = json.dumps(shown["live"].client.scan(TableName=settings().table)["Items"])
    for part in TOLD:
        assert part not in written + items
    assert ("***" in written) is (command not in WITHOUT_AIRFLOW)
