"""Drills by schedule: at every slot since the plan is there with its schedule, and at none before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from airflow.sdk.definitions.context import AirflowParsingContext
from airflow.serialization.serialized_objects import DagSerialization
from airflow.timetables import trigger
from airflow.timetables.base import DagRunInfo

from drs_recovery.dag import loader, scheduled
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.snapshot import take_snapshot
from drs_recovery.dag.loader import load_dags
from drs_recovery.dag.scheduled import FIRST_SLOT, scheduled_since

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.sdk import DAG

ADDED = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)
SLOT = datetime(2026, 12, 1, 6, tzinfo=UTC)
"""The first slot after that."""
NEXT_SLOT = datetime(2027, 1, 1, 6, tzinfo=UTC)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)

PLAN = """
name: A plan
description: A plan.
owner: team
region: eu-west-1
drill_schedule: "0 6 1 * *"
waves:
  - name: One
    servers: [s-000000000000db001]
"""
BROKEN = PLAN.replace("region:", "regoin:")
OTHER_TIME = PLAN.replace("0 6 1", "0 6 9")
NO_SCHEDULE = PLAN.replace("drill_schedule", "# drill_schedul")


class Clock(datetime):
    """The time, as a test sets it."""

    current = ADDED

    @classmethod
    def now(cls, _: object = None) -> datetime:  # type: ignore[override]
        return cls.current


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Return a function that sets the time, for the snapshots and for Airflow's scheduler."""
    monkeypatch.setattr(scheduled, "datetime", Clock)
    monkeypatch.setattr(trigger, "utcnow", Clock.now)

    def set_time(time: datetime) -> None:
        Clock.current = time

    set_time(ADDED)
    return set_time


def next_run(dag: DAG, last: datetime | None = None) -> datetime | None:
    """Return when Airflow's scheduler would next run a DAG, as it works out at each reading of its file."""
    stored = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    info = DagRunInfo.interval(last, last) if last else None
    run = stored.next_dagrun_info(last_automated_run_info=info)
    return run.run_after if run else None


def test_a_fresh_installation_runs_no_slot_that_has_passed(take: Callable[..., Path]) -> None:
    """Nor does a new plan: the first drill is at the next slot."""
    dag = load_dags(take(shop=PLAN))["shop"]
    assert next_run(dag) == SLOT


def test_a_slot_that_is_due_is_run_however_often_the_file_is_read(
    take: Callable[..., Path], at: Callable[[datetime], None]
) -> None:
    """Also if it is read between the slot and its run, or when Airflow was down over the slot."""
    take(shop=PLAN)
    for time in (SLOT - SECOND, SLOT, SLOT + SECOND, SLOT + DAY, NEXT_SLOT - SECOND):
        at(time)
        dag = load_dags(take(other=PLAN.replace("A plan", f"At {time:%d %H %M %S}")))["shop"]
        assert next_run(dag) == SLOT
    assert next_run(dag, last=SLOT) == NEXT_SLOT


def test_the_time_is_carried_on_for_as_long_as_the_schedule_is_the_same(
    take: Callable[..., Path], at: Callable[[datetime], None]
) -> None:
    """Whatever else changes, broken or not: a change of the time would make a new version of the DAG."""
    take(shop=PLAN)
    at(ADDED + DAY)
    for text in (PLAN.replace("One", "Two"), BROKEN, "waves: [", PLAN):
        assert scheduled_since(take(shop=text), "shop") == ADDED
    dag = load_dags(take(shop=BROKEN))["shop"]
    assert "outdated" in dag.tags
    assert dag.start_date == ADDED


@pytest.mark.parametrize("between", [OTHER_TIME, NO_SCHEDULE, None], ids=["edited", "taken out", "deleted"])
def test_a_new_schedule_of_an_old_plan_runs_no_slot_that_has_passed(
    take: Callable[..., Path], at: Callable[[datetime], None], between: str | None
) -> None:
    """Neither does one that was away; of a plan that had drills before as of one that had none."""
    take(shop=PLAN)
    at(NEXT_SLOT + DAY)
    take(shop=between, other=PLAN)
    at(NEXT_SLOT + 2 * DAY)
    dag = load_dags(take(shop=PLAN))["shop"]
    assert next_run(dag, last=SLOT) == datetime(2027, 2, 1, 6, tzinfo=UTC)
    assert next_run(dag) == datetime(2027, 2, 1, 6, tzinfo=UTC)


SAME = {
    "in other quotes": PLAN.replace('"', "'").replace("0 6", "0  6"),
    "in a block": PLAN.replace('"0 6 1 * *"', ">-\n  0 6 1 * *"),
    "under another spelling of the key": PLAN.replace("drill_schedule", r'"drill\x5fschedule"'),
    "with a comment": "# drill_schedule: once it was 0 9 1 * *\n" + PLAN.replace('* *"', '* *"  # monthly'),
    "of another name": PLAN.replace("A plan.", "Its drill_schedule is monthly."),
}


@pytest.mark.parametrize("text", SAME.values(), ids=SAME)
def test_what_the_plan_means_tells_one_schedule_from_another(
    take: Callable[..., Path], at: Callable[[datetime], None], text: str
) -> None:
    """And not how it is written, nor what else is."""
    take(shop=PLAN)
    at(ADDED + DAY)
    assert scheduled_since(take(shop=text), "shop") == ADDED
    at(ADDED + 2 * DAY)
    other = text.replace("0 6 1", "0 6 9").replace("0  6 1", "0 6 9")
    assert scheduled_since(take(shop=other), "shop") == ADDED + 2 * DAY


def test_a_plan_that_only_speaks_of_a_schedule_has_none(take: Callable[..., Path]) -> None:
    """Nothing is kept of it, that could be taken for the time of one."""
    assert scheduled_since(take(shop=NO_SCHEDULE + "# drill_schedule: 0 6 1 * *\n"), "shop") is None


def test_the_plan_itself_counts_again_once_a_second_file_of_its_stem_is_gone(
    take: Callable[..., Path], at: Callable[[datetime], None], tmp_path: Path
) -> None:
    """Two files broke it, so that its last good version stood in; the one that stays has not changed."""
    take(shop=PLAN)
    second = tmp_path / "dags" / "plans" / "shop.yml"
    second.write_text(PLAN)
    assert "outdated" in load_dags(take())["shop"].tags
    assert "outdated" in load_dags(take(shop=OTHER_TIME))["shop"].tags
    second.unlink()
    at(ADDED + DAY)
    plans = take()
    assert load_dags(plans)["shop"].tags == {"recovery"}
    assert not (plans / ".last_good").exists()
    assert scheduled_since(plans, "shop") == ADDED + DAY


def test_a_plan_in_place_of_a_folder_is_a_new_one(take: Callable[..., Path], tmp_path: Path) -> None:
    """What was in the folder, by the name that the plan has now, was no plan."""
    folder = tmp_path / "dags" / "plans" / "shop.yaml"
    folder.mkdir()
    (folder / "note.txt").write_text(PLAN)
    take()
    (folder / "note.txt").unlink()
    folder.rmdir()
    assert scheduled_since(take(shop=PLAN), "shop") == ADDED


def test_times_that_an_earlier_release_kept_are_carried_on(
    take: Callable[..., Path], at: Callable[[datetime], None]
) -> None:
    """It kept the line of the schedule beside them, as it was written."""
    kept = take(shop=PLAN) / ".scheduled" / "shop"
    kept.chmod(0o600)
    kept.write_text(f'{ADDED.isoformat()}\ndrill_schedule: "0 6 1 * *"')
    at(ADDED + DAY)
    plans = take(other=PLAN)
    assert scheduled_since(plans, "shop") == ADDED
    assert (plans / ".scheduled" / "shop").read_bytes() == kept.read_bytes()
    assert scheduled_since(take(shop=PLAN.replace("One", "Two")), "shop") == ADDED
    assert scheduled_since(take(shop=OTHER_TIME), "shop") == ADDED + DAY


def test_plans_of_an_earlier_release_lose_no_slot(take: Callable[..., Path], tmp_path: Path) -> None:
    """It kept no time, and had Airflow run the slots since its first."""
    older = tmp_path / "versions" / "0123"
    (older / "plans").mkdir(parents=True)
    (older / "plans" / "shop.yaml").write_text(PLAN)
    dags = tmp_path / "dags"
    (dags / "plans" / "shop.yaml").write_text(PLAN)
    (dags / "plans" / "new.yaml").write_text(PLAN)
    snapshot = tmp_path / "versions" / take_snapshot(read_folder(dags), tmp_path / "versions", older)
    assert scheduled_since(snapshot / "plans", "shop") == FIRST_SLOT
    assert scheduled_since(snapshot / "plans", "new") == ADDED


def test_where_nobody_keeps_the_time_only_a_slot_of_just_now_is_run(
    tmp_path: Path, at: Callable[[datetime], None]
) -> None:
    """As with plans from Git: a slot that passed long ago is none, and one that is due is not lost."""
    (tmp_path / "shop.yaml").write_text(PLAN)
    dag = load_dags(tmp_path)["shop"]
    assert next_run(dag) == SLOT
    for time, due in ((SLOT + SECOND, SLOT), (SLOT + DAY / 24, NEXT_SLOT)):
        at(time)
        assert next_run(load_dags(tmp_path)["shop"]) == due
    at(SLOT + DAY)
    assert next_run(dag, last=datetime(2026, 11, 1, 6, tzinfo=UTC)) == SLOT


@pytest.mark.parametrize("spoilt", ["", "yesterday", "2026-11-10T09:30:00+00:00\n0 6", "\udcff"])
def test_a_time_that_is_none_hurts_nobody(
    take: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, spoilt: str
) -> None:
    """The plan is there, as where nobody keeps the time."""
    plans = take(shop=PLAN)
    (plans / ".scheduled" / "shop").chmod(0o600)
    (plans / ".scheduled" / "shop").write_text(spoilt, errors="surrogateescape")
    assert next_run(load_dags(plans)["shop"]) == SLOT
    context = AirflowParsingContext(dag_id="shop", task_id=None)
    monkeypatch.setattr(loader, "get_parsing_context", lambda: context)
    assert next_run(load_dags(plans)["shop"]) == SLOT
