"""What a plan says of the checks before a start, and what it means when it says nothing."""

from __future__ import annotations

import pytest

from drs_recovery.plan import Preflight

CHECKS = list(Preflight.model_fields)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    ("strictness", "drill", "recovery"),
    [("block", True, True), ("block_drills", True, False), ("warn", False, False)],
)
def test_a_check_blocks_what_the_plan_says(check, strictness, drill, recovery) -> None:
    """Every execution, drills only, or none."""
    preflight = Preflight(**{check: strictness})
    assert preflight.blocks(check, drill=True) is drill
    assert preflight.blocks(check, drill=False) is recovery


def test_by_default_nothing_about_a_server_and_no_quota_keeps_a_real_recovery_out() -> None:
    """What an outage brings with it warns; servers that replicate back are left out by the start itself.

    But for a recovery point that somebody chose: then other data are what nobody wants.
    """
    assert [check for check in CHECKS if Preflight().blocks(check, drill=False)] == ["recovery_points"]
    assert [check for check in CHECKS if Preflight().blocks(check, drill=True)] == [
        "servers",
        "direction",
        "recovery_points",
        "quotas",
        "launch",
    ]
