"""What the commands call in AWS is what their policies allow, all of it and nothing else."""

from __future__ import annotations

import re
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
import pytest
import typer

from drs_recovery.cli.app import app
from drs_recovery.cli.commands import run
from drs_recovery.settings import settings
from drs_recovery.store.table import _INDEXES, CLEANUP
from tests import iam
from tests.recovery.cli.airflow_stub import take_everything
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.cli.execution_story import PAGED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.recovery.cli.airflow_stub import Stub

PRODUCTION = (Path(__file__).parents[3] / "docs" / "production.md").read_text()
READ = {"dynamodb:GetItem", "dynamodb:Query"}
TELL = READ | {"dynamodb:PutItem"}
WHY = ("--reason", "it hangs")


class Needs(NamedTuple):
    """The policy of a command, what is typed, how it ends, and what it needs of AWS."""

    policy: str
    arguments: tuple[str, ...]
    code: int
    needed: set[str]


NEEDED = (
    Needs("", ("check", "dags/plans"), 0, set()),
    Needs("", ("new", "{folder}"), 0, set()),
    Needs("", ("whoami",), 0, set()),
    Needs("read", ("list",), 0, {"dynamodb:Query"}),
    Needs("read", ("list", "web_shop"), 0, {"dynamodb:Query"}),
    Needs("read", ("queue",), 0, {"dynamodb:Query"}),
    Needs("read", ("show", "{ended}"), 0, READ),
    Needs("read", ("show", "web_shop"), 0, READ),
    Needs("read", ("watch", "{live}"), 130, READ),
    Needs("read", ("run", "web_shop"), 130, READ),
    Needs("read", ("run", "web_shop", "--approve"), 130, READ),
    Needs("read", ("run", "web_shop", "--no-follow"), 0, set()),
    Needs("read", ("approve", "web_shop", *WHY), 0, READ),
    Needs("read", ("reject", "{live}", *WHY), 0, {"dynamodb:GetItem"}),
    Needs("look", ("groups",), 0, {"drs:DescribeSourceServers"}),
    Needs("look", ("preview", "web_shop"), 0, {"dynamodb:Query", "drs:DescribeSourceServers"}),
    Needs(
        "look",
        ("preview", "tests/plans/stack/settings.yaml"),
        0,
        {"dynamodb:Query", "drs:DescribeSourceServers", "drs:DescribeRecoverySnapshots"},
    ),
    Needs(
        "look",
        ("settings", "tests/plans/stack/settings.yaml"),
        0,
        {"drs:DescribeSourceServers", "drs:GetLaunchConfiguration", "ec2:DescribeLaunchTemplateVersions"},
    ),
    Needs(
        "doctor",
        ("doctor",),
        0,
        READ
        | {
            "dynamodb:DescribeContinuousBackups",
            "dynamodb:DescribeTable",
            "dynamodb:DescribeTimeToLive",
        },
    ),
    Needs("act", ("cancel", "{live}", *WHY), 1, TELL | {"dynamodb:UpdateItem"}),
    Needs("act", ("tier", "{live}", "1", *WHY), 0, TELL | {"dynamodb:UpdateItem"}),
    Needs("act", ("run-again", "{ended}", "note", *WHY), 0, TELL),
    Needs("act", ("skip", "{ended}", "note", *WHY), 0, TELL),
    Needs("act", ("clean-up", "{ended}", "--no-follow", *WHY), 0, TELL),
    Needs(
        "act",
        ("unlock", "web_shop", *WHY),
        0,
        {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"},
    ),
)


@pytest.fixture
def shown(story: Any, airflow: Stub, tmp_path: Path) -> dict[str, str]:
    """Give a new folder, an execution that has ended, and one at a gate, which holds the plan."""
    ended, live = story(plan=PAGED).to_the_end(), story("manual__held").to_the_second_gate()
    return {"folder": str(tmp_path / "new"), "ended": ended.id, "live": live.id}


@pytest.fixture
def airflow(signed_in: Stub, no_waiting: None, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Give an Airflow with alice signed in, which takes whatever is asked; a new run is on record at once."""
    monkeypatch.setattr(run, "new_run_id", lambda: "manual__held")
    take_everything(signed_in, "manual__held", "t")
    signed_in.on("PATCH /api/v2/dags/web_shop/dagRuns/manual__1", (200, {}))
    return signed_in


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


@pytest.mark.parametrize("row", NEEDED, ids=lambda row: " ".join(row.arguments))
def test_a_command_needs_no_more_than_its_policy(row: Needs, shown: dict[str, str], calls: Any) -> None:
    """Each by itself: another one's right would hide that it lacks one."""
    with calls("SOMEBODY") as seen:
        result = recovery(*(part.format(**shown) for part in row.arguments))
    assert result.exit_code == row.code, result.output
    assert seen == row.needed
    assert row.needed <= (iam.actions(row.policy) if row.policy else set())


@pytest.mark.parametrize("policy", ["read", "look", "act", "doctor"])
def test_a_policy_allows_what_its_commands_need_and_no_more(policy: str) -> None:
    """Whoever acts reads too."""
    commands = [row.needed for row in NEEDED if row.policy in {"read", policy}]
    assert set().union(*commands) == iam.actions(policy)


def test_every_command_has_its_policy() -> None:
    """`init` has one of its own; the page on production says which."""
    known = {row.arguments[0]: row.policy for row in NEEDED} | {"init": "init"}
    assert known.keys() == typer.main.get_group(app).commands.keys()
    for policy in ("read", "look", "act", "doctor"):
        (row,) = re.findall(rf"^\| \[`iam/{policy}.json`\].*", PRODUCTION, re.MULTILINE)
        named = set(re.findall(r"`([a-z-]+)`", row))
        assert named == {command for command, its in known.items() if its == policy}


def test_init_needs_the_policy_init(local_aws: Any, calls: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """To make the table, and to give one of an earlier release what it lacks."""
    monkeypatch.setenv("RECOVERY_TABLE", "older")
    settings.cache_clear()
    indexes = {name: shape for name, shape in _INDEXES.items() if name != CLEANUP}
    with monkeypatch.context() as patch:
        patch.setattr("drs_recovery.store.table._INDEXES", indexes)
        patch.setattr("drs_recovery.store.table.LATER", frozenset())
        assert recovery("init", "--table-only").exit_code == 0
    monkeypatch.setenv("RECOVERY_ARCHIVE", "s3://evidence")
    settings.cache_clear()
    with calls("OWNER") as needed:
        assert recovery("init", "--table-only").exit_code == 0
        monkeypatch.setenv("RECOVERY_TABLE", "recovery-executions")
        settings.cache_clear()
        assert recovery("init", "--table-only").exit_code == 0
    assert needed == iam.actions("init")
