"""Without a terminal there is one line for each thing that changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.lines import changes
from drs_recovery.cli.watcher import Watcher
from drs_recovery.clock import now
from drs_recovery.record.parts import Lag, PreflightWarning
from drs_recovery.report.snapshot import Snapshot, Target
from drs_recovery.store.programs import open_execution
from tests.recovery.cli.execution_story import SHOP

APPS = SHOP.waves[1].servers


def look(story: Any) -> Snapshot:
    return Watcher(story.store, Target("web_shop", story.run_id), AirflowView(None)).look()


def lines(before: Snapshot | None, after: Snapshot) -> list[str]:
    return [line.partition("  ")[2] for line in changes(before, after)]


def test_the_first_look_tells_what_is_known(story: Any) -> None:
    shown = story().freeze()
    assert lines(None, look(shown)) == [
        f"Web shop DRILL {shown.id}, asked for by alice: monthly drill",
        "Web shop PENDING, 0 of 3 waves",
        "DBWave1 PENDING",
        "AppWave2 PENDING",
        "WebWave3 PENDING",
    ]


def test_nothing_new_is_no_line(story: Any) -> None:
    shown = story().to_the_second_gate()
    before, after = look(shown), look(shown)
    assert lines(before, after) == []


def test_progress_is_reported_per_wave_and_server(story: Any) -> None:
    shown = story().freeze()
    before = look(shown)
    launching = look(shown.launch(0))
    assert lines(before, launching) == [
        "Web shop POLLING, 0 of 3 waves",
        "DBWave1 POLLING, drsjob-00000000000000000",
        "DBWave1 db-1.shop.example (shop-db-1) IN_PROGRESS, CONVERSION",
    ]
    assert lines(launching, look(shown.land(0))) == [
        "Web shop POLLING, 1 of 3 waves",
        "DBWave1 COMPLETED, drsjob-00000000000000000",
        "DBWave1 db-1.shop.example (shop-db-1) LAUNCHED, i-000000000000db001, 10.0.0.49",
    ]


def test_a_gate_is_reported_once_with_who_and_how(story: Any) -> None:
    shown = story().freeze().launch(0).land(0)
    before = look(shown)
    waiting = look(shown.pause(1))
    (line,) = [line for line in lines(before, waiting) if "waits" in line]
    assert line.startswith(
        "AppWave2 waits for an answer of alice, bob: recovery approve web_shop --wave AppWave2"
    )
    assert "/appwave2.approve/required_actions" in line
    assert lines(waiting, look(shown.answer(1))) == ["AppWave2 PAUSED, APPROVED by bob: looks right"]


def test_a_rejection_is_reported_once(story: Any) -> None:
    shown = story().to_the_second_gate()
    before = look(shown)
    assert lines(before, look(shown.answer(1, "REJECTED"))) == [
        "Web shop POLLING, 1 of 3 waves",
        "AppWave2 CANCELLED, rejected by bob: looks right",
    ]


def test_what_does_not_answer_is_reported_once_and_so_is_its_return(story: Any) -> None:
    fine = look(story().freeze())
    down = replace(fine, notes=("Airflow is down.",))
    assert lines(fine, down) == ["⚠ Airflow is down."]
    assert lines(down, down) == []
    assert lines(down, fine) == ["everything answers again"]


def test_a_run_that_waits_to_be_opened_says_for_what() -> None:
    queued = Snapshot(Target("web_shop", "manual__1"), at=now(), queued="open_execution waits for a worker")
    assert lines(None, queued) == ["web_shop not on record yet: open_execution waits for a worker"]
    assert lines(queued, queued) == []


def test_a_partial_wave_tells_who_is_missing_and_why(story: Any) -> None:
    """Without a terminal, in the wave's own line."""
    app = SHOP.waves[0].model_copy(update={"name": "AppWave2", "servers": APPS, "optional": APPS[1:]})
    shown = story(plan=SHOP.model_copy(update={"waves": (app,)})).freeze().launch(0)
    before = look(shown)
    shown.land(0, failed={APPS[1]: "no capacity"})
    (line,) = [line for line in changes(before, look(shown)) if "PARTIAL" in line]
    assert "1 of its 2 servers did not launch" in line
    assert "optional app-2.shop.example (shop-app-2, s-00000000000app002): no capacity" in line


def test_texts_with_line_breaks_stay_on_one_line(story: Any) -> None:
    shown = story().freeze().launch(0).land(0, failed={"s-000000000000db001": "first\nsecond"})
    assert all("\n" not in line for line in changes(None, look(shown)))


def test_warnings_of_the_start_are_reported_once(story: Any) -> None:
    """As soon as they are on record, before anything is launched."""
    shown = story().freeze()
    before = look(shown)
    shown.store.run(
        open_execution.note_preflight(
            shown.id, [PreflightWarning(check="lag", message="db-1 lags 2h")], Lag()
        )
    )
    warned = look(shown)
    (line,) = changes(before, warned)
    assert line.endswith("⚠ lag: db-1 lags 2h")
    assert lines(warned, look(shown)) == []
