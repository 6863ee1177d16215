"""The approvals of gates that need several: an item of each person, put before the record counts it.

The approval that passes the gate is in the record itself, as that of a gate that needs one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.errors import RecordUnreadable
from drs_recovery.record.approvals import GivenApproval
from drs_recovery.record.texts import digest
from drs_recovery.store.passed_over import PassedOver, log_it, readable
from drs_recovery.store.requests import put_new, query_items, shorter_and_shorter, smaller_and_smaller

if TYPE_CHECKING:
    from drs_recovery.record.parts import Approval
    from drs_recovery.store.requests import Item, StoreProgram

PREFIX = "APPROVAL#"


def approval_item(approval: GivenApproval) -> str:
    """Return the range key of an approval: one of each person, whose id may be of any letters."""
    return f"{_prefix(approval.wave_number, approval.attempt)}{digest(approval.by or '')}"


def put_approval(execution_id: str, number: int, approval: Approval) -> StoreProgram[bool]:
    """Put a person's approval of a wave's attempt; False where that person has given one already."""
    given = GivenApproval(wave_number=number, **dict(approval))

    def once(reason: str) -> StoreProgram[bool]:
        return (
            yield from put_new(execution_id, approval_item(given), given.replace(reason=reason).to_item())
        )

    return (yield from smaller_and_smaller(once, shorter_and_shorter(given.reason)))


def read_approvals(
    execution_id: str,
    number: int | None = None,
    attempt: int | None = None,
    *,
    passed_over: PassedOver = log_it,
) -> StoreProgram[list[GivenApproval]]:
    """Read who approved the gates of an execution, or one attempt of a wave, consistently and in order.

    One that cannot be read, or stands in another's place, counts for nobody.
    """
    prefix = PREFIX if number is None or attempt is None else _prefix(number, attempt)
    approvals = readable((yield from query_items(execution_id, prefix)), _approval, passed_over)
    return sorted(approvals, key=lambda approval: approval.time)


def _prefix(number: int, attempt: int) -> str:
    return f"{PREFIX}{number:03}#{attempt}#"


def _approval(item: Item) -> GivenApproval:
    approval = GivenApproval.from_item(item)
    if approval_item(approval) != item["item"]:
        raise RecordUnreadable(f"{item['item']} holds another approval: by {approval.by!r}")
    return approval
