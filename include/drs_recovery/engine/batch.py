"""One batch of a wave: announced on record, sent to DRS once, and put on record as a job.

The order makes it once, no matter what fails in between: an intent, the call, the job id. A process that
finds an intent without a job id looks for its job in DRS as long as one may not show there yet; only then is
it sent again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from drs_recovery.aws.utils.errors import Cause, cause_of, retry_after, said, was_refused
from drs_recovery.engine.adoption import Adoption
from drs_recovery.engine.jobs import job_tags
from drs_recovery.engine.parting import LOOK_AGAIN, Parted, TryLater, is_too_large, part, pause
from drs_recovery.engine.real_instances import real_instances
from drs_recovery.errors import IntentOpen, TransitionRefused
from drs_recovery.record.enums import EventType
from drs_recovery.record.events import Fact
from drs_recovery.record.intent import Adopted, Intent, NoJob, StillOpen
from drs_recovery.settings import settings
from drs_recovery.store.programs import start_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.trail import append_event
from drs_recovery.text.durations import duration_text as duration

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)

QUICK_TRIES = 3
"""Immediate tries of StartRecovery while DRS throttles, before the task defers."""


NOT_RECORDED = (
    "The `replace_recovered` of this run is not on record, since an earlier release opened its execution: "
    "start a new run."
)


class JobOffRecord(Exception):
    """A job was started that the record does not accept any more: the task ends, and an event names it."""


class _Refused(Exception):
    """StartRecovery was refused: nothing came of it."""

    def __init__(self, error: ClientError | BotoCoreError) -> None:
        self.error = error
        super().__init__(str(error))


def _passes(error: BaseException) -> bool:
    return isinstance(error, _Refused) and cause_of(error.error) is Cause.PASSING


@dataclass(frozen=True)
class Batch:
    """The servers of one job of a wave; ``number`` stands for them within the attempt, counted from 0.

    ``snapshots`` are their recovery snapshots, by server: others are launched from their latest data.
    """

    hook: DrsHook
    store: ExecutionStore
    journal: Journal
    record: Execution
    wave_number: int
    number: int
    servers: tuple[str, ...]
    replace: bool
    unrecorded_replace: bool = False
    snapshots: Mapping[str, str] = field(default_factory=dict)

    @property
    def wave(self) -> WaveRecord:
        """The wave as its start task read it."""
        return self.record.waves[self.wave_number]

    @property
    def adoption(self) -> Adoption:
        """The search for jobs of this execution."""
        return Adoption(self.hook, self.store, self.journal, self.record)

    def start(self) -> str:
        """Return the id of the batch's job, after starting it.

        Raises TryLater, Parted where its servers do not become this one job, or what keeps AWS from being
        asked, and what our own rules refuse, for good.
        """
        try:
            return self._send_again()
        except IntentOpen as error:
            raise TryLater(str(error), seconds=LOOK_AGAIN) from error
        except _Refused as refused:
            raise self._instead(refused.error) from refused
        except (ClientError, BotoCoreError) as error:
            raise pause(error) or error from error

    def _instead(self, error: ClientError | BotoCoreError) -> Exception:
        """Return what is done instead of a call that was refused."""
        text = said(error)
        again = any(set(known.servers) == set(self.servers) for known in self.wave.attempt_intents)
        try:
            instead = part(self.hook, self.record, self.servers, error, again=again, snapshots=self.snapshots)
        except (ClientError, BotoCoreError) as trouble:
            if cause_of(error) is Cause.BUSY:
                return TryLater(f"{text} By what, DRS cannot be asked: {said(trouble)}", seconds=LOOK_AGAIN)
            instead = pause(trouble)
        return instead or Parted(text, refused=dict.fromkeys(self.servers, text))

    def resolve(self, intent: Intent) -> str | None:
        """Return the job of this batch's intent, on record or in DRS; None if there surely is none.

        Raises TryLater while one may not show yet, or what AWS refuses for good.
        """
        try:
            result = self.adoption.resolve(self.wave, intent)
        except (ClientError, BotoCoreError) as error:
            raise pause(error) or error from error
        match result:
            case Adopted(job_id):
                # Also of one that is on record: a crash may have come before its servers had it
                self.put_on_record(intent, job_id, adopted=intent.job_id is None)
                return job_id
            case StillOpen():
                servers = f"{intent.count} servers, announced at {intent.time:%H:%M:%S} UTC"
                text = f"the answer to StartRecovery for {servers}, was lost, and DRS shows no job of it yet"
                raise TryLater(text, seconds=LOOK_AGAIN)
            case NoJob(text):
                self._refuse(intent, text, lost=True)
        return None

    def _send_again(self) -> str:
        """Send StartRecovery, again at once if DRS throttles: that one was refused for sure."""
        for attempt in Retrying(
            stop=stop_after_attempt(QUICK_TRIES),
            wait=wait_random_exponential(multiplier=1, max=4),
            retry=retry_if_exception(_passes),
            reraise=True,
        ):
            with attempt:
                return self._send(first=attempt.retry_state.attempt_number == 1)
        raise AssertionError("at least one try is made")

    def _send(self, *, first: bool) -> str:
        if not first and (job_id := self.late_job()):
            return job_id
        if real := self._real():
            rest = tuple(server for server in self.servers if server not in real)
            raise Parted("real recovery instances are running", parts=[rest], refused=real)
        # All that may take its time comes before the announcement
        self.hook.prepare_start()
        announced = self.journal.now()
        intent = Intent(attempt=self.wave.attempt, batch=self.number, servers=self.servers, time=announced)
        self.store.run(start_recovery.intend(self.record.execution_id, self.wave_number, intent))
        try:
            job_id = self._call(intent)
        except (ClientError, BotoCoreError) as error:
            return self._after(error, intent)
        self.put_on_record(intent, job_id, adopted=False)
        return job_id

    def _real(self) -> dict[str, str]:
        """Return why servers with real instances are not started."""
        real = real_instances(self.hook, self.servers, replace=self.replace)
        remark = f" {NOT_RECORDED}" if self.unrecorded_replace else ""
        return {server: f"{text}{remark}" for server, text in real.items()}

    def _call(self, intent: Intent) -> str:
        """Send the one request of an intent; one that was held up since its announcement is not sent."""
        age = self.journal.now() - intent.time
        if age.total_seconds() > settings().adoption_seconds / 3:
            text = f"announced {duration(age)} ago and not sent: others may take it for lost"
            self._refuse(intent, text)
            raise TryLater(text, seconds=LOOK_AGAIN)
        job = self.hook.start_recovery(
            self.servers,
            is_drill=self.record.is_drill,
            tags=job_tags(self.record, self.wave, intent.batch),
            snapshots=self.snapshots,
        )
        return job["jobID"]

    def _after(self, error: ClientError | BotoCoreError, intent: Intent) -> str:
        """Return the job of a call that gave none, where there is one; else raise why there is none."""
        if not was_refused(error):
            job_id = self._after_silence(intent, error)
            self.put_on_record(intent, job_id)
            return job_id
        no_room = cause_of(error) is Cause.QUOTA and not is_too_large(error)
        self._refuse(intent, said(error), fact=Fact.NO_ROOM if no_room else None)
        if cause_of(error) is Cause.BUSY and (own := self.late_job()):
            return own
        raise _Refused(error) from error

    def _after_silence(self, intent: Intent, error: Exception) -> str:
        """Look for the job of a lost answer; a look that fails leaves the intent open, and is made again."""
        log.warning("The answer to StartRecovery was lost: %s", error)
        try:
            found = self.adoption.job_of(self.wave, intent)
        except (ClientError, BotoCoreError) as trouble:
            text = f"the answer to StartRecovery was lost ({error}), and DRS cannot be asked: {said(trouble)}"
            raise TryLater(text, seconds=max(LOOK_AGAIN, retry_after(trouble))) from trouble
        if found is None:
            text = f"the answer to StartRecovery was lost ({error}), and DRS shows no job of it yet"
            raise TryLater(text, seconds=LOOK_AGAIN) from error
        return found

    def late_job(self) -> str | None:
        """Return the job of these servers that DRS shows though its intent was taken for refused.

        It is put on record, and so are those of other refused intents of the attempt. TryLater if one of
        those has some of these servers: they are to be cut again.
        """
        wave = self.store.run(read_execution(self.record.execution_id)).waves[self.wave_number]
        refused = [intent for intent in wave.attempt_intents if intent.refusal]
        mine = None
        for found in self.adoption.jobs_of(wave, refused):
            log.info("Adopted job %s, which showed late", found.job_id)
            self.put_on_record(found.intent, found.job_id)
            if found.intent.batch == self.number:
                mine = found.job_id
            elif set(found.intent.servers) & set(self.servers):
                raise TryLater(f"{found.job_id}, which showed late, has some of them", seconds=LOOK_AGAIN)
        return mine

    def _refuse(self, intent: Intent, text: str, *, lost: bool = False, fact: Fact | None = None) -> None:
        event = self.journal.event(EventType.JOB_REFUSED, f"Batch {self.number}: {text}", wave=self.wave)
        event = event.replace(fact=fact)
        self.store.run(
            start_recovery.refused(self.record.execution_id, self.wave_number, intent, text, event, lost=lost)
        )

    def put_on_record(self, intent: Intent, job_id: str, *, adopted: bool = True) -> None:
        """Write the job; where the record does not accept it any more, an event names it.

        ``adopted``: it was found in DRS, and is not what DRS answered.
        """
        message = f"{job_id} launches {intent.count} servers"
        event = self.journal.event(EventType.JOB_STARTED, message, wave=self.wave)
        event = event.replace(fact=Fact.ADOPTED if adopted else None)
        key = self.record.execution_id
        try:
            self.store.run(start_recovery.started(key, self.wave_number, intent, job_id, event))
        except TransitionRefused as error:
            ended = ", and its record had ended already" if self.store.run(read_execution(key)).final else ""
            text = f"{message}: it was started{ended}. It runs on in DRS. {error}"
            self.store.run(append_event(key, self.journal.event(EventType.JOB_STARTED, text, wave=self.wave)))
            raise JobOffRecord(text) from error
