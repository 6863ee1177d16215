"""The checks of a wave: who is due, what is found, and when a server is well; by the clock of a test."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.engine import checking
from drs_recovery.engine.checking import Checker, again, warnings
from drs_recovery.engine.checks.kind import Found
from drs_recovery.engine.database_checks import found_of
from drs_recovery.engine.journal import Journal
from drs_recovery.record.enums import ChecksStatus, LaunchStatus, WaveStatus
from drs_recovery.record.judge import judge, well
from drs_recovery.record.models import WaveRecord
from drs_recovery.record.server_record import ServerRecord
from tests.recovery.denied import CURE, denied
from tests.recovery.execution.stored import Make
from tests.recovery.tasks.conftest import APP, DB, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from drs_recovery.engine.checks.kind import Subject
    from drs_recovery.plan.checks import Check

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
Status = ChecksStatus


class World:
    """A wave of two servers, what their looks find, and who was looked at."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *checks: dict[str, Any]) -> None:
        self.answers: dict[str, Any] = {}
        self.looks: list[list[str]] = []
        self.plan = plan({"name": "Both", "servers": [DB, APP], "checks": checks})
        required = sum(not check.optional for check in self.plan.waves[0].checks)
        self.wave = WaveRecord(wave_number=0, wave_name="Both", server_count=2, checks=required or None)
        self.checker = self.anew()
        self.servers = [server(DB), server(APP, launched=False)]
        monkeypatch.setitem(checking.KINDS, "tcp", self.look)
        monkeypatch.setitem(checking.KINDS, "http", self.look)

    def anew(self) -> Checker:
        """Return the checker of a triggerer that was started again."""
        return Checker(Make().execution(), self.plan, self.wave, None)  # type: ignore[arg-type]

    async def look(self, check: Check, subjects: Sequence[Subject], _: object) -> dict[str, Found]:
        """Find what the test says of each."""
        self.looks.append([subject.key for subject in subjects])
        if isinstance(answer := self.answers.get(check.name), Exception):
            raise answer
        return {
            subject.key: Found(passed=bool(answer), text=f"{check.name}: {answer}") for subject in subjects
        }

    async def pass_on(self, seconds: float = 0, *, ended: bool = True) -> list[ServerRecord]:
        """Look twice at a moment: the second time takes what the first began to look for."""
        for _ in range(2):
            at = AT + timedelta(seconds=seconds)
            self.servers = self.checker.observe(self.servers, at, ended=ended)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        return self.servers

    @property
    def first(self) -> ServerRecord:
        return self.servers[0]


def server(server_id: str, *, launched: bool = True) -> ServerRecord:
    status = LaunchStatus.LAUNCHED if launched else LaunchStatus.IN_PROGRESS
    return ServerRecord(
        source_server_id=server_id, wave_number=0, launch_status=status, private_ip="127.0.0.9"
    )


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """Give what makes a wave with checks."""
    return lambda *checks: World(monkeypatch, *checks)


TCP = {"name": "port", "tcp": 5432}


async def test_a_server_is_checked_as_soon_as_it_is_launched_and_no_other(world: Any) -> None:
    """While others still launch; it is well when its checks have passed, and is looked at no more."""
    wave = world(TCP)
    wave.answers["port"] = True
    await wave.pass_on(ended=False)
    assert wave.looks == [[DB]]
    assert [one.checks_status for one in wave.servers] == [Status.PASSED, None]
    assert [well(wave.wave, one) for one in wave.servers] == [True, False]
    await wave.pass_on(60)
    assert wave.looks == [[DB]]


async def test_a_server_without_an_instance_yet_is_looked_at_a_little_later(world: Any) -> None:
    """As soon as it shows, or once ``every`` has passed: there may never be one."""
    wave = world(TCP)
    wave.servers = [server(DB).replace(private_ip=None)]
    await wave.pass_on()
    assert wave.looks == []
    wave.servers = [wave.first.replace(recovery_instance_id="i-1")]
    await wave.pass_on(2)
    other = world(TCP)
    other.servers = [server(DB).replace(private_ip=None)]
    await other.pass_on()
    await other.pass_on(15)
    assert [wave.looks, other.looks] == [[[DB]], [[DB]]]


async def test_a_look_comes_again_after_every_and_not_before(world: Any) -> None:
    """Each server shows which check it waits for, and what the last look found."""
    wave = world(TCP | {"every": "10s"})
    for seconds in (0, 3, 9, 10, 15):
        await wave.pass_on(seconds)
    assert len(wave.looks) == 2
    assert wave.first.checks_status is Status.IN_PROGRESS
    assert wave.first.check_text == "check 'port' is waited for: port: None"


async def test_a_check_that_does_not_pass_in_time_fails_and_says_from_where(world: Any) -> None:
    """And what was found; then the server is not well, and the wave of it FAILED."""
    wave = world(TCP | {"within": "1m"})
    await wave.pass_on()
    await wave.pass_on(59)
    assert wave.first.checks_status is Status.IN_PROGRESS
    await wave.pass_on(60)
    assert wave.first.checks_status is Status.FAILED
    text = wave.first.check_text or ""
    assert text.startswith("check 'port' failed: port: None; tried for 1 minute from ")
    status, why = judge(wave.wave, [wave.first, server(APP).replace(checks_status=Status.PASSED)])
    assert status is WaveStatus.FAILED
    assert why is not None
    assert why.startswith("checks of 1 of its 2 servers did not pass: ")
    assert text in why


async def test_what_passes_late_is_looked_at_until_it_is_decided(world: Any) -> None:
    """Nobody may have looked while its time passed: a triggerer was gone. What fails then is not well."""
    wave = world(TCP | {"in_a_row": 2, "every": "10s", "within": "1m"})
    await wave.pass_on()
    wave.checker = wave.anew()
    wave.answers["port"] = True
    await wave.pass_on(300)
    assert wave.first.check_text == "check 'port' is waited for: port: True, 1 of 2 times in a row"
    await wave.pass_on(310)
    assert wave.first.checks_status is Status.PASSED
    other = world(TCP | {"in_a_row": 2, "every": "10s", "within": "1m"})
    other.answers["port"] = True
    await other.pass_on(0)
    other.answers["port"] = False
    await other.pass_on(300)
    assert other.first.checks_status is Status.FAILED


async def test_it_must_be_true_so_often_in_a_row(world: Any) -> None:
    """One look that finds otherwise begins the count again."""
    wave = world(TCP | {"in_a_row": 2, "every": "10s"})
    statuses = []
    for seconds, answer in ((0, True), (10, False), (20, True), (30, True)):
        wave.answers["port"] = answer
        await wave.pass_on(seconds)
        statuses.append(wave.first.checks_status)
    assert statuses == [*[Status.IN_PROGRESS] * 3, Status.PASSED]


async def test_what_cannot_be_asked_is_what_was_found(world: Any) -> None:
    """Trouble of AWS, say: it is looked again, and passes later."""
    wave = world(TCP | {"every": "10s"})
    wave.answers["port"] = ValueError("Rate exceeded")
    await wave.pass_on()
    assert (wave.first.checks_status, wave.first.checks[0].found) == (Status.IN_PROGRESS, "Rate exceeded")
    wave.answers["port"] = True
    await wave.pass_on(10)
    assert wave.first.checks_status is Status.PASSED


async def test_a_right_that_is_lacking_is_found_with_its_cure(world: Any) -> None:
    """Where servers are asked for together, too."""
    wave = world(TCP)
    wave.answers["port"] = denied("ec2:DescribeInstanceStatus")
    await wave.pass_on()
    assert wave.first.checks[0].found.endswith(f"; allow ec2:DescribeInstanceStatus {CURE}")


async def test_an_optional_check_is_shown_and_decides_nothing(world: Any) -> None:
    """A server is well without it."""
    wave = world(TCP, {"name": "page", "http": {"url": "http://x"}, "optional": True, "within": "30s"})
    wave.answers["port"] = True
    await wave.pass_on()
    await wave.pass_on(30)
    assert wave.first.checks_status is Status.PASSED
    assert [check.status for check in wave.first.checks] == [Status.PASSED, Status.FAILED]
    (event,) = warnings(wave.wave, wave.servers, Journal("both.wait_for_recovery"))
    assert event.type == "CHECK_FAILED"
    assert event.detail == f"optional check 'page' failed on {DB}"


async def test_a_check_of_the_wave_is_looked_at_once_when_its_jobs_have_ended(world: Any) -> None:
    """What it finds is each server's."""
    wave = world({"name": "page", "http": {"url": "http://x"}, "once": True})
    wave.answers["page"] = True
    await wave.pass_on(ended=False)
    assert (wave.looks, wave.first.checks_status) == ([], Status.IN_PROGRESS)
    wave.servers[1] = server(APP)
    await wave.pass_on(30)
    assert wave.looks == [[""]]
    assert [one.checks_status for one in wave.servers] == [Status.PASSED, Status.PASSED]


SQL = {"name": "orders", "sql": {"connection": "shop", "query": "select 1", "expect": 1}, "every": "10s"}


async def test_a_worker_is_due_when_nothing_else_is_waited_for(world: Any) -> None:
    """At once where nobody has looked, and then after every; the trigger looks at no database."""
    wave = world(TCP | {"every": "1s"}, SQL)
    due = [wave.checker.worker_is_due(await wave.pass_on(ended=False), AT)]
    due += [wave.checker.worker_is_due(await wave.pass_on(1), AT)]
    wave.answers["port"] = True
    due += [wave.checker.worker_is_due(await wave.pass_on(2), AT)]
    assert due == [False, False, True]
    assert wave.first.checks_status is Status.IN_PROGRESS
    looked = {"orders": Found(passed=False, text="no")}
    checks = wave.plan.waves[0].checks
    wave.servers = [found_of(one, checks, looked, AT) if one.recovered else one for one in wave.servers]
    wave.checker = wave.anew()
    seen = [(seconds, await wave.pass_on(seconds)) for seconds in (3, 12, 13)]
    due = [wave.checker.worker_is_due(one, AT + timedelta(seconds=seconds)) for seconds, one in seen]
    assert due == [False, False, True]


async def test_an_optional_check_of_a_worker_is_looked_at_once_and_waited_for_by_nobody(world: Any) -> None:
    """A wave whose servers are well ends with the next look."""
    wave = world(TCP, SQL | {"optional": True})
    wave.answers["port"] = True
    await wave.pass_on()
    assert wave.first.checks_status is Status.PASSED
    assert wave.checker.worker_is_due(wave.servers, AT)
    looked = {"orders": Found(passed=False, text="no")}
    wave.servers = [found_of(wave.first, wave.plan.waves[0].checks, looked, AT)]
    assert not wave.checker.worker_is_due(wave.servers, AT + timedelta(hours=1))


def test_how_often_in_a_row_a_database_answered_well_is_on_record() -> None:
    """Each look is by another worker, perhaps; the first that finds otherwise begins the count again."""
    checks = plan({"name": "Both", "servers": [DB], "checks": [SQL | {"in_a_row": 2}]}).waves[0].checks
    one, statuses = server(DB), []
    for passed in (True, False, True, True):
        one = found_of(one, checks, {"orders": Found(passed=passed, text="text")}, AT)
        statuses.append((one.checks_status, one.checks[0].in_a_row))
    waits = Status.IN_PROGRESS
    assert statuses == [(waits, 1), (waits, None), (waits, 1), (Status.PASSED, None)]


async def test_who_watches_next_goes_on_from_the_record(world: Any) -> None:
    """A triggerer that was killed: what passed stays so, and the time counts from the first look."""
    wave = world(TCP, {"name": "page", "http": {"url": "http://x"}, "within": "1m"})
    wave.answers["port"] = True
    await wave.pass_on()
    wave.checker = wave.anew()
    await wave.pass_on(60)
    assert [check.status for check in wave.first.checks] == [Status.PASSED, Status.FAILED]
    assert len(wave.looks) == 3


async def test_nothing_changes_on_record_while_looks_find_the_same(world: Any) -> None:
    """So nothing is written: of 500 servers each look would be a write."""
    wave = world(TCP | {"every": "1s"})
    await wave.pass_on()
    before = wave.first
    for seconds in range(1, 5):
        await wave.pass_on(seconds)
    assert len(wave.looks) == 5
    assert wave.first is before


def test_the_next_attempt_checks_again_who_did_not_pass() -> None:
    """Launched servers are not launched again; those that are well stay so."""
    failed = server(DB).replace(checks_status=Status.FAILED, end_time=AT)
    passed = server(APP).replace(checks_status=Status.PASSED, end_time=AT)
    (reset,) = again([failed, passed])
    assert (reset.source_server_id, reset.checks_status, reset.end_time) == (DB, None, None)


@pytest.mark.parametrize("status", [None, Status.IN_PROGRESS, Status.FAILED])
def test_launched_alone_is_not_enough_where_a_wave_has_checks(status: ChecksStatus | None) -> None:
    """Invariant 15, by the judge that every write of an end asks."""
    wave = WaveRecord(wave_number=0, wave_name="Both", server_count=1, checks=1)
    one = server(DB).replace(checks_status=status)
    assert judge(wave, [one])[0] is WaveStatus.FAILED
    assert judge(wave.replace(checks=None), [one])[0] is WaveStatus.COMPLETED
