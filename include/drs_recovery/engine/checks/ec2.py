"""`ec2`: both status checks of the instance are passed, as EC2 says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.instances import instance_statuses
from drs_recovery.engine.checks.kind import Found, of_instances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Ask EC2 about all of them, a hundred in one call."""
    known = await instance_statuses(reach.hook, [one.instance_id for one in subjects if one.instance_id])

    def found(instance_id: str) -> Found:
        if (status := known.get(instance_id)) is None:
            return Found(passed=False, text=f"EC2 reports no status of {instance_id}")
        text = f"EC2 status checks: system {status['system']}, instance {status['instance']}"
        return Found(passed=set(status.values()) == {check.ec2}, text=text)

    return of_instances(subjects, found)
