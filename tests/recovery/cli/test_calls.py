"""What the commands call in AWS is what their policies allow, all of it and nothing else."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from airflow_stub import Stub
from cli_surroundings import recovery

import iam
from recovery.cli.commands import cancel
from recovery.execution.table import _INDEXES, CLEANUP
from recovery.settings import settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ALICE = {"id": "alice", "username": "alice"}
DETAILS = {"is_paused": False, "is_stale": False, "tags": [], "has_import_errors": False}
RUN = {"dag_id": "recovery_clean_up", "dag_run_id": "r", "state": "queued"}


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stub]:
    """Give an Airflow with alice signed in, which takes whatever is asked."""
    with Stub() as stub:
        monkeypatch.setenv("RECOVERY_AIRFLOW_URL", stub.url)
        monkeypatch.setenv("RECOVERY_AIRFLOW_TOKEN", "t")
        monkeypatch.setattr(cancel, "LONGEST_WAIT", 0)
        settings.cache_clear()
        stub.on("GET /ui/auth/me", (200, ALICE))
        for dag_id in ("web_shop", "recovery_clean_up"):
            dag = f"/api/v2/dags/{dag_id}"
            stub.on(f"GET {dag}/details", (200, DETAILS | {"dag_id": dag_id}))
            stub.on(f"PATCH {dag}", (200, DETAILS | {"dag_id": dag_id}))
        stub.on("POST /api/v2/dags/recovery_clean_up/dagRuns", (200, RUN))
        yield stub


@pytest.fixture
def calls(local_aws: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Give what runs commands with a key of their own, and returns the rights that they needed."""

    @contextmanager
    def acting(key: str) -> Iterator[set[str]]:
        needed: set[str] = set()
        with monkeypatch.context() as patch:
            patch.setenv("AWS_ACCESS_KEY_ID", key)
            patch.setattr(boto3, "DEFAULT_SESSION", None)
            yield needed
        needed |= iam.seen(local_aws.control.requests(), key)

    return acting


def test_reading_needs_the_policy_read(story: Any, calls: Any) -> None:
    """`list`, `show` and `watch`, and the look at the record of what asks Airflow alone."""
    told = story().to_the_end()
    with calls("READER") as needed:
        for command in (("list",), ("list", "web_shop"), ("show", told.id), ("show", told.id[:8])):
            assert recovery(*command).exit_code == 0
        for command in ("watch", "approve", "reject"):
            recovery(command, "web_shop")
    assert needed == iam.actions("read")


def test_acting_needs_the_policy_act(story: Any, airflow: Stub, calls: Any) -> None:
    """`cancel`, `clean-up` and `unlock` tell the trail who asked, and why; `unlock` frees the plan."""
    ended, held = story().to_the_end(), story("manual__held").freeze()
    path = f"/api/v2/dags/web_shop/dagRuns/{held.store.get(held.id).dag_run_id}"
    airflow.on(f"PATCH {path}", (200, {}))
    with calls("ACTOR") as needed:
        assert recovery("clean-up", ended.id, "--no-follow").exit_code == 0
        assert recovery("cancel", held.id, "--reason", "not now").exit_code == 1
        assert recovery("unlock", "web_shop", "--reason", "it hangs").exit_code == 0
    assert needed == iam.actions("act")


def test_init_needs_the_policy_init(local_aws: Any, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """To make the table, and to give one of an earlier release what it lacks."""
    monkeypatch.setenv("RECOVERY_TABLE", "older")
    settings.cache_clear()
    indexes = {name: shape for name, shape in _INDEXES.items() if name != CLEANUP}
    with monkeypatch.context() as patch:
        patch.setattr("recovery.execution.table._INDEXES", indexes)
        patch.setattr("recovery.execution.table.LATER", frozenset())
        assert recovery("init", "--table-only").exit_code == 0
    with calls("OWNER") as needed:
        assert recovery("init", "--table-only").exit_code == 0
        monkeypatch.setenv("RECOVERY_TABLE", "recovery-executions")
        settings.cache_clear()
        assert recovery("init", "--table-only").exit_code == 0
    assert needed == iam.actions("init")
