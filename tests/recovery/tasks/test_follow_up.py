"""Any kind of follow-up is asked for, waits, is started and ends as the clean-up does, in its own terms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from drs_recovery.dag.clean_up import follow_up_dag
from drs_recovery.engine.clean_up import CleanUp
from drs_recovery.engine.follow_up_kind import FollowUp, Question, StillThere
from drs_recovery.engine.parting import TryLater
from drs_recovery.names import CleanUpTask
from drs_recovery.record.enums import CleanupMode, CleanupStatus
from tests.recovery.tasks.sweeping import Sweep, calls, drilled

if TYPE_CHECKING:
    from drs_recovery.engine.follow_up_kind import Work
    from drs_recovery.record.models import Execution

WORLD = {"busy": False, "changed": True}


class PutBack(FollowUp):
    """Puts settings back, of which DRS knows nothing here."""

    dag_id = "recovery_put_back"
    tasks = CleanUpTask
    description = "Puts settings back."
    doc = "Puts settings back."
    noun = "put-back"
    kept = "the settings stay"
    events = CleanUp.events
    record = CleanUp.record

    @staticmethod
    def check_may(execution: Execution) -> None:
        """Take any."""

    @property
    def mode(self) -> CleanupMode:
        """Ask always."""
        return CleanupMode.AFTER_APPROVAL

    def question(self) -> Question:
        """Ask."""
        return Question("Put back?", "Settings.", timedelta(hours=1))

    def do(self, work: Work) -> None:
        """Put them back unless somebody else changes them now."""
        if WORLD["busy"]:
            raise TryLater("somebody changes them", seconds=20)
        WORLD["changed"] = False
        self.write(CleanupStatus.TERMINATING)

    def check_done(self) -> str:
        """Look at them."""
        if WORLD["changed"]:
            raise StillThere("a setting is not as it was", ["type"])
        return "the settings are as they were"


@pytest.fixture
def sweep(table: Any) -> Sweep:
    """A DAG run that puts the settings of a drill back."""
    WORLD.update(busy=False, changed=True)
    sweep = Sweep(drilled())
    sweep.dag = follow_up_dag(PutBack)
    return sweep


def test_it_does_its_own_work_and_says_so_in_its_own_terms(table: Any, sweep: Sweep) -> None:
    """Nothing is terminated; what is in the way is waited for."""
    sweep.ask()
    sweep.answer(reason="seen enough")
    WORLD["busy"] = True
    waiting = sweep.park("terminate")
    assert "somebody changes them" in sweep.details_of("CLEANUP_HELD")[0]
    WORLD["busy"] = False
    assert sweep.resume("terminate", {}, **waiting.kwargs) == []
    WORLD["changed"] = True
    with pytest.raises(StillThere):
        sweep.execute("check", try_number=4)
    assert (sweep.cleanup.status, sweep.cleanup.left) == ("FAILED", ("type",))
    sweep.execute("terminate")
    sweep.execute("wait_for_termination")
    sweep.execute("check")
    assert (sweep.cleanup.status, sweep.details_of("CLEANUP_DONE")) == (
        "DONE",
        ["the settings are as they were"],
    )
    assert calls(table) == []


def test_a_rejection_or_silence_keeps_what_is_there(sweep: Sweep) -> None:
    """In the terms of the kind."""
    sweep.ask()
    sweep.resume("approve", {"error": "late", "error_type": "timeout"})
    assert sweep.details_of("CLEANUP_KEPT")[0].endswith(": the settings stay")
    with pytest.raises(AirflowSkipException, match="The settings stay"):
        sweep.execute("terminate")
    assert WORLD["changed"]


def test_its_wait_ends(sweep: Sweep) -> None:
    """After as long as any follow-up waits, and it says what for."""
    sweep.ask()
    sweep.answer()
    WORLD["busy"] = True
    since = datetime.now(UTC) - timedelta(hours=5)
    with pytest.raises(Exception, match=r"Waited for 4 h.*somebody changes them"):
        sweep.resume("terminate", {}, since=since.isoformat())
    assert sweep.cleanup.status == "FAILED"
