"""Who puts launch settings back and who starts with them never work on one server at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from drs_recovery.clock import now
from drs_recovery.engine import put_back
from drs_recovery.engine.follow_up_kind import StillThere
from drs_recovery.record.server_settings import CLAIM, SettingsStatus
from drs_recovery.store.server_settings import settings_item, write_settings
from tests.recovery.tasks.checked import SURE
from tests.recovery.tasks.conftest import DB, WEB, Drive
from tests.recovery.tasks.settings import SMALL, START, Back, on_record, order, pair, settings_of
from tests.recovery.tasks.test_put_back import drilled
from tests.recovery.tasks.test_spoilt_items import Table
from tests.recovery.tasks.troubles import details_of

SECOND = {"run_id": "manual__2"}
LOOK = put_back.executions_with


def test_a_start_after_the_first_look_keeps_its_settings(table: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """It wants what the drill wanted: that is no longer the drill's to put back."""
    drill = drilled(table, SMALL)
    others: list[Drive] = []

    def look(*about: Any) -> Any:
        yield from list(LOOK(*about))
        if not others:
            others.append(pair(table, SMALL, drive=SECOND))
            others[0].execute(START)

    monkeypatch.setattr(put_back, "executions_with", look)
    with pytest.raises(TaskDeferred):
        Back(drill).execute("put_back")
    assert {settings_of(table, server)["instance_type"] for server in (DB, WEB)} == {"t3.small"}


def test_an_execution_that_is_opened_after_the_first_look_is_seen(
    table: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are free again, and its start takes them over."""
    drill = drilled(table, SMALL)
    others: list[Drive] = []
    seen: list[str] = []

    def look(*about: Any) -> Any:
        seen.extend(on_record(drill)[server].status for server in about[2])
        yield from list(LOOK(*about))
        if not others:
            others.append(pair(table, SMALL, drive=SECOND))

    monkeypatch.setattr(put_back, "executions_with", look)
    with pytest.raises(TaskDeferred):
        Back(drill).execute("put_back")
    assert seen[:2] == ["APPLIED", "PUTTING_BACK"]
    assert {one.status for one in on_record(drill).values()} == {"APPLIED"}
    others[0].execute(START)
    assert {one.status for one in on_record(drill).values()} == {"LEFT"}


def test_no_start_uses_settings_that_are_put_back_just_now(table: Any) -> None:
    """It waits; who puts them back and died holds them for no longer than a time."""
    drill = drilled(table, SMALL)
    real = pair(table, SMALL, drive=SECOND | SURE)
    _hold(drill, DB, age=timedelta())
    with pytest.raises(TaskDeferred):
        real.execute(START)
    assert f"the launch settings of {DB} are put back just now" in details_of(real, "START_WAITING")[0]
    _hold(drill, DB, age=CLAIM)
    real.execute(START)
    assert on_record(real)[DB].status == "APPLIED"


def test_a_drill_that_is_opened_again_waits_for_what_is_put_back_of_itself(table: Any) -> None:
    """The settings of its next attempt are not written over."""
    drill = pair(table, SMALL)
    table.control.fail_server(WEB, times=1)
    drill.execute(START)
    with pytest.raises(AirflowFailException):
        drill.execute("pair.wait_for_recovery")
    drill.states = {"pair.wait_for_recovery": "failed"}
    with pytest.raises(AirflowFailException):
        drill.execute("complete_execution")
    _hold(drill, WEB, age=timedelta())
    drill.clear()
    with pytest.raises(TaskDeferred):
        drill.execute(START)
    _hold(drill, WEB, age=CLAIM)
    drill.execute(START)
    assert on_record(drill)[WEB].status == "APPLIED"


def _hold(drive: Drive, server: str, age: timedelta) -> None:
    known = on_record(drive)[server]
    held = known.replace(status=SettingsStatus.PUTTING_BACK, time=now() - age)
    drive.store.run(write_settings(drive.execution_id, held, known))


def test_settings_whose_record_is_lost_are_named_and_not_called_put_back(table: Any) -> None:
    """The other server is put back; it stays due until a person has looked."""
    drill = drilled(table, SMALL)
    before = settings_of(table, DB)
    Table(drill.execution_id).put(
        {"executionId": drill.execution_id, "item": settings_item(0, DB), "x": True}
    )
    back = Back(drill)
    for task in ("put_back", "check"):
        with pytest.raises(StillThere, match=f"launch settings of {DB} are not put back"):
            back.execute(task, try_number=9)
    assert settings_of(table, DB) == before
    assert on_record(drill)[WEB].status == "PUT_BACK"
    assert (order(drill).status, order(drill).left) == ("PUTTING_BACK", (DB,))
    real = pair(table, SMALL, drive=SECOND | SURE)
    with pytest.raises(TaskDeferred):
        real.execute(START)
    assert f"settings of {DB} were before a drill is not known" in details_of(real, "START_WAITING")[0]
