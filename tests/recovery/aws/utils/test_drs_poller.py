from __future__ import annotations

import asyncio
import gc
import json
from contextvars import ContextVar
from datetime import UTC, datetime
from itertools import pairwise
from typing import ClassVar

import pytest

from recovery.aws.hooks.drs import DrsHook
from recovery.aws.utils import drs_poller
from recovery.aws.utils.drs_poller import SPREAD, DrsJobPoller

HOUR = 3600.0
tenant: ContextVar[str] = ContextVar("tenant", default="nobody")


class RecordingHook(DrsHook):
    """A real hook that remembers its clients, looks, and in whose context it looked."""

    opened: ClassVar[list[DrsHook]] = []
    looks: ClassVar[list[float]] = []
    contexts: ClassVar[list[str]] = []

    async def get_polling_conn(self):
        self.opened.append(self)
        return await super().get_polling_conn()

    async def get_jobs(self, job_ids, *, client=None):
        self.looks.append(asyncio.get_running_loop().time())
        self.contexts.append(tenant.get())
        return await super().get_jobs(job_ids, client=client)


@pytest.fixture(autouse=True)
def forget():
    for memory in (RecordingHook.opened, RecordingHook.looks, RecordingHook.contexts):
        memory.clear()


@pytest.fixture(autouse=True)
async def nothing_is_left():
    """After each test no poller runs, no task is left, and no client stays open (that would warn)."""
    yield
    assert DrsJobPoller._running == {}
    assert [task for task in asyncio.all_tasks() if task.get_name() == "drs-job-poller"] == []
    gc.collect()


def job_id(number):
    return f"drsjob-{number:017}"


def job(number=1, launch_status="PENDING", status="STARTED"):
    server = {"sourceServerID": "s-000000000000db001", "launchStatus": launch_status}
    return {"jobID": job_id(number), "status": status, "participatingServers": [server]}


def poller(**parameters):
    return DrsJobPoller.shared(RecordingHook, {"aws_conn_id": "aws_default", **parameters})


def watch(number=1, *, poll_interval=0.02, relaxed_interval=0.02, **parameters):
    return poller(**parameters).watch(
        [job_id(number)], poll_interval=poll_interval, relaxed_interval=relaxed_interval
    )


async def take(count, number=1, **options):
    """Return the first snapshots that a watcher gets."""
    async with asyncio.timeout(30), watch(number, **options) as watching:
        return [await watching.next() for _ in range(count)]


def describe_jobs(local_aws):
    return local_aws.control.requests(operation="DescribeJobs")


@pytest.mark.parametrize("watchers", [1, 5, 20])
async def test_calls_do_not_grow_with_the_watchers(local_aws, watchers):
    """Each look is one DescribeJobs for all: as many calls for 20 waves as for one."""
    await asyncio.gather(*(take(4, number) for number in range(watchers)))
    calls = describe_jobs(local_aws)
    assert len(calls) == 4
    assert [len(call["parameters"]["filters"]["jobIDs"]) for call in calls] == [watchers] * 4


async def test_watchers_that_join_at_any_moment_never_crowd_the_looks(local_aws):
    """Joining brings a look forward, but no closer to the last one than poll_interval."""

    async def join(number):
        await asyncio.sleep(number * 0.023)
        await take(2, number, poll_interval=0.1, relaxed_interval=0.4)

    await asyncio.gather(*(join(number) for number in range(20)))
    looks = RecordingHook.looks[1:]  # the first look also opened the client
    gaps = [later - earlier for earlier, later in pairwise(looks)]
    assert min(gaps) >= 0.09
    assert len(RecordingHook.looks) < 20


async def test_a_new_watcher_gets_its_first_answer_soon(local_aws):
    """It does not wait for the others' long sleep to end."""
    async with watch(1, relaxed_interval=HOUR) as patient:
        await patient.next()
        await asyncio.sleep(0.05)  # the poller sleeps by now, for an hour
        (snapshot,) = await take(1, 2, poll_interval=0.01, relaxed_interval=HOUR)
    assert snapshot.missing == (job_id(2),)


async def test_the_most_urgent_watcher_sets_the_pace(local_aws):
    async with watch(1, poll_interval=HOUR, relaxed_interval=HOUR) as patient:
        await patient.next()
        await take(3, 2, poll_interval=0.01, relaxed_interval=0.01)
        async with asyncio.timeout(30):
            await patient.next()


@pytest.mark.parametrize(("launch_status", "wanted"), [("PENDING", 5), ("IN_PROGRESS", 1), ("LAUNCHED", 1)])
async def test_looks_are_close_when_servers_are_about_to_finish(endpoint, answers, launch_status, wanted):
    """Seconds count from the launch on; clean-up, snapshot and conversion take minutes."""
    endpoint.answers[0] = answers.Answer(body={"items": [job(launch_status=launch_status)]})
    async with watch(poll_interval=1, relaxed_interval=5) as watching:
        await watching.next()
        assert watching.interval == wanted
        assert watching.poller._interval() == wanted


async def test_looks_never_fall_in_step_with_whoever_takes_their_events(local_aws):
    """Each is as far from the last as was wanted, or somewhat farther, and never twice by the same."""
    async with watch(poll_interval=0.01, relaxed_interval=0.01) as watching:
        spreads = set()
        for _ in range(4):
            await watching.next()
            spreads.add(watching.poller._spread)
    assert len(spreads) > 1
    assert all(1 <= spread <= SPREAD for spread in spreads)


async def test_each_watcher_hears_of_its_own_jobs(hook, local_aws, servers):
    mine = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    async with (
        poller().watch([mine, job_id(9)], poll_interval=0.01, relaxed_interval=0.01) as watching,
        watch(2) as other,
    ):
        snapshot, theirs = await watching.next(), await other.next()
    assert [job["jobID"] for job in snapshot.jobs] == [mine]
    assert snapshot.missing == (job_id(9),)
    assert (theirs.jobs, theirs.missing) == ((), (job_id(2),))


async def test_more_than_1000_jobs_are_asked_for_in_batches(local_aws):
    many = [job_id(number) for number in range(1001)]
    async with poller().watch(many, poll_interval=0.01, relaxed_interval=HOUR) as watching:
        snapshot = await watching.next()
    assert len(snapshot.missing) == 1001
    assert [len(c["parameters"]["filters"]["jobIDs"]) for c in describe_jobs(local_aws)] == [1000, 1]


async def test_r19_accounts_and_regions_are_polled_apart(local_aws):
    """Only triggers of the same connection, Region, verify and config share a poller."""
    local_aws.client("drs", "us-east-1").initialize_service()
    async with watch(region_name="us-east-1") as america, watch(region_name="eu-west-1") as europe:
        await america.next()
        await europe.next()
        assert america.poller is not europe.poller
        assert (america.poller.region_name, europe.poller.region_name) == ("us-east-1", "eu-west-1")
        assert poller(region_name="us-east-1") is america.poller
        for other in ({"aws_conn_id": "b"}, {"verify": False}, {"config": {"read_timeout": 1}}):
            assert poller(**{"region_name": "us-east-1", **other}) is not america.poller


async def test_one_client_serves_all_looks(local_aws):
    await asyncio.gather(*(take(5, number) for number in range(3)))
    assert len(RecordingHook.opened) == 1


async def test_a_watcher_that_leaves_ends_nothing_for_the_others(local_aws):
    """Nor does the one leave that started the poller."""
    first = asyncio.create_task(take(1_000_000, 1))
    second = asyncio.create_task(take(20, 2))
    await asyncio.sleep(0.05)
    first.cancel()
    assert len(await second) == 20
    with pytest.raises(asyncio.CancelledError):
        await first
    assert len(RecordingHook.opened) == 1


async def test_cancelled_watchers_leave_cleanly_at_any_moment(local_aws, caplog):
    """The last one stops the poller: opening its client, looking, or asleep."""
    for pause in (0, 0.001, 0.005, 0.02, 0.1):
        watchers = [asyncio.create_task(take(1_000_000, number)) for number in range(3)]
        await asyncio.sleep(pause)
        for watcher in watchers:
            watcher.cancel()
        assert all(
            isinstance(ending, asyncio.CancelledError)
            for ending in await asyncio.gather(*watchers, return_exceptions=True)
        )
        assert DrsJobPoller._running == {}
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_watching_starts_again_after_everyone_left(local_aws):
    kept = poller()
    for _ in range(2):
        async with kept.watch([job_id(1)], poll_interval=0.01, relaxed_interval=0.01) as watching:
            assert await watching.next()


async def test_p1_no_trouble_ends_the_polling(endpoint, answers):
    """Throttling, errors of the service and lost connections are told in AWS's words and repeated."""
    endpoint.answers.extendleft(
        [
            answers.Answer(drop=True),
            answers.Answer(503),
            answers.refusal(500, "InternalServerException", "Sorry"),
            answers.refusal(429, "ThrottlingException", "Rate exceeded"),
        ]
    )
    endpoint.answers[-1] = answers.Answer(body={"items": [job()]})
    *troubles, last = await take(5)
    expected = ["Rate exceeded", "Sorry", "503", "ConnectionClosedError"]
    assert all(words in trouble.last_error for words, trouble in zip(expected, troubles, strict=True))
    assert (last.last_error, last.jobs) == (None, (job(),))
    assert len(RecordingHook.opened) == 1


async def test_what_drs_said_last_stands_while_looks_fail(endpoint, answers):
    """A failed look takes nothing back, and is dated apart."""
    endpoint.answers.appendleft(answers.Answer(body={"items": [job()]}))
    endpoint.answers[-1] = answers.refusal(500, "InternalServerException", "Sorry")
    good, failed = await take(2)
    assert failed.jobs == good.jobs == (job(),)
    assert failed.at > good.at
    assert failed.last_error
    assert not good.last_error


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (403, "AccessDeniedException"),
        (403, "ExpiredTokenException"),
        (400, "UninitializedAccountException"),
        (400, "ValidationException"),
    ],
)
async def test_refusals_are_asked_again_by_a_new_client(endpoint, answers, status, code):
    """Someone may mend rights or credentials before the deadline; a new client reads the connection anew."""
    endpoint.answers.appendleft(answers.refusal(status, code, "no"))
    refused, answered = await take(2)
    assert code in refused.last_error
    assert answered.last_error is None
    assert len(RecordingHook.opened) == 2


async def test_a_connection_that_cannot_be_read_is_trouble_like_any_other(local_aws, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", json.dumps({"conn_type": "aws", "extra": {"role_arn": 5}}))
    (trouble, *_) = await take(2)
    assert trouble.last_error


async def test_a_look_that_hangs_is_given_up(endpoint, answers, monkeypatch):
    monkeypatch.setattr(drs_poller, "LOOK_TIMEOUT", 3)
    endpoint.answers.appendleft(answers.Answer(hang=True))
    hung, answered = await take(2)
    assert hung.last_error == "DescribeJobs: no answer within 3 s"
    assert answered.last_error is None


async def test_pauses_grow_to_a_bound_and_vary(endpoint):
    """Twice as long after each failure, jittered, never beyond 30 seconds."""
    async with watch(poll_interval=1, relaxed_interval=5) as watching:
        await watching.next()
        pauses = []
        for _ in range(60):
            await watching.poller._trouble(RuntimeError("no"))
            pauses.append(watching.poller._interval())
    assert 5 <= pauses[0] <= 10
    assert all(15 <= pause <= 30 for pause in pauses[3:])
    assert len(set(pauses)) > 50


async def test_after_trouble_the_pace_is_as_before(endpoint, answers):
    endpoint.answers.appendleft(answers.refusal(500, "InternalServerException", "Sorry"))
    async with watch() as watching:
        assert (await watching.next()).last_error
        assert watching.poller._interval() > 0.02
        assert not (await watching.next()).last_error
        assert watching.poller._interval() == 0.02


async def test_retry_after_is_respected(endpoint, answers):
    headers = {"Retry-After": "7"}
    endpoint.answers[0] = answers.refusal(429, "ThrottlingException", "Rate exceeded", **headers)
    async with watch() as watching:
        assert await watching.next()
        assert watching.poller._interval() == 7


async def test_trouble_slows_new_watchers_too(endpoint, answers):
    """Twenty waves that join while DRS throttles do not add calls."""
    headers = {"Retry-After": "30"}
    endpoint.answers[0] = answers.refusal(429, "ThrottlingException", "Rate exceeded", **headers)
    async with watch(1) as watching:
        await watching.next()
        async with watch(2), watch(3):
            await asyncio.sleep(0.2)
    assert len(endpoint.requests) == 1


async def test_the_poller_is_nobodys_task(local_aws):
    """It outlives the trigger that started it, so that trigger's log must not get its lines."""
    tenant.set("the first trigger")
    await take(2)
    assert set(RecordingHook.contexts) == {"nobody"}


async def test_a_slow_watcher_hears_the_newest_only(local_aws):
    async with watch() as slow:
        await slow.next()
        await take(5, 2)
        newest = slow.latest
        assert await slow.next() is newest


async def test_waiting_ends_at_a_given_time(endpoint, answers):
    endpoint.answers[0] = answers.Answer(hang=True)
    async with watch() as watching:
        assert await watching.next(until=datetime.now(UTC)) is None


async def test_the_log_of_a_job_comes_through_the_open_client(hook, local_aws, servers):
    mine = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    async with watch() as watching:
        await watching.next()
        log = await watching.poller.get_job_log(mine)
    assert log == hook.list_job_log(mine)
    assert len(RecordingHook.opened) == 1
