"""What DRS says of one server of a batch decides for no other one of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.engine.parting import TryLater, halves, named
from drs_recovery.plan import Target
from drs_recovery.store.programs import start_recovery
from drs_recovery.tasks.waking import FirstWay, wake_trigger
from tests.recovery.tasks.conftest import APP, DB, WEB, Drive, plan
from tests.recovery.tasks.starting import jobs
from tests.recovery.tasks.troubles import details_of, errors, hold, released, sent

FILES = "s-00000000000fil001"
HERE = Target("aws_default", "eu-west-1")
ALL = (DB, APP, WEB, FILES)
START = "all.start_recovery"


@pytest.fixture
def wave(table: Any, monkeypatch: pytest.MonkeyPatch) -> Drive:
    """A drill of one wave of four servers, one job; botocore repeats nothing by itself."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    table.control.set_speed("real")
    drive = Drive(plan({"name": "All", "servers": list(ALL)}))
    drive.execute("open_execution")
    return drive


def refuse(table: Any, error: str, message: str, *servers: str) -> None:
    """Let DRS refuse every job of these servers."""
    for server in servers:
        table.control.deny("drs", "StartRecovery", resource=server, error=error, message=message)


def wait(drive: Drive) -> TaskDeferred:
    with pytest.raises(TaskDeferred) as deferred:
        drive.execute(START)
    return deferred.value


def resume(drive: Drive, deferred: TaskDeferred) -> Any:
    task = drive.dag.get_task(START)
    return task.execute_complete(drive.context(START), None, **(deferred.kwargs or {}))


@pytest.mark.parametrize(
    ("error", "texts"),
    [
        ("ValidationException", f"sourceServers.sourceServerID {WEB} does not exist."),
        ("ResourceNotFoundException", f"SourceServer {WEB} does not exist."),
        ("AccessDeniedException", f"not authorized on resource: arn:aws:drs:eu-west-1:1:source-server/{WEB}"),
    ],
)
def test_who_is_named_is_left_out_and_the_others_start_at_once(
    table: Any, wave: Drive, error: str, texts: str
) -> None:
    """In the words of AWS; the wave is judged when the others' job has ended."""
    refuse(table, error, texts, WEB)
    assert len(wave.execute(START)) == 1
    assert sent(table, wave) == [{DB, APP, FILES}]
    assert error in errors(wave)[WEB]
    assert set(errors(wave)) == {WEB}
    released(table)
    with pytest.raises(AirflowFailException, match=rf"1 of its 4 servers .*{WEB}"):
        wave.execute("all.wait_for_recovery")


@pytest.mark.parametrize("bad", [(WEB,), (DB, FILES), ALL], ids=["one", "two", "all"])
def test_where_nobody_says_whom_it_is_about_the_batch_is_halved(
    table: Any, wave: Drive, bad: tuple[str, ...]
) -> None:
    """Down to single servers: each that can be started is, once, and each other one says why not."""
    refuse(table, "ValidationException", "One of the servers cannot be recovered.", *bad)
    if bad == ALL:
        with pytest.raises(AirflowFailException, match="cannot be recovered"):
            wave.execute(START)
    else:
        wave.execute(START)
    assert sorted(chain(*sent(table, wave))) == sorted(set(ALL) - set(bad))
    assert set(errors(wave)) == set(bad)
    numbers = [intent.batch for intent in wave.record.waves[0].intents]
    assert len(set(numbers)) == len(numbers)


def test_a_wave_that_was_halved_goes_on_with_its_parts(table: Any, wave: Drive) -> None:
    """Cleared when the trouble is over: what is started stays so, the rest starts under its own numbers."""
    refuse(table, "ValidationException", "One of the servers cannot be recovered.", WEB)
    wave.execute(START)
    before = {intent.batch: intent.servers for intent in wave.record.waves[0].intents}
    table.control.clear_faults()
    wave.execute(START)
    after = {intent.batch: intent.servers for intent in wave.record.waves[0].intents}
    assert before.items() <= after.items()
    assert sorted(chain(*sent(table, wave))) == sorted(ALL)
    assert errors(wave) == {}


def test_a_start_that_dies_between_its_parts_starts_each_server_once(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever call is its last: the next one reads the parts from the record, and the jobs from DRS."""
    refuse(table, "ValidationException", "One of the servers cannot be recovered.", WEB)
    for method in ("refused", "intend", "started", "not_started"):
        for after in (False, True):
            with monkeypatch.context() as patch:
                patch.setattr(start_recovery, method, _dies(getattr(start_recovery, method), after=after))
                try:
                    wave.execute(START)
                except (KeyboardInterrupt, TaskDeferred, AirflowFailException):
                    continue
    monkeypatch.setattr("drs_recovery.tasks.base.now", _late)
    wave.execute(START)
    table.control.clear_faults()
    started = [s["sourceServerID"] for job in jobs(table) for s in job["participatingServers"]]
    assert sorted(started) == sorted({DB, APP, FILES})


def _late() -> Any:
    return datetime.now(UTC) + timedelta(minutes=3)


def _dies(method: Any, *, after: bool) -> Any:
    def dies(*arguments: Any, **more: Any) -> Any:
        if after:
            yield from method(*arguments, **more)
        raise KeyboardInterrupt

    return dies


class TestHeld:
    """A server that another job holds."""

    def test_r02_the_others_start_and_it_is_waited_for(self, table: Any, wave: Drive) -> None:
        """It has a job of its own when the other has ended; the wave is COMPLETED."""
        other = hold(table, WEB)
        deferred = wait(wave)
        assert sent(table, wave) == [{DB, APP, FILES}]
        assert deferred.trigger.serialize()[1]["job_ids"] == [other]
        assert other in details_of(wave, "START_WAITING")[0]
        assert WEB in details_of(wave, "START_WAITING")[0]
        released(table)
        assert len(resume(wave, deferred)) == 2
        assert sent(table, wave) == [{DB, APP, FILES}, {WEB}]
        released(table)
        wave.execute("all.wait_for_recovery")
        assert wave.statuses == ["COMPLETED"]

    def test_at_the_deadline_it_is_left_out(self, table: Any, wave: Drive) -> None:
        """What runs is judged, with the job that was in the way."""
        other = hold(table, WEB)
        deferred = wait(wave)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("drs_recovery.tasks.base.now", lambda: datetime.now(UTC) + timedelta(hours=5))
            assert len(resume(wave, deferred)) == 1
        assert other in errors(wave)[WEB]

    def test_each_waits_for_its_own_job(self, table: Any, wave: Drive) -> None:
        """The first that ends wakes the start: one that is held longer keeps no other waiting."""
        first, second = hold(table, WEB), hold(table, APP, FILES)
        trigger = wait(wave).trigger
        assert isinstance(trigger, FirstWay)
        assert sorted(trigger.ways) == sorted([[first], [second]])
        assert sent(table, wave) == [{DB}]

    def test_a_job_that_does_not_show_is_waited_for_then_the_batch_is_halved(
        self, table: Any, wave: Drive
    ) -> None:
        """Nobody says whom a job holds: at the second time whoever is free starts."""
        texts = "One or more of the Source Servers are currently being processed by a Job"
        refuse(table, "ConflictException", texts, WEB)
        wait(wave)
        assert sent(table, wave) == []
        for _ in range(3):
            wait(wave)
        assert sorted(chain(*sent(table, wave))) == sorted({DB, APP, FILES})
        table.control.clear_faults()
        wave.execute(START)
        assert sorted(chain(*sent(table, wave))) == sorted(ALL)


def test_a_job_whose_answer_was_lost_is_known_after_its_batch_was_halved(
    table: Any, wave: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Announced again, refused, and halved before it shows: it is adopted, and the only one."""
    table.control.drop("drs", "StartRecovery", after=True, times=1)
    hidden = table.control.hide_jobs(seconds=100_000, times=1)
    wait(wave)
    monkeypatch.setattr("drs_recovery.tasks.base.now", _late)
    for _ in range(3):
        wait(wave)
    assert len({intent.batch for intent in wave.record.waves[0].intents}) > 1
    table.control.remove_fault(hidden)
    released(table)
    (known,) = jobs(table)
    assert wave.execute(START) == [known["jobID"]]
    assert len(jobs(table)) == 1
    wave.execute("all.wait_for_recovery")
    assert wave.statuses == ["COMPLETED"]


def test_a_job_that_is_too_large_is_halved(table: Any, wave: Drive) -> None:
    """An account may take fewer servers in a job than others: no waiting makes room."""
    table.control.set_quotas(serversInJob=2)
    assert len(wave.execute(START)) == 2
    assert sorted(map(len, sent(table, wave))) == [2, 2]


def test_a_way_is_reported_by_all_its_jobs() -> None:
    """Where all wait for the same, one plain watch is enough; a pause goes before any job."""
    one, two = "drsjob-00000000000000001", "drsjob-00000000000000002"
    same = [TryLater("", jobs=[one]), TryLater("", jobs=[one])]
    assert type(wake_trigger(same, datetime.now(UTC), HERE)).__name__ == "DrsJobTrigger"
    ways = wake_trigger([TryLater("", jobs=[one]), TryLater("", jobs=[two])], datetime.now(UTC), HERE)
    path, kwargs = ways.serialize()
    assert path == "drs_recovery.tasks.waking.FirstWay"
    assert FirstWay(**kwargs).ways == [[one], [two]]
    paused = wake_trigger([*same, TryLater("", seconds=20)], datetime.now(UTC), HERE)
    assert "DateTimeTrigger" in paused.serialize()[0]


ids = st.lists(st.integers(0, 50).map(lambda n: f"s-{n:017d}"), min_size=1, max_size=12, unique=True)


@given(ids, st.data())
def test_an_error_singles_out_those_it_names_unless_it_names_all(wanted: list[str], data: Any) -> None:
    """In its words or in its members; ids that nobody asked for are nobody's."""
    message_text = data.draw(st.sets(st.sampled_from(wanted)))
    foreign = "s-99999999999999999"
    in_text = ClientError(
        {"Error": {"Code": "X", "Message": ", ".join([*message_text, foreign])}}, "StartRecovery"
    )
    members = {"fieldList": [{"name": one, "message": "no"} for one in message_text], "resourceId": foreign}
    in_members = ClientError({"Error": {"Code": "X"}, **members}, "StartRecovery")  # type: ignore[arg-type]
    expected = set() if len(message_text) == len(wanted) > 1 else message_text
    assert named(in_text, wanted) == named(in_members, wanted) == expected


@given(ids)
def test_halving_loses_nobody_and_ends(wanted: list[str]) -> None:
    """With single servers, which cannot be halved, after fewer calls than twice their number."""
    pending, singles, calls = [tuple(wanted)], [], 0
    while pending:
        part = pending.pop()
        calls += 1
        if not (parts := halves(part)):
            singles += part
        pending += parts
    assert sorted(singles) == sorted(wanted)
    assert calls < 2 * len(wanted)
