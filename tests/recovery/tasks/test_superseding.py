"""A plan has one active execution; a real recovery never waits for a drill, nor for what is over."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.settings import settings
from drs_recovery.store import lock
from drs_recovery.store.lock import unlock
from drs_recovery.store.read_trail import read_events
from tests.recovery.tasks.conftest import DB, Drive, plan

SURE = {"execution_type": "RECOVERY", "confirm": "shop"}


@pytest.fixture
def drill(table: Any) -> Drive:
    """A drill that waits at its second gate."""
    drive = Drive(plan(), run_id="manual__drill")
    drive.execute("open_execution")
    drive.wave("database")
    drive.park("application.approve")
    return drive


def recovery(run_id: str = "manual__recovery", **fields: Any) -> Drive:
    """Return a RECOVERY of the same plan, not opened yet."""
    return Drive(plan(**fields), run_id=run_id, **SURE)


def details_of(drive: Drive, type_: str) -> list[str]:
    """Return what the audit trail tells of a type."""
    return [event.detail for event in drive.store.run(read_events(drive.execution_id)) if event.type == type_]


def test_a_recovery_takes_the_plan_from_a_drill(drill: Drive, starts: Any) -> None:
    """The drill is superseded on record, by whom and why; the recovery starts."""
    real = recovery()
    real.execute("open_execution")
    assert drill.record.superseded_by == real.execution_id
    assert real.execution_id in details_of(drill, "SUPERSEDED")[0]
    assert drill.execution_id in details_of(real, "LOCK_TAKEN")[0]
    before = starts()
    real.wave("database")
    assert starts() == before + 1


def test_an_answer_to_a_superseded_drill_starts_nothing(drill: Drive, starts: Any) -> None:
    """It is refused with the reason, the wave too, and the drill ends CANCELLED; its end frees no lock."""
    real = recovery()
    real.execute("open_execution")
    before = starts()
    with pytest.raises(AirflowFailException, match=f"superseded by execution {real.execution_id}"):
        drill.answer("application.approve")
    with pytest.raises(AirflowFailException, match="superseded"):
        drill.execute("application.start_recovery")
    drill.states = {"application.approve": "failed"}
    with pytest.raises(AirflowFailException, match="CANCELLED"):
        drill.execute("complete_execution")
    assert (starts(), drill.record.status) == (before, "CANCELLED")
    assert "Superseded" in drill.record.outcome
    with pytest.raises(AirflowFailException, match="is held by"):
        recovery("manual__second").execute("open_execution")


def test_opening_again_after_a_crash_supersedes_once(drill: Drive) -> None:
    """The first try died after it had taken the lock."""
    real = recovery()
    real.execute("open_execution")
    real.execute("open_execution", try_number=2)
    assert (len(details_of(drill, "SUPERSEDED")), len(details_of(real, "LOCK_TAKEN"))) == (1, 1)


@pytest.mark.parametrize("conf", [{}, SURE], ids=["drill", "recovery"])
def test_nothing_takes_the_plan_from_a_recovery(table: Any, conf: dict[str, str]) -> None:
    """Refused, told who holds it; the live recovery is not touched."""
    real = recovery()
    real.execute("open_execution")
    late = Drive(plan(), run_id="manual__late", **conf)
    with pytest.raises(AirflowFailException, match=f"held by execution {real.execution_id}"):
        late.execute("open_execution")
    assert real.record.superseded_by is None


@pytest.mark.parametrize(
    "fate", [{"runs": {"manual__drill": "failed"}}, {"deleted": {"manual__drill"}}], ids=["ended", "deleted"]
)
def test_the_plan_is_free_when_its_holders_run_is_over(drill: Drive, fate: dict[str, Any]) -> None:
    """A run that ended, or was deleted, without its record being final keeps no plan."""
    after = Drive(plan(), run_id="manual__after")
    after.execute("open_execution", **fate)
    assert drill.execution_id in details_of(after, "LOCK_TAKEN")[0]
    assert drill.record.superseded_by == after.execution_id, "its run may be cleared, and starts nothing then"


def test_a_holder_that_only_lacks_its_end_keeps_what_it_earned(table: Any) -> None:
    """All its waves are COMPLETED and its run is gone: nothing is left to start, so it is not superseded."""
    done = Drive(plan({"name": "Database", "servers": [DB]}), run_id="manual__done")
    done.execute("open_execution")
    done.wave("database")
    Drive(plan(), run_id="manual__after").execute("open_execution", deleted={"manual__done"})
    assert done.record.superseded_by is None


def test_a_lock_that_is_released_meanwhile_is_taken(drill: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drill ended between the look at its record and the take-over."""
    supersede = lock.supersede

    def just_ended(*arguments: Any) -> Any:
        yield from supersede(*arguments)
        yield from lock.release_lock(drill.record)

    monkeypatch.setattr(lock, "supersede", just_ended)
    real = recovery()
    real.execute("open_execution")
    assert real.record.failure is None


@pytest.mark.parametrize("spoilt", [False, True], ids=["read", "unreadable"])
def test_a_drill_of_another_plan_starts_nothing_that_a_recovery_holds(
    table: Any, starts: Any, *, spoilt: bool
) -> None:
    """It was opened first, and names the same server; the RECOVERY holds it whatever its item says."""
    other = Drive(plan({"name": "Database", "servers": [DB]}, id="other"), run_id="manual__other")
    other.execute("open_execution")
    real = recovery()
    real.execute("open_execution")
    if spoilt:
        key = {"executionId": {"S": real.execution_id}, "item": {"S": f"SERVER#000#{DB}"}}
        table.client("dynamodb").put_item(TableName=settings().table, Item=key)
    with pytest.raises(AirflowFailException, match=rf"RECOVERY .* of Shop holds {DB}"):
        other.execute("database.start_recovery")
    assert starts() == 0


def test_unlock_frees_a_plan_and_says_so(drill: Drive) -> None:
    """The way out, with its reason in the trail of who held it."""
    held = drill.store.run(unlock("shop", "alice", "its run hangs"))
    assert held.lock.holder == drill.execution_id
    assert details_of(drill, "LOCK_RELEASED") == ["the plan was unlocked by hand: its run hangs"]
    assert drill.store.run(unlock("shop", "alice", "again")) is None
    Drive(plan(), run_id="manual__after").execute("open_execution")
