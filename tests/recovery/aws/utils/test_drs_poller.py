from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from drs_recovery.aws.utils.drs_poller import SPREAD, DrsJobPoller
from tests.recovery.aws.utils.polling import (
    HOUR,
    RecordingHook,
    describe_jobs,
    job,
    job_id,
    poller,
    take,
    tenant,
    watch,
)

pytestmark = pytest.mark.usefixtures("forget", "nothing_is_left")


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
    """It does not wait for the others' long sleep to end: if it did, pytest's time-out would end the test."""
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
            assert (await patient.next()).missing == (job_id(1),)


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


async def test_who_watches_all_jobs_hears_of_every_one_that_runs(hook, local_aws, servers):
    """Whoever started it; in the one look that the others share."""
    local_aws.control.set_speed("real")
    mine = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    other = hook.start_recovery(servers.app, is_drill=True)["jobID"]
    pace = {"poll_interval": 0.02, "relaxed_interval": 0.02}
    async with poller().watch([mine], **pace) as own, poller().watch(None, **pace) as all_jobs:
        await all_jobs.next()
        local_aws.control.clear_requests()
        RecordingHook.looks.clear()
        assert {job["jobID"] for job in (await all_jobs.next()).jobs} == {mine, other}
        assert [job["jobID"] for job in (await own.next()).jobs] == [mine]
    assert len(describe_jobs(local_aws)) == len(RecordingHook.looks)


async def test_jobs_are_listed_since_the_oldest_that_runs(endpoint, answers):
    """Of those before none can take DRS's room any more; and a new one may not show at once."""
    begun = datetime.now(UTC) - timedelta(hours=7)
    running = job() | {"creationDateTime": begun.isoformat()}
    ended = job(2, status="COMPLETED") | {"creationDateTime": (begun - timedelta(hours=9)).isoformat()}
    endpoint.answers[0] = answers.Answer(body={"items": [running, ended]})
    endpoint.answers.append(answers.Answer(body={"items": [ended]}))
    async with poller().watch(None, poll_interval=0.02, relaxed_interval=0.02) as all_jobs:
        await all_jobs.next()
        await all_jobs.next()
        await all_jobs.next()
        at = datetime.now(UTC)
    first, second, third = (
        datetime.fromisoformat(body["filters"]["fromDate"]) for _, body in endpoint.requests[:3]
    )
    assert at - first > timedelta(hours=47)
    assert timedelta(minutes=1) < begun - second < timedelta(hours=1)
    assert timedelta(minutes=1) < at - third < timedelta(hours=1)


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
