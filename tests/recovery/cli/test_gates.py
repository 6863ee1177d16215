"""A gate is answered when that helps, and never too soon."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from drs_recovery.cli.airflow_models import Gate
from drs_recovery.cli.gates import GateClosed, GateNotReady, check_ready, check_reason
from drs_recovery.errors import AirflowRefused

ASKED = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)


def gate(*, state: str | None = "awaiting_input", queued: datetime | None = None, **changed: Any) -> Gate:
    task = {"task_id": "appwave2.approve", "state": state, "queued_when": queued}
    return Gate.model_validate({"subject": "?", "created_at": ASKED, "task_instance": task} | changed)


def after(seconds: float) -> datetime:
    return ASKED + timedelta(seconds=seconds)


def test_a_gate_that_has_just_begun_to_wait_is_not_answered() -> None:
    """Airflow 3.3.2 fails a task that is resumed while its worker is still parking it."""
    with pytest.raises(GateNotReady) as early:
        check_ready(gate(), "appwave2.approve", after(4))
    assert early.value.seconds == 6
    assert check_ready(gate(), "appwave2.approve", after(10)) == gate()


def test_a_gate_that_is_asked_again_ages_from_there() -> None:
    """Airflow keeps the first date of a gate whose answer had no valid reason."""
    again = gate(queued=after(100))
    with pytest.raises(GateNotReady) as early:
        check_ready(again, "appwave2.approve", after(106))
    assert early.value.seconds == 9
    assert check_ready(again, "appwave2.approve", after(115)) == again


@pytest.mark.parametrize("state", [None, "scheduled", "queued", "running", "up_for_retry"])
def test_a_gate_whose_task_does_not_wait_is_not_answered_yet(state: str | None) -> None:
    with pytest.raises(GateNotReady):
        check_ready(gate(state=state), "appwave2.approve", after(60))


def test_a_gate_that_has_not_asked_may_do_so_yet() -> None:
    with pytest.raises(GateNotReady, match="has not asked"):
        check_ready(None, "appwave2.approve", after(60))


def test_an_answered_gate_says_who_answered_what() -> None:
    bobs = {"id": "bob", "name": "bob"}
    answered = gate(response_received=True, responded_by_user=bobs, chosen_options=["Reject"])
    with pytest.raises(GateClosed, match="Reject by bob"):
        check_ready(answered, "appwave2.approve", after(60))


@pytest.mark.parametrize("reason", [None, "", "ok"])
def test_a_reason_the_form_does_not_allow_is_not_sent(reason: str | None) -> None:
    """Airflow takes any reason, and the gate would ask again: the person would never learn why."""
    strict = gate(params={"reason": {"value": None, "schema": {"type": "string", "minLength": 3}}})
    with pytest.raises(AirflowRefused, match="--reason"):
        check_reason(strict, reason)
    check_reason(strict, "yes")
    check_reason(gate(params={"reason": {"schema": {"type": ["null", "string"]}}}), reason)
