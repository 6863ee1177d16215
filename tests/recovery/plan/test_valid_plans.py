"""The plans that ship, and those of ``tests/plans/valid``: unusual and right."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from drs_recovery.plan import Plan, Preflight, ServerTags, check_files, read_plan
from drs_recovery.plan.launch import LaunchSettings, launch_of
from drs_recovery.record.recovery_point import Moment

ROOT = Path(__file__).parents[3]
VALID = ROOT / "tests" / "plans" / "valid"
EXAMPLES = ROOT / "dags" / "plans"


def test_the_examples_and_the_valid_plans_have_no_problem() -> None:
    """What ships can be read."""
    assert check_files([EXAMPLES, VALID]) == []


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_an_example_names_its_schema(path: Path) -> None:
    """Editors find the schema by the first line of an example."""
    assert path.read_text().startswith("# yaml-language-server: $schema=plan.schema.json\n")
    assert (path.parent / "plan.schema.json").is_file()


def test_web_shop_is_three_tiers_with_two_gates() -> None:
    """The example of the documentation: a wave by ids, then two by tags behind gates."""
    plan = read_plan(EXAMPLES / "web_shop.yaml")
    database, application, web = plan.waves
    assert (plan.id, plan.region, plan.approvers) == ("web_shop", "eu-west-1", ("alice", "bob"))
    assert (plan.drill_schedule, plan.drill_approvals) == ("0 6 1 * *", "none")
    assert plan.gate_timeout == timedelta(hours=24)
    assert [wave.name for wave in plan.waves] == ["DBWave1", "AppWave2", "WebWave3"]
    assert [wave.pause_before_wave for wave in plan.waves] == [False, True, True]
    assert database.servers == ("s-000000000000db001", "s-000000000000db002")
    assert application.servers == ServerTags(tags={"Application": "web-shop", "Tier": "app"})
    assert web.servers == ServerTags(tags={"Application": "web-shop", "Tier": "web"})


def test_payroll_names_servers_and_approvers() -> None:
    """The example with explicit servers and a named approver."""
    plan = read_plan(EXAMPLES / "payroll.yaml")
    assert plan.approvers == ("alice",)
    assert [wave.servers for wave in plan.waves] == [
        ("s-00000000000pay001",),
        ("s-00000000000pay002", "s-00000000000pay003"),
    ]


def test_file_server_is_the_least_plan() -> None:
    """The example of a single wave, with every default."""
    plan = read_plan(EXAMPLES / "file_server.yaml")
    [wave] = plan.waves
    assert (wave.pause_before_wave, wave.depends_on) == (False, None)
    assert (wave.optional, wave.minimum_launched, wave.on_failure) == (None, None, "stop")
    assert wave.timeout == timedelta(hours=4)
    assert (plan.aws_conn_id, plan.approvers) == ("aws_default", ())
    assert (plan.drill_schedule, plan.drill_approvals) == (None, "none")
    assert plan.gate_timeout == timedelta(hours=24)


def test_every_key_is_read() -> None:
    """Each key reaches the plan."""
    plan = read_plan(VALID / "every_key.yaml")
    assert plan.description == "Every key there is, none at its default.\n\nIn two paragraphs."
    assert plan.owner == "yes"
    assert plan.aws_conn_id == "aws/dr(gov)"
    assert (plan.rto, plan.rpo) == (timedelta(hours=4), timedelta(minutes=15))
    assert set(plan.preflight.model_dump().values()) == {"warn", "block", "block_drills"}
    assert not {*plan.preflight} & {*Preflight()}
    assert plan.approvers == ("alice", "17", "bob@example.com")
    assert plan.gate_timeout == timedelta(minutes=90)
    assert plan.drill_schedule == "0 6 * * sat#1"
    assert plan.drill_approvals == "as_planned"
    assert (plan.cleanup, plan.cleanup_after) == ("after_approval", timedelta(days=2))
    assert plan.waves[1].servers == ServerTags(tags={"Tier": "cache", "Critical": ""})
    assert plan.recovery_point is Moment.BEFORE_START
    times = [wave.recovery_point for wave in plan.waves[:3]]
    assert times == [datetime(2026, 11, 27, 2, 10, 0, 500_000, UTC), Moment.LATEST, None]
    drilled = launch_of(plan.waves[0], "s-000000000000db001", drill=True)
    assert (drilled.subnet, drilled.private_ip, drilled.instance_type) == ("subnet-0iso", None, None)
    assert not {*LaunchSettings.model_fields} - {*plan.waves[0].launch.said, "right_sizing"}
    assert Plan.load(plan.dump()) == plan
    assert plan.waves[2].depends_on == ("Caches", "Databases")
    assert plan.waves[3].optional == ("s-00000000000rep002",)
    assert (plan.waves[3].minimum_launched, plan.waves[3].on_failure) == (1, "continue")
    assert plan.waves[3].timeout == timedelta(minutes=90)
    assert plan.waves[4].optional == ServerTags(tags={"Tier": "mail", "Spare": "yes"})
    assert plan.waves[4].minimum_launched == "80%"
    kinds = [action.kind for *_, action in plan.all_actions]
    assert kinds == ["http", "ssm", "wait", "lambda", "ssm", "route53", "dag", "operator"]
    stop = plan.waves[4].before[0]
    assert (stop.only, stop.on_failure, stop.limit, stop.retries) == (
        "recovery",
        "continue",
        timedelta(minutes=5),
        2,
    )
    assert [action.may_repeat for *_, action in plan.all_actions if action.repeatable is None] == [
        *(False, True, False, False, True, True, False)
    ]


def test_scalars_of_older_yaml_are_text() -> None:
    """Scalars mean what YAML 1.2 says: no, on, y, dates and times are text; so are keys of tags."""
    plan = read_plan(VALID / "yaml_1_2.yaml")
    assert (plan.name, plan.owner, plan.description) == ("no", "on", "2026-01-01")
    assert plan.approvers == ("y", "n", "off", "12:30:45")
    assert plan.waves[0].name == "yes"
    assert plan.waves[0].servers == ServerTags(tags={"Country": "NO", "yes": "on", "1": "one"})


def test_a_file_from_windows_is_read() -> None:
    """A byte order mark and CR LF are no problem."""
    plan = read_plan(VALID / "windows.yaml")
    assert plan.name == "Größe 🚑"
    assert plan.waves[0].slug == "datenbank_gr_e_1_df7ce9b7"


def test_json_and_yml_are_read() -> None:
    """JSON is YAML, .yml is a suffix, and a stem may hold dots and dashes."""
    assert read_plan(VALID / "json.is-yaml.yml").id == "json.is-yaml"
