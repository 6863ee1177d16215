"""Actions that must not be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.tampered.honest import acting, at, invocation
from tests.chaos.tampered.tampering import breaks

if TYPE_CHECKING:
    from tests.chaos.evidence import Evidence


@breaks(
    "actions run once",
    "stop of Wave1 was done 2 times: 2026-01-01T12:01:47.000000Z, 2026-01-01T12:01:48.000000Z",
)
def done_twice(evidence: Evidence) -> None:
    acting(evidence)
    evidence.calls.append(invocation("stop", 108))


@breaks(
    "actions in their place",
    "Wave1, attempt 1, had stop done at 2026-01-01 12:01:42+00:00; "
    "1 must approve, and did: alice at 2026-01-01 12:01:44+00:00",
)
def done_before_the_gate(evidence: Evidence) -> None:
    acting(evidence)
    evidence.calls[-2]["time"] = at(102)


@breaks(
    "actions in their place",
    "Wave1 had stop done at 2026-01-01 12:01:47+00:00, "
    "but Wave0, which it depends on, is COMPLETED at 2026-01-01T12:01:55.000000Z",
)
def done_before_the_wave_it_depends_on(evidence: Evidence) -> None:
    acting(evidence)
    for item in (evidence.items[0], evidence.runs[0].seen[0][1]):
        item["waves"][0]["endTime"] = at(115)


@breaks(
    "actions in their place",
    "Wave1 was started at 2026-01-01 12:01:50+00:00, and stop had not been done",
)
def started_without_it(evidence: Evidence) -> None:
    acting(evidence)
    evidence.calls.pop(-2)


@breaks(
    "actions in their place",
    "promote was done at 2026-01-01T12:02:35.000000Z, but Wave1 had not met its policy",
)
def promoted_before_the_launch(evidence: Evidence) -> None:
    acting(evidence)
    evidence.calls[-1]["time"] = at(155)
