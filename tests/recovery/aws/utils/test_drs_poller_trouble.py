"""The poller while DRS refuses, hangs or cannot be reached: it goes on, slower, and its watchers know."""

from __future__ import annotations

import asyncio
import json

import pytest

from drs_recovery.aws.utils import drs_poller
from tests.recovery.aws.utils.polling import RecordingHook, job, take, watch

pytestmark = pytest.mark.usefixtures("forget", "nothing_is_left")


async def test_p1_no_trouble_ends_the_polling(endpoint, answers):
    """Throttling, errors of the service and lost connections are shown in AWS's words and repeated."""
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
    assert all(texts in trouble.last_error for texts, trouble in zip(expected, troubles, strict=True))
    assert (last.last_error, last.jobs) == (None, (job(),))
    assert len(RecordingHook.opened) == 1


async def test_what_drs_stated_last_stands_while_looks_fail(endpoint, answers):
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
    """Someone may mend rights or credentials before the deadline; a new client reads the connection again."""
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
    assert hung.last_error == "DescribeJobs: no answer within 3 seconds"
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
