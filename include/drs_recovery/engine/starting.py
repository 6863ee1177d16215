"""The start of a wave: every server that can be launched is, in spite of any trouble with others."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.hooks.launch_settings import LaunchSettingsHook
from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.engine.adoption import Adoption
from drs_recovery.engine.batch import Batch
from drs_recovery.engine.launch_settings import Application
from drs_recovery.engine.launchable import left_out, without_point
from drs_recovery.engine.parting import Held, Parted, TryLater, pause
from drs_recovery.engine.start_outcome import Outcome, Refusal
from drs_recovery.engine.unrestored import find_unrestored
from drs_recovery.errors import RecoveryError, StartRefused
from drs_recovery.record.attempts import cut, next_number
from drs_recovery.record.enums import EventType
from drs_recovery.record.judge import judge
from drs_recovery.store.intents import with_servers
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from drs_recovery.store.trail import append_event
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan.launch import ServerLaunch
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.record.server_record import ServerRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)


@dataclass
class Starting:
    """The start of one attempt of a wave, by any process: what was done is on record, or in DRS.

    ``servers`` are those that the attempt starts, ``size`` is the most that one job takes. ``replace``: the
    run confirmed, on record, that real instances may be replaced; ``unrecorded_replace``: it asks for that,
    but its record, of an earlier release, does not have it. ``settings`` are as what servers are
    launched, of those for which the plan says that.
    """

    hook: DrsHook
    store: ExecutionStore
    journal: Journal
    record: Execution
    wave_number: int
    servers: Sequence[ServerRecord]
    replace: bool
    size: int
    unrecorded_replace: bool = False
    settings: Mapping[str, ServerLaunch] = field(default_factory=dict)
    outcome: Outcome = field(default_factory=Outcome)
    _troubles: list[tuple[tuple[str, ...], Exception]] = field(default_factory=list, init=False)

    def run(self, refused: Mapping[str, Collection[str]] | None = None) -> Outcome:
        """Start what can be started; ``refused`` are servers that are not tried again, by the refusal.

        Raises what AWS or our own rules refuse of the wave as a whole.
        """
        taken = self._resolve_announced()
        for text, servers in (refused or {}).items():
            if left := tuple(server for server in servers if server in self._ids and server not in taken):
                self.outcome.refusals.append(Refusal(left, text))
                taken |= set(left)
        free = [server for server in self._ids if server not in taken]
        self._start_batches(self._with_settings(self._launchable(free)))
        self._resolve_troubles()
        return self.outcome

    def failure(self) -> str | None:
        """Return why a wave of which nothing is started fails; None if its sensor judges it (P-2).

        The sensor also judges one whose policy is met by what earlier attempts have launched, or may be:
        post-launch actions run on it.
        """
        wave = self._wave()
        if wave.attempt_job_ids:
            return None
        servers = self.store.run(read_servers(self.record.execution_id, self.wave_number))
        status, reason = judge(wave, servers)
        if not status.policy_met and not any(server.acting for server in servers):
            return reason
        self.store.run(
            start_recovery.nothing_to_start(self.record.execution_id, self.wave_number, wave.attempt)
        )
        return None

    @cached_property
    def _ids(self) -> list[str]:
        return [server.source_server_id for server in self.servers]

    @cached_property
    def _snapshots(self) -> dict[str, str]:
        snapshots = ((one.source_server_id, one.recovery_snapshot_id) for one in self.servers)
        return {server: snapshot for server, snapshot in snapshots if snapshot}

    def _wave(self) -> WaveRecord:
        """Return the wave as it is on record now, its intents with their servers.

        StartRefused if another attempt of it has been opened.
        """
        before, number = self.record.wave(self.wave_number), self.wave_number
        record = self.store.run(read_execution(self.record.execution_id))
        wave = record.wave(number)
        if wave.attempt != before.attempt:
            raise StartRefused(
                f"{wave.wave_name} is at attempt {wave.attempt}; this is a start of attempt {before.attempt}"
            )
        read = {intent.servers_item: intent.servers for intent in before.intents if intent.servers}
        held = [
            intent if intent.servers else intent.replace(servers=read.get(intent.servers_item, ()))
            for intent in wave.intents
        ]
        filled = wave.replace(intents=tuple(self.store.run(with_servers(record.execution_id, held))))
        self.record = record.replace(waves=(*record.waves[:number], filled, *record.waves[number + 1 :]))
        return filled

    def _batch(self, number: int, servers: tuple[str, ...]) -> Batch:
        return Batch(
            self.hook,
            self.store,
            self.journal,
            self.record,
            self.wave_number,
            number,
            servers,
            self.replace,
            self.unrecorded_replace,
            self._snapshots,
        )

    def _resolve_announced(self) -> set[str]:
        """Return the servers that a job has, or may have: those of the intents that are not refused.

        First of all, a job may show only now of a start that was taken for refused.
        """
        wave, taken = self._wave(), set[str]()
        refused = [intent for intent in wave.attempt_intents if intent.refusal]
        try:
            late = Adoption(self.hook, self.store, self.journal, self.record).jobs_of(wave, refused)
        except (ClientError, BotoCoreError) as error:
            live = {
                server for intent in wave.attempt_intents if not intent.refusal for server in intent.servers
            }
            unknown = tuple(server for server in self._ids if server not in live)
            self._hold(unknown, error)
            taken.update(unknown)
            late = []
        for found in late:
            self._batch(found.intent.batch, found.intent.servers).put_on_record(found.intent, found.job_id)
        for intent in self._wave().attempt_intents:
            if intent.refusal is None and self._resolved(self._batch(intent.batch, intent.servers)):
                taken.update(intent.servers)
        return taken

    def _resolved(self, batch: Batch) -> bool:
        """Whether a batch that was announced has a job, or may still have one."""
        known = (i for i in self._wave().attempt_intents if i.batch == batch.number and not i.refusal)
        if (intent := next(known, None)) is None:
            return False  # another start found just now that it has none
        try:
            job_id = batch.resolve(intent)
        except TryLater as wait:
            self.outcome.waits.append(Held(batch.servers, wait))
            return True
        except (RecoveryError, ClientError, BotoCoreError) as error:
            self._trouble(batch.servers, error)
            return True
        if job_id is not None:
            self.outcome.job_ids.append(job_id)
        return job_id is not None

    def _launchable(self, servers: Sequence[str]) -> list[str]:
        """Return those of the servers that DRS can launch, and put the others on record with why."""
        if not servers:
            return []
        try:
            out = without_point(one for one in self.servers if one.source_server_id in servers)
            out |= left_out(self.hook, [server for server in servers if server not in out], self._snapshots)
        except (ClientError, BotoCoreError) as error:
            self._hold(servers, error)
            return []
        self.leave_out(out)
        return [server for server in servers if server not in out]

    def _with_settings(self, servers: Sequence[str]) -> list[str]:
        """Return those of the servers whose launch settings were read back as the plan wants them.

        Settings that are not so stop the wave, unless a part of it runs already.
        """
        if not servers:
            return []
        others = find_unrestored(self.store, self.record, servers)
        if not self.settings and not any(others):
            return list(servers)
        wave, hook = self._wave(), LaunchSettingsHook(self.hook)
        settings = Application(hook, self.store, self.journal, self.record, wave, self.settings, others)
        applied = settings.apply(servers)
        if not wave.attempt_job_ids and not wave.open_intents:
            applied = applied.stopping(servers)
        self.outcome.waits.extend(applied.held)
        self.leave_out(applied.wrong)
        return applied.ready

    def _hold(self, servers: Sequence[str], error: ClientError | BotoCoreError) -> None:
        """Let servers wait for DRS to be asked: no answer is not taken for a no."""
        if not servers:
            return
        if wait := pause(error):
            self.outcome.waits.append(Held(tuple(servers), wait))
        else:
            self._trouble(servers, error)

    def _start_batches(self, servers: Sequence[str]) -> None:
        wave = self._wave()
        pending = deque(self._batch(*batch) for batch in cut(wave, servers, self.size))
        numbers = count(max([next_number(wave), *(batch.number + 1 for batch in pending)]))
        while pending:
            batch = pending.popleft()
            try:
                self.outcome.job_ids.append(batch.start())
            except TryLater as wait:
                self.outcome.waits.append(Held(batch.servers, wait))
                if wait.no_room:  # nor has DRS any for the others
                    self.outcome.waits.extend(Held(other.servers, wait) for other in pending)
                    return
            except Parted as parted:
                self.outcome.waits.extend(parted.held)
                self.leave_out(parted.refused)
                pending.extend(self._batch(next(numbers), part) for part in parted.parts)
            except (RecoveryError, ClientError, BotoCoreError) as error:
                self._trouble(batch.servers, error)

    def _trouble(self, servers: Sequence[str], error: Exception) -> None:
        """Keep what is in the way of servers until all are seen to; raise it while the table is away."""
        if not is_final(error):
            raise error
        self._troubles.append((tuple(servers), error))

    def _resolve_troubles(self) -> None:
        """Leave out the servers that have trouble, or raise what is in the way of the whole wave.

        That is what our own rules refuse where nothing is started, and what AWS does not let us ask where
        nothing else became of any server, in any order.
        """
        started, known = self._wave().attempt_job_ids, self.outcome.waits or self.outcome.refusals
        for _, error in self._troubles:
            if not started and (isinstance(error, RecoveryError) or not known):
                raise error
        for servers, error in self._troubles:
            self.leave_out(dict.fromkeys(servers, said(error)))

    def leave_out(self, why: Mapping[str, str]) -> None:
        """Put on record why servers are not started; the event is written once."""
        by_reason: dict[str, list[str]] = {}
        for server, text in why.items():
            by_reason.setdefault(text, []).append(server)
        for text, servers in by_reason.items():
            self._leave_out(servers, text)
            self.outcome.refusals.append(Refusal(tuple(servers), text))

    def _leave_out(self, servers: Iterable[str], text: str) -> None:
        wave = self._wave()
        has_job = set().union(*(intent.servers for intent in wave.attempt_intents if intent.job_id))
        if not (ids := [server for server in servers if server not in has_job]):
            return
        labels = {server.source_server_id: server.label for server in self.servers}
        message = f"Not started: {listed(labels.get(server, server) for server in ids)}: {text}"
        log.warning("%s", message)
        self.store.run(
            start_recovery.not_started(self.record.execution_id, self.wave_number, wave.attempt, ids, text)
        )
        event = self.journal.event(EventType.SERVERS_LEFT_OUT, message, wave=wave)
        once = f"left out|{wave.wave_number}|{wave.attempt}|{message}"
        self.store.run(append_event(self.record.execution_id, event.replace(once=once)))
