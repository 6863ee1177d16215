"""Replication of a source server: states that follow one another as time passes.

What is done to it lays out stages; state, lag and progress are functions of time and of these. A stage takes
as long as the server's id and disks say, the same each time; an immediate clock leaves only the last one.
All times are simulated seconds.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import replace
from itertools import pairwise
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal

from .dates import iso_at, iso_duration
from .initiation import Initiation, initiation
from .members import Complete, Parts, Written, written
from .stages import SHORTEST, STARTING, Stage, beginning, catching_up, spread, starting
from .world import world

if TYPE_CHECKING:
    from .description import ServerDescription

Fault = Literal["lag", "stall", "disconnect"]

GIB = 1024**3
CHANGED = 1024**2
"""Bytes that a server changes in a second, which are the backlog of what lags."""

HEARTBEAT = 60.0
"""Seconds between two signs of life of an agent; what is reported of a healthy server changes as often."""

_LOST = {"STALLED", "PAUSED", "DISCONNECTED"}
_CATCHING_UP = {"BACKLOG", "RESCAN"}
PAST = 30 * 86_400.0
"""Seconds that a server has been healthy when it is added as one that replicates already."""


class Replication:
    """The replication of one source server."""

    def __init__(self, description: ServerDescription, region_name: str, now: float) -> None:
        self._id = description.id
        self._sizes = [size * GIB for size in description.disks_gib]
        self._lengths = starting(self._id, sum(self._sizes) / GIB)
        self._zone = f"{region_name}a"
        self._offset = spread(self._id, "heartbeat") * HEARTBEAT
        self._lags = [(0.0, 0.0)]
        self._steady: Written | None = None
        self._stages: list[Stage] = []
        self._enter(description.replication.state, now, description.replication.lag_seconds)
        self.began = self._initiation.began

    def first_byte(self, now: float) -> float | None:
        """Return when the first byte came, where there is one."""
        return self._initiation.first_byte if self._initiation.reached(now) else None

    def last_byte(self, now: float) -> float:
        """Return until when data have come, where there was a first byte."""
        stage = self._stage(now)
        return stage.at if stage.state in {"STOPPED", "DISCONNECTED"} else now

    def state(self, now: float) -> str:
        """Return the modelled state."""
        return self._stage(now).state

    def stop(self, now: float) -> None:
        """Replicate no more; what was replicated, and every snapshot, is deleted."""
        self._forget(now, Stage(now, "STOPPED"))

    def disconnect(self, now: float) -> None:
        """Take leave of the agent; what was replicated, and every snapshot, is deleted."""
        self._forget(now, Stage(now, "DISCONNECTED"))

    def start(self, now: float) -> None:
        """Replicate from the beginning."""
        self._initiate(now)
        self._forget(now, *self._beginning(now))

    def retry(self, now: float) -> None:
        """Begin the initiation again where it can help: of what is stalled, stopped or disconnected."""
        if self.state(now) in {"STALLED", "STOPPED", "DISCONNECTED"}:
            self._initiate(now)
            self._then(now, *self._beginning(now))

    def set_fault(self, kind: Fault | None, seconds: float = 0) -> None:
        """Let something go wrong from now on, with ``seconds`` of lag there already; None mends it.

        ``lag`` is a healthy state with so much lag, ``stall`` and ``disconnect`` are states in which it
        grows. What replicates no more cannot go wrong.
        """
        now = world.clock.begin()
        stage, data = self._stage(now), self._data(now)
        self._fall_behind(now, 0.0)
        self._steady = None
        if stage.data is None and stage.state in {"STOPPED", "DISCONNECTED"}:
            return
        if kind == "lag":
            self._mend(now, stage, data)
            self._fall_behind(now, seconds)
        elif kind is None:
            self._mend(now, stage, data)
        else:
            last = None if data is None else min(world.clock.earlier(now, seconds), data)
            self._then(now, Stage(now, "STALLED" if kind == "stall" else "DISCONNECTED", last))

    def lag(self, now: float) -> float | None:
        """Return how many seconds the data here are behind; nothing, where there are none yet or no more.

        They are those of the dates that are shown, so that the lag agrees with these at every speed.
        """
        if (data := self._data(now)) is None:
            return None
        return 0.0 if data == now else (world.clock.date(now) - world.clock.date(data)).total_seconds()

    def _data(self, now: float) -> float | None:
        """Return the moment of the latest data, where there are any."""
        stage = self._stage(now)
        if stage.data is None or stage.state in _LOST:
            return stage.data
        if stage.state in _CATCHING_UP:
            return stage.data + self._progress(now) * (self._end(stage) - stage.data)
        behind = self._lags[max(bisect_right(self._lags, now, key=itemgetter(0)) - 1, 0)][1]
        return world.clock.earlier(now, behind) if behind else now

    def backlog(self, now: float) -> int | None:
        """Return how many bytes are still to come; nothing, where none come."""
        if self.lag(now) is None and self.state(now) not in STARTING[1:]:
            return None
        disks = [self._disk(number, now) for number in range(len(self._sizes))]
        left: int = sum(disk["totalStorageBytes"] - disk["replicatedStorageBytes"] for disk in disks)
        backlogged: int = sum(disk["backloggedStorageBytes"] for disk in disks)
        return left + backlogged

    def latest(self, now: float) -> float | None:
        """Return the moment of the latest data, where they are not as good as those of now."""
        data = self._data(now)
        return None if data == now else data

    def last_seen(self, now: float) -> float:
        """Return when the agent gave its last sign of life."""
        stage = self._stage(now)
        until = stage.at if stage.state == "DISCONNECTED" else now
        beat = (until + self._offset) // HEARTBEAT * HEARTBEAT - self._offset
        return max(beat, self.began, self.first_byte(now) or self.began)

    def healthy_spans(self, now: float) -> list[tuple[float, float]]:
        """Return since when and until when snapshots were taken, the latest span first.

        None is later than the latest data, be they here yet or lost since.
        """
        data = self._data(now)
        spans, last = [], now if data is None else data
        for stage in reversed(self._stages[: self._index(now) + 1]):
            if stage.state == "CONTINUOUS" and max(stage.at, self.kept_from) <= last:
                spans.append((max(stage.at, self.kept_from), last))
            last = min(last, stage.at if stage.data is None else stage.data)
        return spans

    def passed(self, since: float, until: float) -> list[tuple[float, str, str]]:
        """Return the changes of state between two moments, both included: when, from which, and to which."""
        if self._stages[-1].at < since:
            return []
        changes = pairwise(self._stages)
        return [(to.at, before.state, to.state) for before, to in changes if since <= to.at <= until]

    def to_dict(self, now: float) -> Parts | Written:
        """Return the modelled dataReplicationInfo."""
        if self.state(now) != "CONTINUOUS":
            return self._info(now)
        if self._steady is None:
            self._steady = Written(written(self._info(now)))
        return self._steady

    def _info(self, now: float) -> Parts:
        stage, lag = self._stage(now), self.lag(now)
        info = Parts(
            dataReplicationState=stage.state,
            lagDuration=None if lag is None else iso_duration(round(lag)),
            replicatedDisks=[self._disk(number, now) for number in range(len(self._sizes))],
            stagingAvailabilityZone=self._zone,
        )
        if stage.state in {*STARTING, *_CATCHING_UP}:
            info["etaDateTime"] = iso_at(self._stages[-1].at)
        if stage.data is not None or stage.state not in {"STOPPED", "DISCONNECTED"}:
            failed = stage.at if stage.state == "STALLED" and not self._initiation.reached(stage.at) else None
            info["dataReplicationInitiation"] = self._initiation.to_dict(now, failed)
        if (error := self._error(stage)) is not None:
            info["dataReplicationError"] = error
        return info

    def _disk(self, number: int, now: float) -> dict[str, Any]:
        stage, size, lag = self._stage(now), self._sizes[number], self.lag(now) or 0
        gone = stage.data is None and stage.state in {"STOPPED", "DISCONNECTED", "STALLED", "INITIATING"}
        done = 0.0 if gone else self._progress(now) if stage.state == "INITIAL_SYNC" else 1.0
        unscanned = gone or stage.state in STARTING
        rescan = 0.0 if unscanned else self._progress(now) if stage.state == "RESCAN" else 1.0
        return Complete(
            deviceName=f"/dev/nvme{number}n1",
            totalStorageBytes=0 if gone and stage.state == "DISCONNECTED" else size,
            replicatedStorageBytes=int(size * done),
            rescannedStorageBytes=int(size * rescan),
            backloggedStorageBytes=min(size, int(round(lag, 3) * CHANGED)),
            volumeStatus="REGULAR",
        )

    def _error(self, stage: Stage) -> dict[str, Any] | None:
        if stage.state == "STALLED":
            started = self._initiation.reached(stage.at)
            name = "NOT_CONVERGING" if started else "FAILED_TO_START_DATA_TRANSFER"
            return {
                "error": name,
                "rawError": "The replication server receives less than the server changes.",
            }
        if stage.state == "DISCONNECTED" and stage.data is not None:
            return {"error": "AGENT_NOT_SEEN", "rawError": "The agent does not answer."}
        return None

    def _enter(self, state: str, now: float, lag: float) -> None:
        """Be in a state at the start, after as good a past as it allows."""
        data = world.clock.earlier(now, lag or (SHORTEST if state in _CATCHING_UP else 0))
        passed = sum(self._lengths[: STARTING.index(state)] if state in STARTING else self._lengths)
        began = now - passed if state in STARTING else data - passed - PAST
        self.kept_from = began
        if state in STARTING:
            self._initiate(began)
            self._then(now, *self._beginning(began))
            return
        self._stages = self._beginning(began)
        self._initiation = self._initiated(self._stages)
        if state == "STOPPED":
            self.stop(now)
        elif state in _LOST:
            self._stages.append(Stage(data, state, data))
        elif state in _CATCHING_UP:
            self._stages.append(Stage(data, "STALLED", data))
            self._then(now, *catching_up(now, state, data))
        elif lag:
            self._fall_behind(now, lag)

    def _initiate(self, now: float) -> None:
        at_once = initiation(self._id, now, now) if world.clock.immediate else None
        self._initiation = at_once or self._initiated(self._beginning(now))

    def _initiated(self, stages: list[Stage]) -> Initiation:
        return initiation(self._id, stages[0].at, stages[1].at)

    def _mend(self, now: float, stage: Stage, data: float | None) -> None:
        if stage.state not in _LOST:
            return
        self._then(now, *(self._beginning(now) if data is None else catching_up(now, "BACKLOG", data)))

    def _beginning(self, now: float) -> list[Stage]:
        return beginning(self._lengths, now)

    def _then(self, now: float, *stages: Stage) -> None:
        if world.clock.immediate:
            stages = (replace(stages[-1], at=now),)
        self._stages = [stage for stage in self._stages if stage.at < now] + list(stages)
        self._steady = None

    def _forget(self, now: float, *stages: Stage) -> None:
        self.kept_from = now
        self._fall_behind(now, 0.0)
        self._then(now, *stages)

    def _fall_behind(self, now: float, seconds: float) -> None:
        """Lag so much from now on whenever all is well."""
        self._lags = [(since, lag) for since, lag in self._lags if since < now] + [(now, seconds)]

    def _stage(self, now: float) -> Stage:
        return self._stages[self._index(now)]

    def _index(self, now: float) -> int:
        if self._stages[-1].at <= now:  # of most servers, and bisect takes ten times as long
            return len(self._stages) - 1
        return max(bisect_right(self._stages, now, key=lambda stage: stage.at) - 1, 0)

    def _end(self, stage: Stage) -> float:
        """Return when a stage ends that is not the last one."""
        return self._stages[self._stages.index(stage) + 1].at

    def _progress(self, now: float) -> float:
        """Return how much of the stage has passed, of 1; of the last one, nothing."""
        index = self._index(now)
        if index + 1 == len(self._stages):
            return 0.0
        begin, end = self._stages[index].at, self._stages[index + 1].at
        return min((now - begin) / (end - begin), 1.0)
