"""Run params: what may be asked for."""

from __future__ import annotations

import pytest

from drs_recovery.errors import ParamsError
from drs_recovery.record.enums import Approvals, ExecutionType
from drs_recovery.record.params import RunParams

REAL = {"execution_type": "RECOVERY", "confirm": "web_shop"}


def test_a_run_without_params_is_a_drill_as_planned():
    """Nothing real happens by default (invariant 5)."""
    params = RunParams.read({})
    assert (params.execution_type, params.approvals) == (ExecutionType.DRILL, Approvals.AS_PLANNED)
    params.check("web_shop", "scheduled")


@pytest.mark.parametrize(
    "given",
    [
        REAL,
        REAL | {"approvals": "every_wave"},
        REAL | {"replace_recovered": "web_shop", "reason": "Region down"},
        {"approvals": "none"},
        {"confirm": "", "replace_recovered": " ", "reason": None, "recovery_point": " "},
        {"recovery_point": "before start", "recovery_points": None},
        {"recovery_point": "2026-11-27T02:10Z", "recovery_points": {f"s-{1:017}": f"pit-{1:017}"}},
    ],
)
def test_what_may_be_asked_for(given):
    """A form sends empty fields; they are absent."""
    params = RunParams.read(given)
    assert params.check("web_shop", "manual") is None
    assert params.reason == given.get("reason")


@pytest.mark.parametrize(
    ("given", "run_type", "texts"),
    [
        ({"execution_type": "RECOVERY"}, "manual", "confirm: .* 'web_shop', and it is missing"),
        (REAL | {"confirm": "Web_shop"}, "manual", "confirm: .* 'web_shop', not 'Web_shop'"),
        (REAL, "scheduled", "only in a manual run, not in one that is scheduled"),
        (REAL, "backfill", "only in a manual run, not in one that is backfill"),
        (REAL, "operator_triggered", "not in one that is operator_triggered: no schedule and no other DAG"),
        (REAL, "asset_triggered", "only in a manual run"),
        (REAL | {"approvals": "none"}, "manual", "approvals: 'none' is for drills only"),
        (REAL | {"replace_recovered": "yes"}, "manual", "replace_recovered: must be 'web_shop', not 'yes'"),
        ({"replace_recovered": "web_shop"}, "manual", "a DRILL never replaces real recovery instances"),
        ({"confirm": "web_shop"}, "manual", "say execution_type RECOVERY, or leave confirm out"),
    ],
)
def test_what_may_not(given, run_type, texts):
    """Each rule across params names the param, the value and what is allowed."""
    with pytest.raises(ParamsError, match=texts):
        RunParams.read(given).check("web_shop", run_type)


def test_all_that_is_wrong_is_written_at_once():
    """Nobody mends params one by one at 3 a.m."""
    with pytest.raises(ParamsError) as refused:
        RunParams.read({"execution_type": "RECOVERY", "approvals": "none"}).check("web_shop", "scheduled")
    assert str(refused.value).count("; ") == 2


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"execution_type": "drill"}, "execution_type: Input should be 'DRILL' or 'RECOVERY', not 'drill'"),
        ({"approvals": "some"}, "approvals: Input should be .*, not 'some'"),
        ({"force": True}, "force: no such param; there are execution_type, confirm, "),
        ({"reason": 5}, "reason: Input should be a valid string, not 5"),
        ([], "params: "),
        ({"recovery_point": "yesterday"}, "recovery_point: .* latest, before start, or .*, not 'yesterday'"),
        ({"recovery_point": {"before": "end"}}, "recovery_point: .* is no recovery point: "),
        ({"recovery_points": {"db-1": f"pit-{1:017}"}}, r"recovery_points.db-1.\[key\]: "),
        ({"recovery_points": {f"s-{1:017}": "pit-1"}}, f"recovery_points.s-{1:017}: .*, not 'pit-1'"),
        ({"recovery_points": []}, "recovery_points: Input should be a valid dictionary"),
    ],
)
def test_params_of_the_wrong_shape(given, texts):
    """Types, choices and names are checked with their place."""
    with pytest.raises(ParamsError, match=texts):
        RunParams.read(given)
