from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest

from drs_recovery.aws.triggers import drs
from drs_recovery.aws.triggers.drs import DrsJobTrigger
from drs_recovery.aws.utils.drs_poller import DrsJobPoller
from tests.recovery.aws.triggers.watching import JOB_ID, OTHER_ID, ProgressTrigger, fire, job, trigger


def ago(**time):
    return (datetime.now(UTC) - timedelta(**time)).isoformat()


ALL_ARGUMENTS = {
    "job_ids": [JOB_ID, OTHER_ID],
    "hold": 12.5,
    "deadline": "2026-01-01T00:00:00+00:00",
    "poll_interval": 0.5,
    "relaxed_interval": 7.0,
    "missing_grace": 3.0,
    "aws_conn_id": "disaster",
    "region_name": "eu-west-1",
    "verify": False,
    "botocore_config": {"read_timeout": 9},
}


def test_a_trigger_survives_serialization():
    """Another triggerer process makes the same trigger of what is stored, JSON in between."""
    path, arguments = DrsJobTrigger(**ALL_ARGUMENTS).serialize()
    assert path == "drs_recovery.aws.triggers.drs.DrsJobTrigger"
    assert arguments == ALL_ARGUMENTS
    again = DrsJobTrigger(**json.loads(json.dumps(arguments)))
    assert again.serialize() == (path, arguments)


def test_a_subclass_survives_with_what_it_adds():
    path, arguments = ProgressTrigger(note="wave 1", **ALL_ARGUMENTS).serialize()
    assert path == f"{ProgressTrigger.__module__}.ProgressTrigger"
    assert ProgressTrigger(**arguments).note == "wave 1"


def test_the_defaults_are_those_documented():
    arguments = DrsJobTrigger(job_ids=[JOB_ID]).serialize()[1]
    assert (arguments["hold"], arguments["poll_interval"], arguments["relaxed_interval"]) == (10, 1, 5)
    assert (arguments["deadline"], arguments["missing_grace"]) == (None, 60)


@pytest.mark.parametrize(
    ("wrong", "texts"),
    [
        ({"job_ids": []}, "job_ids: no DRS job"),
        ({"job_ids": ["i-0123"]}, "'i-0123' is no DRS job id"),
        ({"deadline": "2026-01-01T00:00:00"}, "'2026-01-01T00:00:00' has no time zone"),
        ({"deadline": "soon"}, "soon"),
    ],
)
def test_what_cannot_work_is_refused_before_deferring(wrong, texts):
    with pytest.raises(ValueError, match=texts):
        trigger(**wrong)


async def test_the_end_of_a_real_job_fires_success(hook, local_aws, servers):
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    waiting = trigger([job_id])
    assert await fire(waiting) == {"status": "success", "job_ids": [job_id]}
    assert waiting.snapshots[-1].ended


async def test_r16_nothing_fires_before_drs_says_so(hook, local_aws, servers):
    """A submitted job is not a done one."""
    local_aws.control.set_speed("real")
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    waiting = trigger([job_id])
    running = asyncio.create_task(fire(waiting))
    for _ in range(3):
        await waiting.looked.get()
    assert not running.done()
    local_aws.control.set_speed("immediate")
    assert (await running)["status"] == "success"


async def test_p2_a_failed_server_ends_nothing_while_others_are_launched(drs_says):
    drs_says(
        [job("FAILED", "PENDING")],
        [job("FAILED", "IN_PROGRESS")],
        [job("FAILED", "LAUNCHED", status="COMPLETED")],
    )
    waiting = trigger()
    assert (await fire(waiting))["status"] == "success"
    assert len(waiting.snapshots) == 3


async def test_p3_a_completed_job_with_pending_servers_is_over(drs_says):
    """It is not polled for ever; the resumed task judges its servers."""
    drs_says([job("LAUNCHED", "PENDING", status="COMPLETED")])
    assert (await fire(trigger()))["status"] == "success"


async def test_all_jobs_must_have_ended(drs_says):
    drs_says(
        [job("LAUNCHED", status="COMPLETED")],
        [job("LAUNCHED", status="COMPLETED"), job("PENDING", job_id=OTHER_ID)],
        [job("LAUNCHED", status="COMPLETED"), job("LAUNCHED", status="COMPLETED", job_id=OTHER_ID)],
    )
    waiting = trigger([JOB_ID, OTHER_ID])
    assert (await fire(waiting))["status"] == "success"
    assert len(waiting.snapshots) == 3


@pytest.mark.parametrize(
    ("look", "status", "more"),
    [
        ([job("LAUNCHED", status="COMPLETED")], "success", {}),
        ([], "error", {"missing_grace": 0}),
        ([job("PENDING")], "timeout", {"deadline": "2026-01-01T00:00:00+00:00"}),
    ],
    ids=["success", "error", "timeout"],
)
async def test_no_event_fires_in_the_hold(drs_says, look, status, more):
    """Airflow fails the task if the event comes while the worker that deferred it still ends."""
    drs_says(look)
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert (await fire(trigger(hold=0.5, **more)))["status"] == status
    assert loop.time() - began >= 0.49


async def test_p5_completion_comes_before_the_timeout(drs_says):
    """A job that finished on the last tick is not TIMED_OUT."""
    drs_says([job("LAUNCHED", status="COMPLETED")])
    assert (await fire(trigger(deadline=ago(hours=1))))["status"] == "success"


async def test_after_the_deadline_one_look_decides(drs_says, endpoint):
    drs_says([job("PENDING")])
    event = await fire(trigger(deadline=ago(seconds=1)))
    assert event["status"] == "timeout"
    assert event["job_ids"] == [JOB_ID]
    assert event["message"].startswith(f"{JOB_ID} did not end by ")
    assert event["message"].endswith("DRS jobs run on")
    assert len(endpoint.requests) == 1


async def test_before_the_deadline_it_waits(drs_says):
    drs_says(*[[job("PENDING")]] * 5, [job("LAUNCHED", status="COMPLETED")])
    assert (await fire(trigger(deadline=ago(hours=-1))))["status"] == "success"


async def test_p1_throttling_server_errors_and_lost_connections_end_nothing(drs_says, answers):
    drs_says(
        answers.refusal(429, "ThrottlingException", "Rate exceeded"),
        answers.refusal(500, "InternalServerException", "Sorry"),
        answers.Answer(drop=True),
        [job("LAUNCHED", status="COMPLETED")],
    )
    waiting = trigger()
    assert (await fire(waiting))["status"] == "success"
    assert [bool(snapshot.last_error) for snapshot in waiting.snapshots] == [True, True, True, False]


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "ExpiredTokenException", "UninitializedAccountException"]
)
async def test_refusals_end_nothing_before_the_deadline(drs_says, answers, code):
    """Only the deadline does: what is refused now may be mended; a subclass can record it."""
    drs_says(answers.refusal(403, code, "no"), [job("LAUNCHED", status="COMPLETED")])
    waiting = trigger()
    assert (await fire(waiting))["status"] == "success"
    assert code in waiting.snapshots[0].last_error


async def test_trouble_until_after_the_deadline_is_a_timeout_with_its_text(drs_says, answers, monkeypatch):
    """The last look may fail, too, but not for ever."""
    monkeypatch.setattr(drs, "LAST_LOOK", timedelta(seconds=0.3))
    drs_says(answers.refusal(500, "InternalServerException", "Sorry"))
    event = await fire(trigger(deadline=ago(seconds=0)))
    assert event["status"] == "timeout"
    assert "Last error: An error occurred (InternalServerException)" in event["message"]
    assert "Sorry" in event["message"]


async def test_the_last_look_may_be_repeated(drs_says, answers):
    """Trouble at the deadline does not turn a finished job into a time-out."""
    drs_says(answers.refusal(500, "InternalServerException", "Sorry"), [job("LAUNCHED", status="COMPLETED")])
    assert (await fire(trigger(deadline=ago(seconds=1))))["status"] == "success"


async def test_r30_r19_an_unknown_job_is_an_error_that_says_where_it_was_looked_for(local_aws):
    """Never success, and not polled for ever in the wrong Region."""
    event = await fire(trigger(missing_grace=0.05, region_name="eu-west-1"))
    assert event["status"] == "error"
    assert f"DRS does not know {JOB_ID} in Region eu-west-1 of account 123456789012" in event["message"]
    assert "connection aws_default" in event["message"]


async def test_an_unknown_job_is_reported_though_the_account_cannot_be(drs_says):
    drs_says([])
    event = await fire(trigger(missing_grace=0))
    assert "of account unknown (" in event["message"]


async def test_a_new_job_may_be_invisible_for_a_while(drs_says):
    """Within the grace nothing is wrong; each absence counts again."""
    drs_says([], [job("PENDING")], [], [job("LAUNCHED", status="COMPLETED")])
    assert (await fire(trigger(missing_grace=30)))["status"] == "success"


async def test_failed_looks_do_not_use_the_grace_up(drs_says, answers, monkeypatch):
    """Only DRS's own answer can say that it does not know a job."""
    monkeypatch.setattr(drs, "LAST_LOOK", timedelta(seconds=0.3))
    drs_says(answers.refusal(500, "InternalServerException", "Sorry"))
    assert (await fire(trigger(missing_grace=0, deadline=ago(seconds=0))))["status"] == "timeout"


async def test_ending_a_trigger_by_hand_leaves_the_jobs_alone(hook, local_aws, servers):
    """on_kill also fires when a task is cleared, and DRS cannot cancel a job: nothing but reads is sent."""
    local_aws.control.set_speed("real")
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    local_aws.control.clear_requests()
    waiting = trigger([job_id])
    running = asyncio.create_task(fire(waiting))
    await waiting.looked.get()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await waiting.on_kill()
    await waiting.cleanup()
    assert {request["operation"] for request in local_aws.control.requests()} == {"DescribeJobs"}
    assert DrsJobPoller._running == {}


async def test_triggers_of_one_process_share_their_looks(hook, local_aws, servers):
    """Two waves at once cost no more than one, and each hears of its own jobs."""
    jobs = [hook.start_recovery(group, is_drill=True)["jobID"] for group in (servers.db, servers.app)]
    local_aws.control.clear_requests()
    events = await asyncio.gather(*(anext(trigger([job_id]).run()) for job_id in jobs))
    assert [event.payload["job_ids"] for event in events] == [[job_id] for job_id in jobs]
    (call,) = local_aws.control.requests(operation="DescribeJobs")
    assert sorted(call["parameters"]["filters"]["jobIDs"]) == sorted(jobs)


async def test_the_task_log_tells_changes_and_trouble_once(drs_says, answers, capfd):
    """Not a line per look; in AWS's words."""
    sorry = answers.refusal(500, "InternalServerException", "Sorry")
    running, done = [job("PENDING")], [job("LAUNCHED", status="COMPLETED")]
    drs_says(running, running, sorry, sorry, running, sorry, done)
    await fire(trigger())
    logged = capfd.readouterr().out
    assert logged.count(f"{JOB_ID} STARTED: 1 PENDING") == 1
    assert logged.count(f"{JOB_ID} COMPLETED: 1 LAUNCHED") == 1
    assert logged.count("Sorry; polling goes on") == 2


def test_the_limit_is_what_the_trigger_may_take():
    """Whoever defers to it waits longer, or chance decides which time-out comes first."""
    hour = trigger(deadline=ago(hours=-1), hold=10).limit
    assert timedelta(minutes=61) < hour < timedelta(minutes=62)
    assert trigger(deadline=ago(hours=1), hold=10).limit == timedelta(seconds=70)
    assert trigger().limit is None
