"""Nothing opens, follows or changes what is archived; its record says where the rest is."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.errors import RecoveryError, TransitionRefused
from drs_recovery.record.enums import CleanupStatus
from drs_recovery.store.open_attempt import Opening, open_attempt
from drs_recovery.store.programs.clean_up import clean_up
from drs_recovery.store.requests import Request
from tests.recovery.cli.cli_surroundings import recovery
from tests.recovery.tasks.archive.conftest import failed, raw, remove_expired
from tests.recovery.tasks.sweeping import Sweep, drilled

if TYPE_CHECKING:
    from collections.abc import Iterator

Archive = Callable[..., list[str]]


def after_it_is_read(program: Any, happens: Callable[[], object]) -> Iterator[Any]:
    """Run a program of the store, in which something else happens once it has read the record."""
    request = next(program)
    try:
        while True:
            answer = yield request
            if happens and isinstance(request, Request) and request.operation == "get_item":
                happens()
                happens = None
            request = program.send(answer)
    except StopIteration as end:
        return end.value


def test_nothing_opens_what_is_archived(table: Any, look: Archive, starts: Any) -> None:
    """Neither a clear of its run, which finds its record for ever, nor a clean-up."""
    drive = failed(table)
    look()
    remove_expired(table, drive.execution_id)
    sent, before = starts(), drive.record
    drive.clear()
    drive.execute("open_execution")
    for task in ("web.approve", "web.start_recovery"):
        with pytest.raises(AirflowFailException, match=r"cannot be tried again: it is archived in .*\.json"):
            drive.execute(task)
    assert recovery("show", drive.execution_id).exit_code == 0
    assert "archived in" in recovery("show", drive.execution_id).stdout
    with pytest.raises(TransitionRefused, match="is archived in"):
        drive.store.run(clean_up(before, CleanupStatus.WAITING))
    assert (drive.record, starts()) == (before, sent)


def test_its_beginning_and_its_end_are_not_told_again(table: Any, look: Archive) -> None:
    """Its trail has left the table: the events would be new ones, of today."""
    drive = failed(table)
    look()
    remove_expired(table, drive.execution_id)
    drive.clear()
    with pytest.raises(AirflowFailException, match="FAILED: No wave finished"):
        drive.execute("complete_execution")
    assert raw(table, drive.execution_id).keys() == {"EXECUTION"}


def test_a_clean_up_of_its_instances_says_where_it_is(table: Any, look: Archive) -> None:
    """Rather than that it has no plan, which is archived too."""
    drive = drilled()
    look()
    remove_expired(table, drive.execution_id)
    sweep = Sweep(drive, run_id="by-hand")
    with pytest.raises(AirflowFailException, match=r"is archived in .*\.json: nothing of it changes"):
        sweep.execute("approve")
    done = recovery("clean-up", drive.execution_id)
    assert "is archived in" in done.stderr


@pytest.mark.parametrize("what", ["attempt", "clean-up"])
def test_who_read_it_before_it_was_claimed_does_not_write(table: Any, look: Archive, what: str) -> None:
    """Whichever of the two comes first, the other is refused."""
    drive = failed(table) if what == "attempt" else drilled()
    before = drive.record
    programs = {
        "attempt": lambda: open_attempt(drive.execution_id, Opening(0, last=1, clear_number=1)),
        "clean-up": lambda: clean_up(before, CleanupStatus.WAITING),
    }
    with pytest.raises(RecoveryError, match="is archived in"):
        drive.store.run(after_it_is_read(programs[what](), look))
    assert (drive.record.status, drive.record.cleanup) == (before.status, before.cleanup)
    assert drive.record.archived.expires is not None
