"""`preview` and `groups`: what DRS has now, and nothing is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.recovery.cli.cli_surroundings import document, recovery

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.recovery.cli.execution_story import Story

ABOUT = {"description": "For tests.", "owner": "tests", "region": "eu-west-1"}
DB, APP, WEB = "s-000000000000db001", "s-00000000000app001", "s-00000000000web001"


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, local_aws: Any) -> Callable[..., None]:
    """Return what writes plans and groups into the folder that commands are called in."""
    role = '{"role_arn": "arn:aws:iam::210987654321:role/dr"}'
    monkeypatch.setenv("AIRFLOW_CONN_AWS_TRADING", f'{{"conn_type": "aws", "extra": {role}}}')
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dags" / "plans").mkdir(parents=True)
    (tmp_path / "dags" / "groups").mkdir()

    def write(path: str, *waves: dict[str, Any], **content: Any) -> None:
        more = {"waves": list(waves)} if waves else {}
        file = tmp_path / "dags" / f"{path}.yaml"
        file.write_text(yaml.safe_dump({"name": path, **ABOUT, **more, **content}))

    return write


def test_a_preview_shows_where_each_wave_s_servers_are_now(store: Any, write: Any, local_aws: Any) -> None:
    """By group, by tags and by id, in two accounts; what DRS does not know, and what may fail. No record."""
    write("groups/db", servers=[DB])
    trading, pauses = {"tags": {"Application": "trading"}}, {"pause_before_wave": True}
    write(
        "plans/shop",
        {"name": "DB", "servers": {"group": "db"}},
        {"name": "Web", "servers": trading, "region": "eu-central-1", "aws_conn_id": "aws_trading"},
        {"name": "App", "servers": [APP, "s-00000000000gone01"], "optional": [APP]} | pauses,
    )
    found = document("preview", "shop")
    assert [(wave["accountId"], wave["region"]) for wave in found["waves"]] == [
        ("123456789012", "eu-west-1"),
        ("210987654321", "eu-central-1"),
        ("123456789012", "eu-west-1"),
    ]
    servers = [[one["sourceServerID"] for one in wave["servers"]] for wave in found["waves"]]
    assert servers == [[DB], ["s-00000000000tra001", "s-00000000000tra002"], [APP, "s-00000000000gone01"]]
    assert found["lastExecution"] is None
    shown = recovery("preview", "shop")
    assert shown.exit_code == 0
    for text in (
        "App  2 servers, after Web, asks for approval first",
        "eu-central-1, account 210987654321 by aws_trading\n",
        "by aws_default (not found here: boto3's own credentials)",
        "DRS does not know it",
        "app-1.shop.example, shop-app-1  optional",
    ):
        assert text in shown.stdout, shown.stdout
    assert local_aws.control.requests(operation="PutItem") == []


def test_a_preview_names_what_differs_from_the_last_execution(
    story: Callable[..., Story], write: Any
) -> None:
    """New, moved, and gone, each beside its wave; a start that got no servers is no execution to compare."""
    story().freeze()
    story().refuse("late")
    write(
        "plans/web_shop",
        {"name": "DBWave1", "servers": [DB, APP]},
        {"name": "WebWave3", "servers": [WEB, "s-00000000000web003"]},
        name="Web shop",
    )
    found = document("preview", "web_shop")
    changes = {
        one["sourceServerID"]: (one.get("change"), one.get("movedFrom"))
        for wave in found["waves"]
        for one in (*wave["servers"], *wave["gone"])
    }
    assert changes == {
        DB: (None, None),
        APP: ("MOVED", "AppWave2"),
        WEB: (None, None),
        "s-00000000000web003": ("NEW", None),
        "s-00000000000web002": ("GONE", None),
    }
    assert [one["sourceServerID"] for one in found["gone"]] == ["s-00000000000app002"]
    shown = " ".join(recovery("preview", "web_shop").stdout.split())
    assert "moved from AppWave2" in shown
    assert "another version of the plan; nothing is opened" in shown
    assert shown.index("of waves that are gone") < shown.index("s-00000000000app002")


def test_what_a_start_would_be_refused_for_is_shown(store: Any, write: Any) -> None:
    """All of it, beside the waves; the exit status says that it would not start."""
    write(
        "plans/p",
        {"name": "A", "servers": {"tags": {"Application": "webshop"}}},
        {"name": "B", "servers": {"tags": {"Tier": "db"}}, "minimum_launched": 9},
    )
    shown = recovery("preview", "p")
    assert shown.exit_code == 1
    problems = " ".join(shown.stdout.split())
    assert "the values of 'Application' are 'files', 'payroll', 'trading', 'web-shop'" in problems
    assert "wave 'B': minimum_launched: 9 is more than the servers" in problems


def test_a_place_that_cannot_be_asked_hides_no_other(store: Any, write: Any, local_aws: Any) -> None:
    """In AWS's words; what is listed is shown all the same."""
    local_aws.control.deny("drs", "DescribeSourceServers", region="eu-central-1", message="not yours")
    there = {"region": "eu-central-1", "aws_conn_id": "aws_trading"}
    write("groups/t", servers={"tags": {"Application": "trading"}}, **there)
    write("plans/p", {"name": "A", "servers": [DB]}, {"name": "B", "servers": {"group": "t"}})
    for command in (("preview", "p"), ("groups",)):
        shown = recovery(*command)
        assert shown.exit_code == 4
        assert "servers not known" in shown.stdout
        assert "not yours" in shown.stdout
    assert "db-1.shop.example" in recovery("preview", "p").stdout


def test_without_the_record_nothing_is_compared(write: Any) -> None:
    """The table is not there yet: what DRS has is shown all the same."""
    write("plans/p", {"name": "A", "servers": [DB]})
    shown = recovery("preview", "p")
    assert shown.exit_code == 0
    assert "Not compared with the last execution" in shown.output
    assert "db-1.shop.example" in shown.stdout


def test_groups_are_shown_with_the_plans_that_use_them(store: Any, write: Any) -> None:
    """A broken one beside them, with its place; one alone, if it is named."""
    write("groups/db", servers={"tags": {"Tier": "db"}})
    write("groups/unused", servers=[APP])
    write("groups/bad", servers=[APP], region="eu-west")
    write("plans/a", {"name": "A", "servers": {"group": "db"}})
    write("plans/b", {"name": "B", "servers": {"groups": ["db", "gone"]}})
    found = document("groups")
    assert [(one["groupId"], one["plans"]) for one in found["groups"]] == [("db", ["a", "b"]), ("unused", [])]
    assert len(found["groups"][0]["servers"]) == 3
    assert ["bad.yaml:" in problem for problem in found["problems"]] == [True]
    shown = recovery("groups", "unused")
    assert shown.exit_code == 0
    assert "used by no plan" in shown.stdout
    assert "db-1" not in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("preview", "web_shp"), "no plan 'web_shp' is in dags/plans; did you mean 'web_shop'?"),
        (("preview", "../plans/web_shop"), "no plan '../plans/web_shop' is in dags/plans"),
        (("groups", "x"), "no group 'x' is in dags/groups: there is none"),
    ],
)
def test_what_is_not_there_is_usage(write: Any, arguments: tuple[str, ...], message: str) -> None:
    """With what there is."""
    write("plans/web_shop", {"name": "A", "servers": [DB]})
    result = recovery(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr.replace("\n", " ")


def test_a_broken_plan_has_no_preview(write: Any) -> None:
    """Its problems are shown, as `check` does."""
    write("plans/p", {"name": "A", "servers": []})
    result = recovery("preview", "p")
    assert result.exit_code == 1
    assert "at least one is due" in result.stderr


def test_settings_shows_what_a_start_would_change_and_changes_nothing(write: Any, local_aws: Any) -> None:
    """Per server, for a drill and for a recovery; what DRS does not know is named."""
    launch = {"instance_type": "m5.large", "servers": {DB: {"recovery_mode": "FAST"}}}
    gone = "s-00000000000gone01"
    waves = {"name": "DB", "servers": [DB, gone], "launch": launch, "launch_in_drills": {"copy_tags": True}}
    write("plans/shop", waves, {"name": "Web", "servers": [WEB]})
    found = document("settings", "shop")
    one, other = found["servers"]
    assert {change["key"]: change.get("wanted") for change in one["changes"]} == {
        "instance_type": '"m5.large"',
        "right_sizing": '"NONE"',
        "copy_tags": "true",
        "recovery_mode": '"FAST"',
    }
    assert (other["sourceServerID"], "ResourceNotFoundException" in other["trouble"]) == (gone, True)
    shown = " ".join(recovery("settings", "shop", "--type", "RECOVERY").stdout.split())
    assert "recovery_mode OPTIMAL → FAST" in shown
    assert "copy_tags" not in shown
    calls = {call["operation"] for call in local_aws.control.requests()}
    assert calls <= {
        "DescribeSourceServers",
        "GetCallerIdentity",
        "GetLaunchConfiguration",
        "DescribeLaunchTemplateVersions",
    }


def test_a_plan_that_names_no_settings_says_so(write: Any) -> None:
    """They are those in DRS."""
    write("plans/shop", {"name": "Web", "servers": [WEB]})
    assert "The plan says nothing of launch settings" in recovery("settings", "shop").stdout
    assert document("settings", "shop")["servers"] == []


def test_a_preview_shows_from_which_data_servers_would_be_launched(write: Any, local_aws: Any) -> None:
    """Where the plan says so: the snapshot and the time of its data, or that there is none."""
    local_aws.control.set_speed("manual")
    write("plans/shop", {"name": "DB", "servers": [DB]}, recovery_point={"before": "start"})
    (server,) = document("preview", "shop")["waves"][0]["servers"]
    assert server["recoverySnapshotID"] in str(
        local_aws.client("drs").describe_recovery_snapshots(sourceServerID=DB)["items"]
    )
    assert f", {server['recoverySnapshotID']}" in recovery("preview", "shop").stdout
    write("plans/shop", {"name": "DB", "servers": [DB]}, recovery_point="2020-01-01T00:00:00Z")
    (server,) = document("preview", "shop")["waves"][0]["servers"]
    assert "recoverySnapshotID" not in server
    assert server["recoveryPointProblem"].startswith("its oldest is pit-")
