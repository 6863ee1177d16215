"""What is counted for those who run Airflow: the names, and the way to Airflow's own stats.

Airflow sends them where its settings say: to statsd, to OpenTelemetry, or nowhere. What goes on record is
counted after it was written, once. A metric that cannot be sent harms nothing.
"""

from __future__ import annotations

import logging
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, NamedTuple

from airflow.sdk.observability import stats

from drs_recovery.record.enums import EventType, ExecutionStatus, ExecutionType, WaveStatus
from drs_recovery.record.events import Fact
from drs_recovery.record.targets import rpo_achieved, rto_achieved

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime, timedelta

    from drs_recovery.record.events import News
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.queue import Place
    from drs_recovery.record.targets import Achieved
    from drs_recovery.store.queue import QueueKey

log = logging.getLogger(__name__)

LONGEST_TAG = 100
"""Characters of a tag: statsd takes names of 250 with all their tags, and Airflow drops what is longer."""

UNKNOWN = "unknown"
"""The tag of what is not on record: a metric has the same tags each time."""


class Tag(StrEnum):
    """What metrics are told apart by; never an execution, of which there is no end."""

    PLAN = "plan"
    TYPE = "execution_type"
    STATUS = "status"
    ACCOUNT = "account"
    REGION = "region"


class Metric(NamedTuple):
    """A metric, and what it says."""

    name: str
    kind: Literal["counter", "timer", "gauge"]
    tags: tuple[Tag, ...]
    says: str


_OF_PLAN = (Tag.PLAN, Tag.TYPE)

OPENED = Metric("recovery.executions.opened", "counter", _OF_PLAN, "Executions that were put on record.")
ENDED = Metric(
    "recovery.executions.ended",
    "counter",
    (*_OF_PLAN, Tag.STATUS),
    "Final statuses that were written; another one where it was opened again.",
)
RTO_ACHIEVED = Metric(
    "recovery.rto.achieved",
    "timer",
    _OF_PLAN,
    "From start to end, of executions that recovered what they should.",
)
RTO_MET = Metric("recovery.rto.met", "counter", _OF_PLAN, "Of these, those within the `rto` of their plan.")
RTO_MISSED = Metric("recovery.rto.missed", "counter", _OF_PLAN, "Of these, those above it.")
RPO_ACHIEVED = Metric(
    "recovery.rpo.achieved", "timer", _OF_PLAN, "The worst lag at the start, of the same executions."
)
RPO_MET = Metric("recovery.rpo.met", "counter", _OF_PLAN, "Of these, those within the `rpo` of their plan.")
RPO_MISSED = Metric("recovery.rpo.missed", "counter", _OF_PLAN, "Of these, those above it.")
START_WAITING = Metric(
    "recovery.starts.waiting",
    "counter",
    _OF_PLAN,
    "Starts of waves that had to wait: for room in DRS, a job that holds a server, or trouble to pass.",
)
START_WAITED = Metric(
    "recovery.starts.waited", "timer", _OF_PLAN, "How long they had waited when all of the wave was started."
)
NO_ROOM = Metric(
    "recovery.starts.no_room",
    "counter",
    (Tag.ACCOUNT, Tag.REGION),
    "Calls of StartRecovery that a quota of DRS refused: their waves wait in the queue.",
)
IN_QUEUE = Metric(
    "recovery.queue.waiting",
    "gauge",
    (Tag.ACCOUNT, Tag.REGION, Tag.TYPE),
    "Waves that wait in the queue for DRS's room, each minute.",
)
QUEUE_LONGEST = Metric(
    "recovery.queue.longest_wait",
    "gauge",
    (Tag.ACCOUNT, Tag.REGION, Tag.TYPE),
    "Seconds that the first of them has waited; 0 if none.",
)
ADOPTED = Metric(
    "recovery.jobs.adopted", "counter", _OF_PLAN, "Jobs that were found in DRS: their answer had been lost."
)
POLL_FAILED = Metric(
    "recovery.polls.failed",
    "counter",
    (Tag.REGION,),
    "Looks at a wave's jobs that failed; DRS is asked again until the wave's deadline.",
)
LOOK_FAILED = Metric(
    "recovery.looks.failed",
    "counter",
    (),
    "Looks of a trigger, at DRS or at the record, that have failed for half a minute: once for each trigger.",
)
CLEAN_UP_FAILED = Metric("recovery.clean_ups.failed", "counter", _OF_PLAN, "Clean-ups that failed.")
PUT_BACK_FAILED = Metric(
    "recovery.put_backs.failed", "counter", _OF_PLAN, "Launch settings that could not be put back yet."
)
PUT_BACK_LEFT = Metric(
    "recovery.put_backs.left",
    "counter",
    _OF_PLAN,
    "Drills after which settings were left as they were, since somebody had changed them meanwhile.",
)
OPEN = Metric(
    "recovery.executions.open",
    "gauge",
    (Tag.TYPE, Tag.STATUS),
    "Executions that have not ended, each minute.",
)
GATES_WAITING = Metric("recovery.gates.waiting", "gauge", (Tag.TYPE,), "Gates that wait, each minute.")
GATE_LONGEST = Metric(
    "recovery.gates.longest_wait",
    "gauge",
    (Tag.TYPE,),
    "Seconds that the first of them has waited; 0 if none.",
)

METRICS = (
    OPENED,
    ENDED,
    OPEN,
    RTO_ACHIEVED,
    RTO_MET,
    RTO_MISSED,
    RPO_ACHIEVED,
    RPO_MET,
    RPO_MISSED,
    GATES_WAITING,
    GATE_LONGEST,
    START_WAITING,
    START_WAITED,
    NO_ROOM,
    IN_QUEUE,
    QUEUE_LONGEST,
    ADOPTED,
    POLL_FAILED,
    LOOK_FAILED,
    CLEAN_UP_FAILED,
    PUT_BACK_FAILED,
    PUT_BACK_LEFT,
)

_OF_EVENTS: Mapping[EventType | Fact, Metric] = {
    EventType.OPENED: OPENED,
    EventType.EXECUTION_ENDED: ENDED,
    EventType.START_WAITING: START_WAITING,
    EventType.LOOK_FAILED: LOOK_FAILED,
    EventType.CLEANUP_FAILED: CLEAN_UP_FAILED,
    EventType.PUT_BACK_FAILED: PUT_BACK_FAILED,
    Fact.NO_ROOM: NO_ROOM,
    Fact.ADOPTED: ADOPTED,
    Fact.LEFT_CHANGED: PUT_BACK_LEFT,
}


def count_news(news: News) -> None:
    """Count what has just gone on record, where somebody counts that."""
    event, execution = news
    for about in (event.type, event.fact):
        if about is not None and (metric := _OF_EVENTS.get(about)):
            _count(metric, execution, event.wave_number)
    if event.type is EventType.EXECUTION_ENDED and execution is not None:
        _send_achieved(execution, rto_achieved(execution), (RTO_ACHIEVED, RTO_MET, RTO_MISSED))
        _send_achieved(execution, rpo_achieved(execution), (RPO_ACHIEVED, RPO_MET, RPO_MISSED))


def count_failed_poll(region: str | None) -> None:
    """Count a look at jobs in a Region that failed."""
    _send(POLL_FAILED, lambda: stats.incr(POLL_FAILED.name, tags={Tag.REGION.value: region or UNKNOWN}))


def send_time(metric: Metric, took: timedelta, execution: Execution) -> None:
    """Send how long something of an execution took."""
    _send(metric, lambda: stats.timing(metric.name, took, tags=_tags(metric, execution)))


def measure(executions: Collection[Execution], at: datetime) -> None:
    """Send how many of the executions that run are of each kind, 0 too, and how their gates wait."""
    for kind in ExecutionType:
        of_kind = [execution for execution in executions if execution.execution_type is kind]
        for status in (status for status in ExecutionStatus if not status.final):
            number = sum(execution.status is status for execution in of_kind)
            _set(OPEN, number, {Tag.TYPE: kind.value, Tag.STATUS: status.value})
        waits = [_waited(execution, wave, at) for execution in of_kind for wave in _at_gates(execution)]
        _set(GATES_WAITING, len(waits), {Tag.TYPE: kind.value})
        _set(GATE_LONGEST, max(waits, default=0), {Tag.TYPE: kind.value})


def measure_queues(queues: Mapping[QueueKey, Sequence[Place]], at: datetime) -> None:
    """Send how many waves of each kind wait in each queue that there has been, 0 too, and for how long."""
    for queue, places in queues.items():
        for kind in ExecutionType:
            since = [place.since for place in places if place.execution_type is kind]
            tags = {Tag.ACCOUNT: queue.account, Tag.REGION: queue.region, Tag.TYPE: kind.value}
            longest = at - min([at, *since])
            _set(IN_QUEUE, len(since), tags)
            _set(QUEUE_LONGEST, int(longest.total_seconds()), tags)


def _at_gates(execution: Execution) -> list[WaveRecord]:
    return [wave for wave in execution.waves if wave.status is WaveStatus.PAUSED and not wave.approved]


def _waited(execution: Execution, wave: WaveRecord, at: datetime) -> int:
    return max(0, int((at - (wave.waiting_since or execution.start_time)).total_seconds()))


def _send_achieved(
    execution: Execution, achieved: Achieved | None, metrics: tuple[Metric, Metric, Metric]
) -> None:
    if achieved is None:
        return
    timer, met, missed = metrics
    send_time(timer, achieved.measured, execution)
    if achieved.within is not None:
        _count(met if achieved.within else missed, execution)


def _count(metric: Metric, execution: Execution | None, wave_number: int | None = None) -> None:
    _send(metric, lambda: stats.incr(metric.name, tags=_tags(metric, execution, wave_number)))


def _tags(metric: Metric, execution: Execution | None, wave_number: int | None = None) -> dict[str, str]:
    return {tag.value: _value(tag, execution, wave_number)[:LONGEST_TAG] for tag in metric.tags}


def _value(tag: Tag, execution: Execution | None, wave_number: int | None) -> str:
    if execution is None:
        return UNKNOWN
    wave = execution.waves[wave_number] if wave_number is not None else None
    match tag:
        case Tag.PLAN:
            return execution.plan_id
        case Tag.TYPE:
            return execution.execution_type.value
        case Tag.STATUS:
            return execution.status.value
        case Tag.ACCOUNT:
            return (execution.account_of(wave) if wave else execution.account_id) or UNKNOWN
        case Tag.REGION:
            return (execution.region_of(wave) if wave else execution.region) or UNKNOWN


def _set(metric: Metric, value: float, tags: Mapping[Tag, str]) -> None:
    named = {tag.value: text for tag, text in tags.items()}
    _send(metric, lambda: stats.gauge(metric.name, value, tags=named))


def _send(metric: Metric, send: Callable[[], object]) -> None:
    try:
        send()
    except Exception as error:  # noqa: BLE001 - any: no metric is worth a task
        log.warning("The metric %s was not sent: %s", metric.name, error)
