"""The picture of an execution fits the screens that people have and leaves out nothing they need."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.details import details, summary
from drs_recovery.cli.progress import Canvas, picture
from drs_recovery.cli.styles import styled
from drs_recovery.cli.watcher import Watcher
from drs_recovery.clock import now
from drs_recovery.record.approvals import GateRules
from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.parts import Lag, PreflightWarning
from drs_recovery.report.facts import job_url
from drs_recovery.report.snapshot import Snapshot, Target, WaitingGate
from drs_recovery.store.programs import open_execution, start_recovery
from drs_recovery.store.read_trail import read_events
from drs_recovery.text.values import ABSENT
from tests.recovery.cli.cli_surroundings import recorder
from tests.recovery.cli.execution_story import SHOP

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tests.recovery.cli.execution_story import Story

Begin = Any


def seen(shown: RenderableType, width: int) -> str:
    """Return what stands on a screen of that width."""
    console = recorder(width)
    console.print(shown, crop=False)
    return console.export_text()


def look(story: Story) -> Snapshot:
    return Watcher(story.store, Target("web_shop", story.run_id), AirflowView(None)).look()


def test_a_waiting_gate_says_what_who_and_how(story: Begin, width: int) -> None:
    shown = seen(picture(look(story().to_the_second_gate()), Canvas(width)), width)
    for word in (
        "AppWave2 waits for an answer since 2026-03-01",
        "alice, bob",
        "recovery approve web_shop --wave AppWave2 --reason",
        "recovery reject web_shop --wave AppWave2 --reason",
        "/dags/web_shop/runs/manual__1/tasks/appwave2.approve/required_actions",
    ):
        assert word in shown


def test_an_approved_gate_waits_no_more(story: Begin) -> None:
    """The wave is PAUSED until it starts, but there is nothing left for anybody to do."""
    snapshot = look(story().to_the_second_gate().answer(1))
    assert snapshot.gates == ()
    assert "approved by bob" in seen(picture(snapshot, Canvas(80)), 80)


def test_servers_that_launch_show_phase_and_then_address(story: Begin, width: int) -> None:
    reported = story().freeze().launch(0)
    assert "CONVERSION for" in seen(picture(look(reported), Canvas(width)), width)
    reported.land(0)
    shown = seen(picture(look(reported), Canvas(width)), width)
    names = ("db-1.shop.example", "shop-db-1", "s-000000000000db001")
    for word in (*names, "i-000000000000db001  10.0.0.49"):
        assert word in shown


def test_r07_r08_a_failed_server_shows_the_text_of_drs(story: Begin, width: int) -> None:
    reported = (
        story()
        .freeze()
        .launch(0)
        .land(0, failed={"s-000000000000db001": "UnauthorizedOperation: not authorized"})
    )
    shown = seen(summary(look(reported.finish()), Canvas(width)), width)
    assert "UnauthorizedOperation" in shown
    assert shown.count("FAILED") >= 3


def test_a_wave_that_never_began_says_why_it_failed(story: Begin, width: int) -> None:
    """Its servers have no lines of their own: what is on record of them stands beside the wave."""
    reported = story().freeze()
    gone = "DRS knows no such source server"
    reported.store.run(start_recovery.not_started(reported.id, 0, 1, ["s-000000000000db001"], gone))
    reported.store.run(
        start_recovery.fail_wave(reported.id, 0, 1, f"Nothing of DBWave1 was started: db-1: {gone}")
    )
    shown = " ".join(seen(picture(look(reported), Canvas(width)), width).split())
    assert "Nothing of DBWave1 was started" in shown


def test_a_partial_wave_says_which_servers_did_not_launch(story: Begin, width: int) -> None:
    """Beside the wave, and with its reason at the server, which was optional."""
    app = SHOP.waves[1].model_copy(update={"optional": ("s-00000000000app002",)})
    plan = SHOP.model_copy(update={"waves": (SHOP.waves[0], app, SHOP.waves[2])})
    reported = story(plan=plan).freeze().launch(0).land(0).pause(1).answer(1).launch(1)
    reported.land(1, failed={"s-00000000000app002": "no capacity"})
    screen = " ".join(seen(summary(look(reported), Canvas(width)), width).split())
    assert "PARTIAL" in screen
    assert "1 of 2 launched" in screen
    assert "without app-2.shop.example (shop-app-2)" in screen
    assert "optional: no capacity" in screen


def test_tables_fit_the_screen(story: Begin, width: int) -> None:
    """Only addresses may be longer than a narrow screen: broken they could not be copied."""
    reported = story().to_the_end()
    shown = seen(details(look(reported), reported.store.run(read_events(reported.id)), Canvas(width)), width)
    assert [line for line in shown.splitlines() if len(line) > width and "http" not in line] == []


def test_show_tells_everything_on_record(story: Begin, width: int) -> None:
    reported = story().to_the_end()
    shown = seen(details(look(reported), reported.store.run(read_events(reported.id)), Canvas(width)), width)
    job = f"https://console.aws.amazon.com/drs/home?region=eu-west-1#/launchHistory/drsjob-{1:017}"
    for word in (
        reported.id,
        "manual__1",
        "monthly drill",
        "asked for by",
        job,
        "bob, 2026-03-01",
        "looks right",
    ):
        assert word in shown
    events = ("OPENED", "JOB_STARTED", "GATE_WAITING", "APPROVED", "WAVE_ENDED", "EXECUTION_ENDED")
    places = [shown.index(event, shown.index("Audit trail")) for event in events]
    assert places[0] < min(places[1:]) <= max(places[1:-1]) < places[-1]


def test_r29_what_has_not_happened_has_no_date(story: Begin) -> None:
    reported = story().to_the_second_gate()
    shown = seen(details(look(reported), [], Canvas(120)), 120)
    assert "1970" not in shown
    assert "1969" not in shown
    assert "ended         —" in shown


def test_a_refused_start_shows_why(story: Begin, width: int) -> None:
    reported = story(real=True).refuse("confirm: it is missing").finish()
    shown = seen(summary(look(reported), Canvas(width)), width)
    assert "CANCELLED" in shown
    assert "confirm: it is missing" in shown


def test_a_server_that_runs_with_older_data_says_so(story: Begin, width: int) -> None:
    """Beside its address: who approves the next wave must not take it for one with the latest data."""
    snapshot = look(story().freeze().launch(0).land(0))
    texts = "launched from an earlier recovery snapshot, of 2026-01-01 00:00:00 UTC: no snapshot"
    servers = tuple(server.replace(error=texts) for server in snapshot.servers)
    screen = " ".join(seen(summary(replace(snapshot, servers=servers), Canvas(width)), width).split())
    assert f"i-000000000000db001 10.0.0.49 {texts}" in screen


def test_a_live_picture_never_cuts_an_address(story: Begin, width: int) -> None:
    """Names may be cut where a line must stay one line; where to log in may not."""
    reported = story().freeze().launch(0).land(0)
    assert "i-000000000000db001  10.0.0.49" in seen(picture(look(reported), Canvas(width, 24)), width)


def test_r61_a_status_of_a_newer_release_is_shown(story: Begin, local_aws: Any) -> None:
    """An execution with a word we do not know is shown with it, in lists and pictures."""
    reported = story().freeze()
    local_aws.client("dynamodb").update_item(
        TableName="recovery-executions",
        Key={"executionId": {"S": reported.id}, "item": {"S": "EXECUTION"}},
        UpdateExpression="SET #s = :s, waves[0].#s = :s",
        ExpressionAttributeNames={"#s": "status"},
        ExpressionAttributeValues={":s": {"S": "ROLLING_BACK"}},
    )
    assert seen(picture(look(reported), Canvas(80)), 80).count("ROLLING_BACK") == 2


def test_notes_and_what_airflow_says_stand_below(width: int) -> None:
    gate = WaitingGate("W", "w.approve", "http://a/b", rules=GateRules(), note="bob has answered Approve")
    snapshot = Snapshot(
        Target("p", "r"), now(), gates=(gate,), notes=("Airflow is down.",), queued="queued in Airflow"
    )
    shown = seen(picture(snapshot, Canvas(width)), width)
    assert "not on record yet: queued in Airflow" in shown
    assert "anyone who may answer gates in Airflow" in shown
    assert shown.index("bob has answered") < shown.index("⚠ Airflow is down.")


@pytest.mark.parametrize(
    ("region", "partition"), [("eu-west-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-west-1", "aws-us-gov")]
)
def test_the_console_link_is_that_of_the_operator(region: str, partition: str) -> None:
    """One product shows one address for a job, though the command line does without Airflow."""
    domain = DrsJobLink.get_aws_domain(partition)
    expected = DrsJobLink.format_str.format(aws_domain=domain, region_name=region, job_id="drsjob-1")
    assert job_url(region, "drsjob-1") == expected
    assert job_url(None, "drsjob-1") is None


WARNINGS = [
    PreflightWarning(check="lag", message=f"above the RPO of 15m: {'a-long-name, ' * 30}db-1: lags 2h"),
    PreflightWarning(check="quotas", message="the quota is 20"),
]


def test_warnings_of_the_start_are_shown(story: Begin, width: int) -> None:
    """In full where length does not matter; a live picture has a line for each and stays on the screen."""
    reported = story().to_the_second_gate()
    reported.store.run(open_execution.note_preflight(reported.id, WARNINGS, Lag()))
    snapshot = look(reported)
    shown = " ".join(seen(details(snapshot, [], Canvas(width)), width).split())
    for word in ("⚠ lag: above the RPO of 15m", "lags 2h", "⚠ quotas: the quota is 20"):
        assert shown.count(word) == 1, word
    live = seen(picture(snapshot, Canvas(width, 40)), width)
    assert [line[:6] for line in live.splitlines() if line.startswith("⚠")] == ["⚠ lag:", "⚠ quot"]
    assert len(live.splitlines()) <= 40


def test_targets_are_shown_with_what_was_achieved(story: Begin) -> None:
    """An execution that ended has its RTO and RPO beside what the plan promises."""
    reported = story().to_the_second_gate()
    execution = look(reported).execution
    assert execution is not None
    ended = execution.replace(
        rto_seconds=3600,
        rpo_seconds=900,
        lag=Lag(seconds=7200),
        end_time=execution.start_time + timedelta(minutes=20),
        waves=tuple(wave.replace(status=WaveStatus.COMPLETED) for wave in execution.waves),
    )
    shown = seen(details(Snapshot(Target("web_shop", "r"), now(), ended), [], Canvas(160)), 160)
    assert "20m, within the target of 1h" in shown
    assert "2h at the start, above the target of 15m" in shown


def test_r61_a_status_without_a_colour_is_shown() -> None:
    assert str(styled(LaunchStatus("HIBERNATED"))) == "HIBERNATED"
    assert str(styled(None)) == ABSENT
