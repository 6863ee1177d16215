"""The checks of a wave while its trigger watches it: who is due, what was found, and whom that makes well.

What is found goes on record with the server, when it changes; whoever watches next goes on from there. How
often a check was true in a row is known here alone, and counted again.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.checks import KINDS
from drs_recovery.engine.checks.kind import Found, Reach, Subject
from drs_recovery.engine.template_context import template_context
from drs_recovery.record.enums import ChecksStatus, EventType
from drs_recovery.record.judge import checking, named
from drs_recovery.record.server_record import ServerCheck
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Plan
    from drs_recovery.plan.checks import Check
    from drs_recovery.record.events import Event
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord

log = logging.getLogger(__name__)

OF_THE_WAVE = ""
"""In the place of a server's id: what a check with ``once`` finds is found of the wave."""

LONGEST_FOUND = 300
"""Characters of what a look found that are kept: each server has them for each check."""


@dataclass
class _Rounds:
    """The looks of one check: at all servers that wait for it, one round after the other."""

    check: Check
    due: datetime | None = None
    task: asyncio.Task[dict[str, Found]] | None = None
    asked: tuple[str, ...] = ()
    found: dict[str, Found] = field(default_factory=dict)
    in_a_row: Counter[str] = field(default_factory=Counter)

    def take(self) -> None:
        """Take what the round found that has ended, if one has."""
        if self.task is None or not self.task.done():
            return
        task, self.task = self.task, None
        if error := task.exception():
            found = dict.fromkeys(self.asked, Found(passed=False, text=said(error)))
        else:
            found = task.result()
        self.found |= found
        for key, one in found.items():
            self.in_a_row[key] = self.in_a_row[key] + 1 if one.passed else 0

    def begin(self, subjects: Sequence[Subject], reach: Reach, at: datetime) -> None:
        """Begin the next round, if it is due and somebody waits for it."""
        if not subjects or self.task is not None or (self.due is not None and at < self.due):
            return
        self.due = at + self.check.every
        self.asked = tuple(subject.key for subject in subjects)
        self.task = asyncio.ensure_future(KINDS[self.check.kind](self.check, subjects, reach))


class Checker:
    """The checks of one wave in one execution."""

    def __init__(self, record: Execution, plan: Plan, wave: WaveRecord, hook: DrsHook) -> None:
        self._record, self._plan, self.wave = record, plan, wave
        self._reach = Reach(hook)
        self._rounds = [_Rounds(check) for check in plan.waves[wave.wave_number].checks]
        self._since: datetime | None = None

    def observe(self, servers: Sequence[ServerRecord], at: datetime, *, ended: bool) -> list[ServerRecord]:
        """Return the servers with what was found so far, and begin the looks that are due.

        ``ended``: the wave's jobs have, so that checks of the wave as a whole are due too.
        """
        for rounds in self._rounds:
            rounds.take()
        checked = [
            self._checked(server, at, ended=ended) if server.recovered else server for server in servers
        ]
        for rounds in self._rounds:
            if rounds.check.kind in KINDS:
                rounds.begin(self._subjects(rounds.check, checked, at), self._reach, at)
        self._since = self._since or at
        return checked

    def worker_is_due(self, servers: Sequence[ServerRecord], at: datetime) -> bool:
        """Whether a worker looks next: nothing else is waited for, and one of its checks is due.

        At once where nobody has looked yet; then ``every`` after this watching began, which followed a look.
        """
        waiting = [server for server in servers if checking(self.wave, server)]
        due = False
        for check in (rounds.check for rounds in self._rounds):
            if check.kind in KINDS:
                if not check.optional and any(_waits(server, check) for server in waiting):
                    return False
            elif left := [one for one in servers if _waits(one, check)]:
                unseen = any(one.found is None for one in left[0].checks if one.name == check.name)
                again_at = (self._since or at) + check.every
                due = due or unseen or (bool(waiting) and at >= again_at)
        return due

    def stop(self) -> None:
        """Let go of the looks that run."""
        for rounds in self._rounds:
            if rounds.task is not None:
                rounds.task.cancel()

    def _subjects(self, check: Check, servers: Sequence[ServerRecord], at: datetime) -> list[Subject]:
        """Return whom the next look is at: all that are launched and wait for this check.

        One whose instance is not known yet can be found nowhere, and has one time of ``every`` to show.
        """
        waiting = [server for server in servers if _waits(server, check) and _shows(server, check, at)]
        if not waiting:
            return []
        context = template_context(self._record, self._plan, servers, wave=self.wave)
        if check.of_wave:
            return [Subject(OF_THE_WAVE, None, None, context)]
        return [self._subject(server, context) for server in waiting]

    def _subject(self, server: ServerRecord, context: Mapping[str, Any]) -> Subject:
        own = template_context(self._record, self._plan, (), server=server)["server"]
        known = {**context, "server": own}
        return Subject(server.source_server_id, server.recovery_instance_id, server.private_ip, known)

    def _checked(self, server: ServerRecord, at: datetime, *, ended: bool) -> ServerRecord:
        """Return a launched server with its checks as they stand."""
        known = {check.name: check for check in server.checks}
        checks = tuple(
            self._standing(rounds, known.get(rounds.check.name), server, at)
            for rounds in self._rounds
            if ended or not rounds.check.of_wave
        )
        return with_checks(server, checks, [rounds.check for rounds in self._rounds])

    @staticmethod
    def _standing(
        rounds: _Rounds, known: ServerCheck | None, server: ServerRecord, at: datetime
    ) -> ServerCheck:
        key = OF_THE_WAVE if rounds.check.of_wave else server.source_server_id
        known = known or begun(rounds.check, at)
        if (found := rounds.found.get(key)) is None:
            return known
        return standing(rounds.check, known, found, rounds.in_a_row[key], at)


def begun(check: Check, at: datetime) -> ServerCheck:
    """Return a check of a server as it stands before the first look."""
    return ServerCheck(name=check.name, since=at, optional=True if check.optional else None)


def standing(check: Check, known: ServerCheck, found: Found, times: int, at: datetime) -> ServerCheck:
    """Return a check as it stands after a look, which found it true ``times`` in a row."""
    if known.status is not ChecksStatus.IN_PROGRESS:
        return known
    text = found.text[:LONGEST_FOUND]
    if found.passed and times < check.in_a_row:
        text = f"{text}, {times} of {check.in_a_row} times in a row"
    elif found.passed:
        return known.replace(status=ChecksStatus.PASSED, found=text)
    elif at - known.since >= check.within:
        text = f"{text}; tried for {duration_text(check.within)} from {socket.gethostname()}"
        return known.replace(status=ChecksStatus.FAILED, found=text)
    return known if known.found == text else known.replace(found=text)


def with_checks(
    server: ServerRecord, checks: tuple[ServerCheck, ...], wanted: Sequence[Check]
) -> ServerRecord:
    """Return a launched server with its checks, and how far those are that are not optional."""
    status = _status(checks, sum(not check.optional for check in wanted))
    if checks == server.checks and status is server.checks_status:
        return server
    return server.model_copy(update={"checks": checks, "checks_status": status})


def warnings(wave: WaveRecord, servers: Iterable[ServerRecord], journal: Journal) -> Iterator[Event]:
    """Yield events of checks that failed and are optional, each once after the servers that share it."""
    failed: dict[str, list[ServerRecord]] = {}
    for server in servers:
        for check in server.checks:
            if check.optional and check.status is ChecksStatus.FAILED:
                failed.setdefault(check.name, []).append(server)
    for name, which in failed.items():
        text = f"optional check {name!r} failed on {named([server.label for server in which])}"
        event = journal.event(EventType.CHECK_FAILED, text, wave=wave)
        yield event.replace(once=f"{EventType.CHECK_FAILED}|{wave.wave_number}|{wave.attempt}|{text}")


def again(servers: Iterable[ServerRecord]) -> list[ServerRecord]:
    """Return launched servers that have not passed their checks as the next attempt begins to check them."""
    return [
        server.replace(checks=(), checks_status=None, end_time=None)
        for server in servers
        if server.recovered and server.checks_status not in {None, ChecksStatus.PASSED}
    ]


def _waits(server: ServerRecord, check: Check) -> bool:
    return any(one.name == check.name and one.status is ChecksStatus.IN_PROGRESS for one in server.checks)


def _shows(server: ServerRecord, check: Check, at: datetime) -> bool:
    """Whether there is anything to look at: an instance or an address, or none after so long."""
    since = next((one.since for one in server.checks if one.name == check.name), at)
    return bool(server.recovery_instance_id or server.private_ip) or at >= since + check.every


def _status(checks: Sequence[ServerCheck], required: int) -> ChecksStatus | None:
    """Return how far the checks are that are not optional; None where there are none."""
    counted = [check.status for check in checks if not check.optional]
    if ChecksStatus.FAILED in counted:
        return ChecksStatus.FAILED
    if not required:
        return None
    passed = counted.count(ChecksStatus.PASSED)
    return ChecksStatus.PASSED if passed == required else ChecksStatus.IN_PROGRESS
