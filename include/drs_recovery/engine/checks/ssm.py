"""`ssm`: Systems Manager reaches the agent on the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.instances import agent_states
from drs_recovery.engine.checks.kind import Found, of_instances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Ask Systems Manager about all of them, fifty in one call."""
    known = await agent_states(reach.hook, [one.instance_id for one in subjects if one.instance_id])

    def found(instance_id: str) -> Found:
        if (state := known.get(instance_id)) is None:
            return Found(passed=False, text=f"Systems Manager does not know {instance_id}")
        return Found(passed=state.lower() == check.ssm, text=f"Systems Manager: the agent is {state}")

    return of_instances(subjects, found)
