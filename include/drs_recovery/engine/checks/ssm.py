"""`ssm`: Systems Manager reaches the agent on the instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.aws.utils.instances import agent_states
from drs_recovery.engine.checks.kind import NO_INSTANCE, Found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drs_recovery.engine.checks.kind import Reach, Subject
    from drs_recovery.plan.checks import Check


async def look(check: Check, subjects: Sequence[Subject], reach: Reach) -> dict[str, Found]:
    """Ask Systems Manager about all of them, fifty in one call."""
    known = await agent_states(reach.hook, [one.instance_id for one in subjects if one.instance_id])

    def found(subject: Subject) -> Found:
        if subject.instance_id is None:
            return Found(passed=False, text=NO_INSTANCE)
        state = known.get(subject.instance_id)
        if state is None:
            return Found(passed=False, text=f"Systems Manager does not know {subject.instance_id}")
        return Found(passed=state.lower() == check.ssm, text=f"Systems Manager: the agent is {state}")

    return {subject.key: found(subject) for subject in subjects}
