"""What goes on record is counted through Airflow's own stats: once, when it is written; it harms no task."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from airflow.sdk.observability.metrics import stats_utils

from drs_recovery.aws.utils.drs import JobsSnapshot
from drs_recovery.errors import RecordUnavailable
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Event, News
from drs_recovery.store.queue import QueueKey
from drs_recovery.store.store import ExecutionStore
from drs_recovery.tasks import metrics
from drs_recovery.tasks.listener import hear
from tests.recovery.execution.test_queue import place
from tests.recovery.tasks.conftest import APP, DB, Drive, Sent, plan
from tests.recovery.tasks.settings import SMALL, START, Back, order, pair
from tests.recovery.tasks.starting import START as START_DATABASE
from tests.recovery.tasks.starting import later

if TYPE_CHECKING:
    from collections.abc import Callable

OF_SHOP = {"plan": "shop", "execution_type": "DRILL"}


def drill(**fields: Any) -> Drive:
    """Run a drill of one wave to its end; return it."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, **fields))
    drive.execute("open_execution")
    drive.wave("database")
    drive.execute("complete_execution")
    return drive


def test_every_metric_is_in_the_table_once() -> None:
    """The pages, the dashboard and the alerts are held to it."""
    defined = {one for one in vars(metrics).values() if isinstance(one, metrics.Metric)}
    assert set(metrics.METRICS) == defined
    assert len({one.name for one in metrics.METRICS}) == len(metrics.METRICS)
    assert all(one.name.startswith("recovery.") for one in metrics.METRICS)


def test_airflows_own_statsd_client_sends_a_drill(
    table: Any, stats_of: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a real socket, switched on as the page says, with tags, and the prefix of the installation."""
    pytest.importorskip("statsd", reason="Airflow sends nothing to statsd without its client")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        host, port = listener.getsockname()
        wanted = {"ON": "True", "HOST": host, "PORT": str(port), "INFLUXDB_ENABLED": "True"}
        for name, value in wanted.items():
            monkeypatch.setenv(f"AIRFLOW__METRICS__STATSD_{name}", value)
        backend = stats_utils.get_stats_factory()()
        stats_of(lambda: backend)
        drill(rto="1h")
        backend.statsd.close()
        listener.setblocking(False)
        got = []
        with suppress(BlockingIOError):
            while True:
                got.append(listener.recv(1000).decode())
    ours = [line for line in got if line.startswith("airflow.recovery.")]
    tags = "plan=shop,execution_type=DRILL"
    counts = [line for line in ours if line.endswith("|c")]
    assert counts == [
        f"airflow.recovery.executions.opened,{tags}:1|c",
        f"airflow.recovery.executions.ended,{tags},status=COMPLETED:1|c",
        f"airflow.recovery.rto.met,{tags}:1|c",
    ]
    (rto, rpo) = [line for line in ours if line.endswith("|ms")]
    assert rto.startswith(f"airflow.recovery.rto.achieved,{tags}:")
    assert rpo.startswith(f"airflow.recovery.rpo.achieved,{tags}:")


def test_a_task_that_is_tried_again_counts_nothing_again(table: Any, sent: Sent) -> None:
    """What is on record already is no news."""
    drive = drill()
    before = list(sent.all)
    drive.execute("open_execution")
    drive.execute("complete_execution")
    assert sent.all == before
    assert sent.of(metrics.OPENED) == [(1, OF_SHOP)]
    assert sent.of(metrics.ENDED) == [(1, OF_SHOP | {"status": "COMPLETED"})]


def test_what_could_not_be_written_is_not_counted(
    table: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never before the write; the try that writes it counts it."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    drive = Drive(plan({"name": "Database", "servers": [DB]}))
    table.control.break_calls("dynamodb", "PutItem")
    with pytest.raises(RecordUnavailable):
        drive.execute("open_execution")
    assert sent.all == []
    table.control.clear_faults()
    drive.execute("open_execution")
    assert sent.of(metrics.OPENED) == [(1, OF_SHOP)]


def test_a_metric_that_cannot_be_sent_harms_no_task(table: Any, stats_of: Callable[[Any], None]) -> None:
    """Whatever is wrong with the settings of metrics, an execution goes on."""

    def no_backend() -> Any:
        raise ValueError("statsd_port: 'soon' is no number")

    stats_of(no_backend)
    assert drill(rto="1h").record.status == "COMPLETED"


@pytest.mark.parametrize(
    ("rto", "metric"), [("1h", metrics.RTO_MET), ("1s", metrics.RTO_MISSED), (None, None)], ids=str
)
def test_what_was_achieved_is_beside_the_target(
    table: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch, rto: str | None, metric: metrics.Metric | None
) -> None:
    """The time is sent without a target too, and then neither as met nor as missed."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, **({"rto": rto} if rto else {})))
    drive.execute("open_execution")
    drive.wave("database")
    later(monkeypatch, minutes=5)
    monkeypatch.setitem(ExecutionStore.__init__.__kwdefaults__, "clock", _in_five_minutes)
    drive.execute("complete_execution")
    ((took, tags),) = sent.of(metrics.RTO_ACHIEVED)
    assert tags == OF_SHOP
    assert took == drive.record.end_time - drive.record.start_time
    counted = {one for one in (metrics.RTO_MET, metrics.RTO_MISSED) if sent.of(one)}
    assert counted == ({metric} if metric else set())


def _in_five_minutes() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def test_who_recovered_nothing_achieved_nothing(table: Any, sent: Sent) -> None:
    """A failed execution is counted by its status, and its time is none that counts."""
    drive = Drive(plan({"name": "Database", "servers": [DB]}, rto="1h"))
    drive.execute("open_execution")
    table.control.deny("drs", "StartRecovery")
    with pytest.raises(AirflowFailException):
        drive.execute(START_DATABASE)
    drive.states = {START_DATABASE: "failed"}
    with pytest.raises(AirflowFailException):
        drive.execute("complete_execution")
    assert sent.of(metrics.ENDED) == [(1, OF_SHOP | {"status": "FAILED"})]
    assert not any(name.startswith(("recovery.rto", "recovery.rpo")) for name, _, _ in sent.all)


def test_a_start_without_room_is_counted_by_account_and_region_and_its_wait_measured(
    drive: Drive, table: Any, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each refusal by a quota, once that it waits, and at the end for how long."""
    table.control.set_quotas(concurrentJobs=1)
    table.client("drs").start_recovery(sourceServers=[{"sourceServerID": APP}], isDrill=True)
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START_DATABASE)
    place = {"account": drive.record.waves[0].account_id, "region": "eu-west-1"}
    assert sent.of(metrics.NO_ROOM) == [(1, place)]
    assert sent.of(metrics.START_WAITING) == [(1, OF_SHOP)]
    assert sent.of(metrics.START_WAITED) == []
    table.control.set_quotas(concurrentJobs=20)
    later(monkeypatch, minutes=5)
    task = drive.dag.get_task(START_DATABASE)
    task.execute_complete(drive.context(START_DATABASE), None, **deferred.value.kwargs)
    ((waited, tags),) = sent.of(metrics.START_WAITED)
    assert (tags, waited > timedelta(minutes=4)) == (OF_SHOP, True)


def test_a_job_whose_answer_was_lost_is_counted_as_adopted(drive: Drive, table: Any, sent: Sent) -> None:
    """And one that DRS answered is not."""
    table.control.drop("drs", "StartRecovery", after=True, times=1)
    drive.execute(START_DATABASE)
    assert sent.of(metrics.ADOPTED) == [(1, OF_SHOP)]


def test_a_job_that_drs_answered_is_not_adopted(drive: Drive, sent: Sent) -> None:
    """It is what happens every day."""
    drive.execute(START_DATABASE)
    assert sent.of(metrics.ADOPTED) == []


def test_settings_that_stay_changed_are_counted(table: Any, sent: Sent) -> None:
    """Somebody changed them meanwhile: what a drill left behind."""
    drive = pair(table, SMALL)
    drive.execute(START)
    drive.execute("pair.wait_for_recovery")
    drive.execute("complete_execution")
    table.client("drs").update_launch_configuration(
        sourceServerID=DB, targetInstanceTypeRightSizingMethod="IN_AWS", recoveryMode="FAST"
    )
    Back(drive).all()
    assert order(drive).left == (DB,)
    assert sent.of(metrics.PUT_BACK_LEFT) == [(1, OF_SHOP)]
    assert sent.of(metrics.PUT_BACK_FAILED) == []


def test_a_poll_that_failed_is_counted_by_its_region(watched: Drive, sent: Sent) -> None:
    """Each look, also those that are too few for the audit trail."""
    with pytest.raises(TaskDeferred) as deferred:
        watched.execute("database.wait_for_recovery")
    trigger = deferred.value.trigger
    at = datetime.now(UTC)

    async def look() -> None:
        for error in (None, "DescribeJobs: no answer", "DescribeJobs: no answer"):
            with suppress(RecordUnavailable):
                await trigger.on_snapshot(JobsSnapshot((), (), at, last_error=error))

    _run(trigger, look)
    assert sent.of(metrics.POLL_FAILED) == [(1, {"region": "eu-west-1"})] * 2


def _run(trigger: Any, look: Any) -> None:
    async def within() -> None:
        async with AsyncExitStack() as trigger._open:
            await look()

    asyncio.run(within())


def test_looks_that_failed_for_long_need_no_execution(sent: Sent) -> None:
    """A trigger knows only its id."""
    hear(News(Event(type=EventType.LOOK_FAILED, time=datetime.now(UTC)), None))
    assert sent.of(metrics.LOOK_FAILED) == [(1, {})]


def test_each_queue_is_measured_also_when_nobody_waits_in_it(sent: Sent) -> None:
    """By account, Region and type: a dashboard then tells an empty queue from one that nobody looks at."""
    at = datetime.now(UTC)
    waiting = [
        place("payroll", since=at - timedelta(minutes=5)),
        place("shop", since=at - timedelta(minutes=2)),
    ]
    frankfurt, dublin = QueueKey("123456789012", "eu-central-1"), QueueKey("123456789012", "eu-west-1")
    metrics.measure_queues({frankfurt: waiting, dublin: []}, at)
    here = {"account": "123456789012", "region": "eu-central-1", "execution_type": "RECOVERY"}
    there = here | {"region": "eu-west-1"}
    drills, no_drills = (tags | {"execution_type": "DRILL"} for tags in (here, there))
    of_nobody = [(0, drills), (0, there), (0, no_drills)]
    assert _in_order(sent.of(metrics.IN_QUEUE)) == _in_order([(2, here), *of_nobody])
    assert _in_order(sent.of(metrics.QUEUE_LONGEST)) == _in_order([(300, here), *of_nobody])


def _in_order(sent: list[Any]) -> list[Any]:
    return sorted(sent, key=str)


def test_a_metric_has_the_same_tags_each_time(table: Any, sent: Sent) -> None:
    """Prometheus takes a name with one set of labels; what is not known is called so."""
    drill(rto="1h")
    known = {one.name: {tag.value for tag in one.tags} for one in metrics.METRICS}
    assert {name: set(tags) for name, _, tags in sent.all} == {name: known[name] for name, _, _ in sent.all}


def test_a_long_plan_id_leaves_room_for_the_rest(sent: Sent) -> None:
    """Airflow drops a name that is longer than 250 with its tags."""
    assert metrics.LONGEST_TAG + max(_length(one) for one in metrics.METRICS) < 250


def _length(metric: metrics.Metric) -> int:
    longest = Counter({"execution_type": 8, "status": 9, "account": 12, "region": 14})
    return len(f"airflow.{metric.name}") + sum(len(f",{tag}=") + longest[tag.value] for tag in metric.tags)
