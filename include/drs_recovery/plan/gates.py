"""The gates of a plan: who may pass each of them, and how many people that takes.

A plan says it for all its gates, and a wave key by key for its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Discriminator, Field, PlainValidator, Tag, WithJsonSchema

from drs_recovery.plan.values import Frozen
from drs_recovery.text.lists import quoted
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from drs_recovery.plan.problems import Finding, Place

MOST_PEOPLE = 10
"""Whom one gate may need: each is asked after the other, and must be awake."""


def _people(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PEOPLE:
        return value
    raise ValueError(f"is no number of people from 1 to {MOST_PEOPLE}")


People = Annotated[
    int,
    PlainValidator(_people),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_PEOPLE}),
]


class NeededByType(Frozen):
    """How many people must approve in a drill, and how many in a recovery."""

    drill: People = Field(default=1, description="People who must approve in a drill.")
    recovery: People = Field(default=1, description="People who must approve in a recovery.")


def _kind(value: object) -> str:
    return "by type" if isinstance(value, dict | NeededByType) else "number"


ApprovalsNeeded = Annotated[
    Annotated[People, Tag("number")] | Annotated[NeededByType, Tag("by type")], Discriminator(_kind)
]


class GateSketch(NamedTuple):
    """What a plan says of its gates, or a wave of its own; None stands for what it does not say."""

    place: Place
    approvers: tuple[str | None, ...] | None = None
    break_glass: tuple[str | None, ...] | None = None
    needed: int | None = None
    needed_at: Place = ()


def gate_sketch(entries: dict[str, Any], place: Place) -> GateSketch:
    """Return the sketch of a plan's gates, or of a wave's, from plain data that may be wrong."""
    value = entries.get("approvals_needed")
    at: Place = (*place, "approvals_needed")
    if isinstance(value, dict):
        known = {key: count for key in ("drill", "recovery") if (count := _count(value.get(key)))}
        if known:
            key = max(known, key=lambda key: known[key])
            value, at = known[key], (*at, key)
    return GateSketch(
        place, _users(entries.get("approvers")), _users(entries.get("break_glass")), _count(value), at
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _users(values: object) -> tuple[str | None, ...] | None:
    if not isinstance(values, list):
        return None
    return tuple(value if isinstance(value, str) else None for value in values)


def gate_findings(plan: GateSketch, waves: Sequence[GateSketch]) -> Iterator[Finding]:
    """Yield every broken rule of the gates: of what the plan says, then of what a wave says of its own."""
    for gate in (plan, *waves):
        yield from _repeated(gate)
        yield from _both(gate, plan)
        yield from _too_few(gate, plan)


def _repeated(gate: GateSketch) -> Iterator[Finding]:
    for key, users, noun in (
        ("approvers", gate.approvers, "the approver"),
        ("break_glass", gate.break_glass, "break_glass: the user"),
    ):
        seen: set[str] = set()
        for index, user in enumerate(users or ()):
            if user in seen:
                yield (*gate.place, key, index), f"{noun} {quoted(user)} is named twice"
            elif user is not None:
                seen.add(user)


def _both(gate: GateSketch, plan: GateSketch) -> Iterator[Finding]:
    """Find users who are both: nobody could say which of the two an approval of theirs is."""
    said, key, others = gate.approvers, "approvers", gate.break_glass
    if said is None:
        said, key, others = gate.break_glass, "break_glass", plan.approvers
    known = set((plan.break_glass if others is None else others) or ())
    for index, user in enumerate(said or ()):
        if user is not None and user in known:
            complaint = f"{quoted(user)} is in approvers and in break_glass of one gate"
            yield (
                (*gate.place, key, index),
                f"{complaint}: one approval of theirs would always pass it; name them once",
            )


def _too_few(gate: GateSketch, plan: GateSketch) -> Iterator[Finding]:
    if gate.approvers is None and gate.needed is None:
        return
    approvers = plan.approvers if gate.approvers is None else gate.approvers
    count = gate.needed or plan.needed or 1
    if approvers and count > len(approvers):
        at = (*gate.place, "approvers") if gate.needed is None else gate.needed_at
        yield at, f"approvals_needed is {count}, and this gate has {plural(len(approvers), 'approver')}"
