"""A table on local AWS, and executions of a small shop told step by step through the product's own store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.cli import follow, rest
from drs_recovery.cli.commands import answer, cancel
from drs_recovery.cli.record import open_store
from drs_recovery.cli.screen import Screen
from drs_recovery.settings import settings
from drs_recovery.store.table import create_table
from tests.recovery.cli.airflow_stub import Stub
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW, recorder
from tests.recovery.cli.execution_story import Story
from tests.recovery.cli.spoilt import World
from tests.recovery.cli.well import make_well

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from drs_recovery.store.store import ExecutionStore


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Keep the settings and passwords of whoever runs the tests out of them."""
    for name in ("USER", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"RECOVERY_AIRFLOW_{name}", raising=False)
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", NO_AIRFLOW)
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")  # as `prepare` does
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def store(local_aws: Any) -> ExecutionStore:
    """Give the store of an empty table."""
    create_table(local_aws.client("dynamodb"), settings().table)
    return open_store()


@pytest.fixture
def story(store: ExecutionStore, local_aws: Any) -> Callable[..., Story]:
    """Give what begins an execution of the shop."""
    start, client = datetime(2026, 3, 1, 3, 0, tzinfo=UTC), local_aws.client("dynamodb")
    count = 0

    def begin(run_id: str | None = None, **changed: Any) -> Story:
        nonlocal count
        count += 1
        return Story(client, start + timedelta(hours=count), run_id=run_id or f"manual__{count}", **changed)

    return begin


@pytest.fixture
def stub() -> Iterator[Stub]:
    """Give an Airflow that says what it is shown to."""
    with Stub() as server:
        yield server


@pytest.fixture
def signed_in(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Give one that the settings name, with a token of alice's."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", stub.url)
    monkeypatch.setenv("RECOVERY_AIRFLOW_TOKEN", "t")
    settings.cache_clear()
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    return stub


@pytest.fixture
def world(story: Any, signed_in: Stub, local_aws: Any) -> World:
    """Give an installation that is well, with an execution on record."""
    make_well(signed_in)
    return World(signed_in, local_aws.client("dynamodb"), local_aws.control, story().freeze())


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no command wait for what nobody does here; one that follows is interrupted after its first look."""

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(answer, "TAKEN_UP", 0)
    monkeypatch.setattr(cancel, "LONGEST_WAIT", 0)
    monkeypatch.setattr(rest, "time", SimpleNamespace(sleep=lambda _: None))
    monkeypatch.setattr(follow, "time", SimpleNamespace(sleep=interrupt))


@pytest.fixture(params=[80, 120], ids=["80 columns", "120 columns"])
def width(request: pytest.FixtureRequest) -> int:
    """Give the widths that people have."""
    return int(request.param)


@pytest.fixture
def screen() -> Screen:
    """Give a screen that is recorded; ``out.export_text()`` gives what is on it."""
    return Screen(out=recorder(120), err=recorder(120))
