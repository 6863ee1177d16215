"""What an action may do, and when; each one of chaos invokes a function, so that AWS's log has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.chaos.evidence import moment, wave_of
from tests.chaos.rules import GOOD
from tests.chaos.rules.starts import Deed, ends, not_permitted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.chaos.evidence import Evidence, Item, Run


def actions_run_once(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """What may not be repeated is done once, and once more for each time that a person says so."""
    execution = evidence.execution(run)
    if execution is None:
        return
    for wave, action in _planned(run):
        if action["repeatable"]:
            continue
        times = [one["time"] for one in _done(evidence, execution, wave, action)]
        asked = evidence.events(execution, "TASK_AGAIN")
        again = [event for event in asked if event["detail"].startswith(f"{action['name']}:")]
        if len(times) > 1 + len(again):
            yield f"{action['name']} of {wave['name']} was done {len(times)} times: {', '.join(times)}"


def actions_in_their_place(evidence: Evidence, run: Run, now: datetime) -> Iterator[str]:
    """Before a wave: after its gate, and before its start. After a wave: once it met its policy."""
    execution = evidence.execution(run)
    if execution is None:
        return
    waves = {wave["waveName"]: wave for wave in execution["waves"]}
    for planned, action in _planned(run):
        wave, done = waves.get(planned["name"]), _done(evidence, execution, planned, action)
        if wave is None:
            yield from (f"{action['name']} was done, of a wave that is in no record" for _ in done)
        elif action["moment"] == "before":
            for one in done:
                what = f"had {action['name']} done"
                deed = Deed(what, wave, int(one["attempt"]), moment(one["time"]))
                yield from not_permitted(evidence, run, deed)
            yield from _started_without(evidence, execution, wave, action, done)
        else:
            for one in done:
                if not any(
                    moment(end["endTime"]) <= moment(one["time"]) for end in _met(run, execution, wave)
                ):
                    name, wave_name = action["name"], wave["waveName"]
                    yield f"{name} was done at {one['time']}, but {wave_name} had not met its policy"


def _planned(run: Run) -> Iterator[tuple[Item, Item]]:
    for wave in run.waves:
        for action in wave.get("actions", ()):
            yield wave, action


def _done(evidence: Evidence, execution: Item, wave: Item, action: Item) -> list[Item]:
    wanted = (wave["name"], action["name"])
    return [one for one in evidence.invoked(execution) if (one["wave"], one["action"]) == wanted]


def _met(run: Run, execution: Item, wave: Item) -> list[Item]:
    return ends(run, execution, wave["waveName"], GOOD)


def _started_without(
    evidence: Evidence, execution: Item, wave: Item, action: Item, done: list[Item]
) -> Iterator[str]:
    """Yield starts that came before an action which stops them where it fails; a person may let it be."""
    skipped = evidence.events(execution, "TASK_SKIPPED")
    if action["goes_on"] or any(event["detail"].startswith(f"{action['name']}:") for event in skipped):
        return
    for start in evidence.starts_of(execution):
        if wave_of(start, execution["waves"]) != wave["waveName"]:
            continue
        at = moment(start["time"])
        if not any(moment(one["time"]) < at for one in done):
            yield f"{wave['waveName']} was started at {at}, and {action['name']} had not been done"
