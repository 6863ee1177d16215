"""What faults do to the timeline of a server's launch."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from drs_simulator.drs.timeline import Event, Hold, LaunchStatus, Phase, ServerTimeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from drs_simulator.faults.registry import SetFault

_NO_SNAPSHOT = "An error occurred (InternalError) when calling the CreateSnapshot operation"


def apply_effects(healthy: ServerTimeline, faults: Iterable[SetFault[Any]]) -> ServerTimeline:
    """Return the timeline of a launch that faults hit: what cuts it short comes last, a hang at the end."""
    timeline = healthy
    order = list(_EFFECTS)
    for fault in sorted(faults, key=lambda fault: order.index(fault.spec.effect)):
        timeline = _EFFECTS[fault.spec.effect](timeline, fault)
    return timeline


def _skip(timeline: ServerTimeline, fault: SetFault[Any]) -> ServerTimeline:
    text = fault.spec.raw_error if "raw_error" in fault.spec.model_fields_set else None
    skipped = Event(timeline.begin, "SERVER_SKIPPED", timeline.source_server_id, text)
    outcome = LaunchStatus(fault.spec.launch_status)
    return replace(timeline, steps=(), outcome=outcome, skipped=skipped)


def _leave_pending(timeline: ServerTimeline, _: SetFault[Any]) -> ServerTimeline:
    steps = tuple(step for step in timeline.steps if step.phase is not Phase.LAUNCH)
    return replace(timeline, steps=steps, outcome=LaunchStatus.PENDING)


def _fail(timeline: ServerTimeline, fault: SetFault[Any]) -> ServerTimeline:
    if fault.spec.phase not in timeline.phases:
        return timeline
    return timeline.failed(Phase(fault.spec.phase), fault.spec.raw_error)


def _lack_previous_snapshot(timeline: ServerTimeline, _: SetFault[Any]) -> ServerTimeline:
    """Let the snapshot fail where there is none before it to go on from."""
    return timeline.failed(Phase.SNAPSHOT, _NO_SNAPSHOT, "USING_PREVIOUS_SNAPSHOT_FAILED")


def _hang(timeline: ServerTimeline, fault: SetFault[Any]) -> ServerTimeline:
    if fault.spec.phase not in timeline.phases:
        return timeline
    at = timeline.phases.index(Phase(fault.spec.phase))
    endless = replace(timeline.steps[at], length=math.inf)
    hold = Hold(lambda: fault.cleared_at, timeline.steps[at:])
    return replace(timeline, steps=(*timeline.steps[:at], endless), hold=hold)


def _previous_snapshot(timeline: ServerTimeline, _: SetFault[Any]) -> ServerTimeline:
    return timeline.from_previous_snapshot(_NO_SNAPSHOT)


def _name_instance(timeline: ServerTimeline, _: SetFault[Any]) -> ServerTimeline:
    return replace(timeline, names_instance=True)


def _log_event(timeline: ServerTimeline, fault: SetFault[Any]) -> ServerTimeline:
    last = replace(timeline.steps[-1], remarks=(fault.spec.event,))
    return replace(timeline, steps=(*timeline.steps[:-1], last))


def _fail_actions(timeline: ServerTimeline, fault: SetFault[Any]) -> ServerTimeline:
    return replace(timeline, action_error=fault.spec.raw_error)


_EFFECTS: dict[str, Callable[[ServerTimeline, SetFault[Any]], ServerTimeline]] = {
    "previous_snapshot": _previous_snapshot,
    "log_event": _log_event,
    "no_previous_snapshot": _lack_previous_snapshot,
    "name_instance": _name_instance,
    "fail_actions": _fail_actions,
    "skip": _skip,
    "leave_pending": _leave_pending,
    "fail": _fail,
    "unauthorized": _fail,
    "hang": _hang,
}
