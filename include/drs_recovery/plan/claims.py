"""Who else has source servers: the other plans, and the groups, as their files are now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.plan.groups import Group, groups_beside
from drs_recovery.plan.models import Plan
from drs_recovery.plan.reader import read_groups, read_plans
from drs_recovery.text.lists import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from drs_recovery.plan.servers import Servers
    from drs_recovery.plan.target import Target


class Claim(NamedTuple):
    """A plan or a group, as a sentence names it, and which servers it has where."""

    who: str
    servers: tuple[tuple[Target, Servers], ...]
    of_group: bool = False


def claims(plans: Path, plan_id: str) -> list[Claim]:
    """Return what the other plans of a folder, and the groups beside it, have: those that can be read."""
    others = [one for one in read_plans(plans).values() if isinstance(one, Plan) and one.id != plan_id]
    groups = [one for one in read_groups(groups_beside(plans)).values() if isinstance(one, Group)]
    return [
        *(Claim(f"the plan {quoted(one.id)}", _of_plan(one)) for one in others),
        *(
            Claim(f"the group {quoted(one.id)}", ((one.target, one.servers),), of_group=True)
            for one in groups
        ),
    ]


def _of_plan(plan: Plan) -> tuple[tuple[Target, Servers], ...]:
    return tuple((plan.target(number), wave.servers) for number, wave in enumerate(plan.waves))
