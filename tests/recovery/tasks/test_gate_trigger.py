"""A gate wakes when its execution has ended, or lost its plan, and is no less reliable for it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.api.datamodels._generated import HITLDetailResponse
from airflow.sdk.exceptions import AirflowFailException, TaskAwaitingInput, TaskDeferred

from drs_recovery.settings import settings
from drs_recovery.tasks.approve import TRIGGER_LATE
from drs_recovery.tasks.gate_trigger import STOPPED, GateTrigger, GateWatch
from tests.airflow_rest import until
from tests.recovery.tasks.conftest import Drive, plan

if TYPE_CHECKING:
    from collections.abc import Callable

GATE = "application.approve"
ALICE = {"id": "alice", "name": "alice"}
ANSWER = "airflow.providers.standard.triggers.hitl.get_hitl_detail_content_detail"


@pytest.fixture
def no_answer(table: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What Airflow knows of the gate's answer, for a test to change; looks without a hold, each 0.2 s."""
    for name, value in {"HOLD_SECONDS": "0", "GATE_SECONDS": "0.2"}.items():
        monkeypatch.setenv(f"RECOVERY_{name}", value)
    settings.cache_clear()
    answer: dict[str, Any] = {"response_received": False, "responded_at": None, "chosen_options": None}
    monkeypatch.setattr(ANSWER, lambda **_: HITLDetailResponse(**answer))
    return answer


REAL = {"execution_type": "RECOVERY", "confirm": "shop"}


def waiting(run_id: str = "manual__drill", conf: dict[str, str] | None = None, **fields: Any) -> Drive:
    """Return an execution that waits at its second gate, a drill unless asked for otherwise."""
    drive = Drive(plan(**fields), run_id=run_id, **(conf or {}))
    drive.execute("open_execution")
    drive.wave("database")
    drive.park(GATE)
    return drive


def superseding(run_id: str = "manual__recovery") -> Drive:
    """Open a RECOVERY of the same plan."""
    real = Drive(plan(), run_id=run_id, **REAL)
    real.execute("open_execution")
    return real


def trigger_of(drive: Drive) -> GateTrigger:
    """Return the trigger that the gate defers to, as a triggerer makes it."""
    path, kwargs = drive.park(GATE).trigger.serialize()
    assert path == f"{GateTrigger.__module__}.{GateTrigger.__name__}"
    return GateTrigger(**kwargs)


async def first_event(trigger: GateTrigger) -> dict[str, Any]:
    """Return what the trigger's one event says."""
    (event,) = [event async for event in trigger.run()]
    payload: dict[str, Any] = event.payload
    return payload


def fired(*triggers: GateTrigger, meanwhile: Callable[[], object]) -> list[dict[str, Any]]:
    """Return what triggers of one process fire after something happened that they all waited for."""

    async def run() -> list[dict[str, Any]]:
        running = [asyncio.create_task(first_event(trigger)) for trigger in triggers]
        await asyncio.sleep(0.7)
        assert not any(task.done() for task in running), "nothing had happened yet"
        await asyncio.to_thread(meanwhile)
        async with asyncio.timeout(20):
            return await asyncio.gather(*running)

    return asyncio.run(run())


def test_a_gate_of_a_superseded_drill_ends_unanswered(no_answer: dict[str, Any], starts: Any) -> None:
    """Its trigger sees it, the gate fails with the reason from the record, and the drill ends CANCELLED."""
    drill = waiting()
    real: list[Drive] = []
    (event,) = fired(trigger_of(drill), meanwhile=lambda: real.append(superseding()))
    assert event["error_type"] == STOPPED
    with pytest.raises(AirflowFailException, match=f"superseded by execution {real[0].execution_id}"):
        drill.resume(GATE, event)
    drill.states = {GATE: "failed"}
    with pytest.raises(AirflowFailException, match="CANCELLED: Superseded"):
        drill.execute("complete_execution")
    assert (drill.record.waves[1].approval, starts()) == (None, 1)


@pytest.mark.parametrize("conf", [{}, REAL], ids=["DRILL", "RECOVERY"])
def test_a_gate_wakes_when_its_execution_is_final(no_answer: dict[str, Any], conf: dict[str, str]) -> None:
    """Whoever ended it while it waits: nothing is asked for an execution that is over."""
    drive = waiting(conf=conf)

    def end() -> None:
        with pytest.raises(AirflowFailException):
            drive.execute("complete_execution")

    (event,) = fired(trigger_of(drive), meanwhile=end)
    with pytest.raises(AirflowFailException, match="for good"):
        drive.resume(GATE, event)


def test_an_event_alone_stops_no_gate(no_answer: dict[str, Any]) -> None:
    """The record decides: a gate that is woken while its execution goes on asks again."""
    drill = waiting()
    with pytest.raises(TaskDeferred):
        drill.resume(GATE, {"error": "its execution is stopped", "error_type": STOPPED})
    assert drill.record.waves[1].status == "PAUSED"


def test_many_gates_share_one_look(no_answer: dict[str, Any], table: Any) -> None:
    """Each look is one request for all gates of a triggerer, and the end of one drill ends no other."""
    drills = [waiting(f"manual__{n}", id=f"shop_{n}") for n in range(3)]
    drills.append(waiting())
    triggers = [trigger_of(drill) for drill in drills for _ in range(3)]
    before = len(table.control.requests(operation="BatchGetItem"))

    def looks() -> int:
        return len(table.control.requests(operation="BatchGetItem")) - before

    async def run() -> float:
        began = asyncio.get_running_loop().time()
        running = [asyncio.create_task(first_event(trigger)) for trigger in triggers]
        await asyncio.to_thread(until, "two looks", lambda: looks() >= 2)
        await asyncio.to_thread(superseding)
        await asyncio.wait(running[-3:], timeout=10)
        assert [task.done() for task in running] == [False] * 9 + [True] * 3
        async with GateWatch.shared()._looking:  # a look that is cut off leaves a client half made
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        return asyncio.get_running_loop().time() - began

    took = asyncio.run(run())
    assert 2 <= looks() <= took / 0.18 + 1


def test_an_answer_before_the_gate_was_parked_is_found(no_answer: dict[str, Any]) -> None:
    """Airflow resumes a deferred gate when it is answered, not one that is answered before it is deferred."""
    drill = waiting()
    trigger = trigger_of(drill)
    no_answer |= {
        "response_received": True,
        "chosen_options": ["Approve"],
        "params_input": {"reason": "fine"},
        "responded_at": datetime.now(UTC),
        "responded_by_user": ALICE,
    }
    event = asyncio.run(first_event(trigger))
    assert drill.resume(GATE, event) == {"approved_by": "alice", "reason": "fine"}


def test_a_time_out_never_approves(no_answer: dict[str, Any]) -> None:
    """The trigger ends a gate that nobody answered in time, as Airflow's sweep ends one that is parked."""
    drill = waiting()
    trigger = trigger_of(drill)
    trigger.timeout_datetime = datetime.now(UTC) + timedelta(seconds=0.5)
    event = asyncio.run(first_event(trigger))
    assert event["error_type"] == "timeout"
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        drill.resume(GATE, event)
    assert drill.record.waves[1].approval.decision == "TIMED_OUT"


def test_a_gate_times_out_without_a_triggerer(no_answer: dict[str, Any]) -> None:
    """Airflow itself ends the deferral, a minute after the gate's time, and it counts as the time-out."""
    drill = waiting(gate_timeout=timedelta(hours=1))
    parked = drill.park(GATE)
    assert timedelta(minutes=59) < parked.timeout - TRIGGER_LATE <= timedelta(hours=1)
    gate = drill.dag.get_task(GATE)
    with pytest.raises(AirflowFailException, match="Nobody answered"):
        gate.resume_execution("__fail__", {"error": "Trigger timeout"}, drill.context(GATE))
    assert drill.record.waves[1].approval.decision == "TIMED_OUT"


def test_a_gate_whose_trigger_broke_waits_on(no_answer: dict[str, Any]) -> None:
    """A triggerer that cannot even import the trigger costs no drill: the gate is parked, unwatched."""
    drill = waiting()
    gate = drill.dag.get_task(GATE)
    with pytest.raises(TaskAwaitingInput):
        gate.resume_execution("__fail__", {"error": "no such module"}, drill.context(GATE))
    assert drill.answer(GATE)["approved_by"] == "alice"


def test_trouble_with_the_table_ends_no_gate(
    no_answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DynamoDB and Airflow's API are away for a while: the trigger looks again, and sees it."""
    drill = waiting()
    trigger = trigger_of(drill)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
    no_answer["response_received"] = "broken"

    def mended() -> None:
        monkeypatch.delenv("AWS_ENDPOINT_URL_DYNAMODB")
        no_answer["response_received"] = False
        superseding()

    (event,) = fired(trigger, meanwhile=mended)
    assert event["error_type"] == STOPPED


def test_no_gate_wakes_within_the_hold(no_answer: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Airflow 3.3.2 fails a task whose event comes while the worker that parked it still ends."""
    drill = waiting()
    trigger = trigger_of(drill)
    superseding()
    monkeypatch.setenv("RECOVERY_HOLD_SECONDS", "1.5")
    settings.cache_clear()

    async def took() -> float:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await first_event(trigger)
        return loop.time() - began

    assert asyncio.run(took()) >= 1.5
