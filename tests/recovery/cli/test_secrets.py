"""No command writes a secret: not what it was given, not what Airflow gave it, whatever answers with that."""

from __future__ import annotations

import json
from datetime import timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import typer
from airflow_stub import Stub
from cli_surroundings import recovery

from recovery.cli import follow, rest, secrets
from recovery.cli.app import app
from recovery.cli.commands import answer, cancel
from recovery.cli.words import now
from recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from execution_story import Story

PASSWORD, TOKEN = "hunter2'\"\\rabbit", "t0ken.of'airflow.rabbit"
TOLD = ("hunter2", "t0ken.of", "rabbit")
"""Parts of them that are nowhere to be read."""

WHY = ("--reason", "looks right")
COMMANDS = {
    "check": ("check", "dags/plans"),
    "init": ("init",),
    "run": ("run", "web_shop"),
    "run --no-follow": ("run", "web_shop", "--no-follow"),
    "run --approve": ("run", "web_shop", "--approve"),
    "watch": ("watch", "{live}"),
    "approve": ("approve", "{live}", *WHY),
    "reject": ("reject", "{live}", *WHY),
    "list": ("list",),
    "show": ("show", "{live}"),
    "cancel": ("cancel", "{live}", *WHY),
    "clean-up": ("clean-up", "{ended}", "--no-follow", *WHY),
    "unlock": ("unlock", "web_shop", *WHY),
    "whoami": ("whoami",),
}
WITHOUT_AIRFLOW = {"check", "list", "show"}
ECHOES: dict[str, Any] = {
    "refused": lambda *sent: (403, {"detail": f"not with {sent}"}),
    "invalid": lambda *sent: (422, {"detail": [{"loc": ["body"], "msg": f"not {sent}"}, str(sent)]}),
    "broken": lambda *sent: (500, f"<h1>Oops</h1> {json.dumps(sent)}"),
}
"""Airflow, and proxies before it, that answer with what they were sent."""


@pytest.fixture
def airflow(story: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Stub, dict[str, Story]]]:
    """Give an Airflow that takes all that alice sends, an execution at a gate, and one that ended."""
    told = {"ended": story().to_the_end(), "live": story().to_the_second_gate()}
    with Stub() as stub:
        for name, value in {"URL": stub.url, "USER": "alice", "PASSWORD": PASSWORD}.items():
            monkeypatch.setenv(f"RECOVERY_AIRFLOW_{name}", value)
        monkeypatch.setattr(secrets, "_read", set())
        monkeypatch.setattr(answer, "TAKEN_UP", 0)
        monkeypatch.setattr(cancel, "LONGEST_WAIT", 0)
        monkeypatch.setattr(rest, "time", SimpleNamespace(sleep=lambda _: None))
        monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=_interrupt))
        settings.cache_clear()
        _take_everything(stub, told["live"].run_id)
        yield stub, told


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def _take_everything(stub: Stub, run_id: str) -> None:
    """Let every command get as far as it can."""
    parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
    stub.on("POST /auth/token", (201, {"access_token": TOKEN}))
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    stub.on("GET /api/v2/monitor/health", (200, {part: {"status": "healthy"} for part in parts}))
    stub.on("GET /api/v2/pools/recovery", (200, {"name": "recovery", "slots": 1}))
    stub.on("PATCH /api/v2/pools/recovery", (200, {}))
    stub.on("GET /api/v2/dags/~/dagRuns", (200, {"dag_runs": []}))
    run = {"dag_run_id": run_id, "state": "running"}
    for dag_id in ("web_shop", "recovery_clean_up"):
        dag = f"/api/v2/dags/{dag_id}"
        known = {"dag_id": dag_id, "is_paused": False, "is_stale": False, "tags": []}
        stub.on(f"GET {dag}/details", (200, known))
        stub.on(f"PATCH {dag}", (200, known))
        stub.on(f"POST {dag}/dagRuns", (200, run | {"dag_id": dag_id}))
        stub.on(f"GET {dag}/dagRuns/{run_id}", (200, run | {"dag_id": dag_id}))
        stub.on(f"PATCH {dag}/dagRuns/{run_id}", (200, {}))
    task = f"/api/v2/dags/web_shop/dagRuns/{run_id}/taskInstances/appwave2.approve"
    waits = {"task_id": "appwave2.approve", "state": "awaiting_input"}
    asked = (now() - timedelta(minutes=1)).isoformat()
    gate = {"subject": "Start?", "created_at": asked, "task_instance": waits}
    stub.on(f"GET {task}/-1/hitlDetails", (200, gate))
    stub.on(f"PATCH {task}/-1/hitlDetails", (200, {}))


def test_every_command_is_walked() -> None:
    """A new one gets its row."""
    assert {arguments[0] for arguments in COMMANDS.values()} == set(typer.main.get_group(app).commands)


@pytest.mark.parametrize(("echo", "more"), [("refused", []), ("invalid", ["--json"]), ("broken", [])])
@pytest.mark.parametrize("command", COMMANDS)
def test_no_command_tells_what_airflow_repeats(
    command: str, echo: str, more: list[str], airflow: tuple[Stub, dict[str, Story]], local_aws: Any
) -> None:
    """Whichever request is the first that is answered so: neither on a screen, nor in JSON, nor on record.

    The password is repeated where they sign in, and the token that this gave, wherever they go with it.
    """
    stub, told = airflow
    arguments = [part.format(**{name: it.id for name, it in told.items()}) for part in COMMANDS[command]]
    written = ""
    stub.echo, stub.good = ECHOES[echo], -1
    while len(stub.requests) > stub.good:
        stub.good += 1
        stub.requests.clear()
        result = recovery(*arguments, *more)
        assert result.exit_code in {0, 1, 3, 4, 130}, result.output
        written += result.output
    items = json.dumps(local_aws.client("dynamodb").scan(TableName=settings().table)["Items"])
    for part in TOLD:
        assert part not in written + items
    assert ("***" in written) is (command not in WITHOUT_AIRFLOW)
