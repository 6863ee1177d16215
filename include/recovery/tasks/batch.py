"""One batch of a wave: announced on record, sent to DRS once, on record as a job, whatever breaks between.

The order is what makes it once: an intent, the call, the job id. Whoever finds an intent without a job id
looks for its job in DRS for as long as one may not show there yet, and only then lets it be sent again.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk.exceptions import AirflowFailException
from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from recovery.errors import IntentOpen, TransitionRefused
from recovery.execution import EventType, Intent
from recovery.settings import settings
from recovery.tasks.base import now, told
from recovery.tasks.causes import Cause, cause_of, retry_after, was_refused
from recovery.tasks.jobs import find_blocking, find_job, in_words, job_tags, unrefused_intent
from recovery.tasks.real_instances import check_no_real_instances
from recovery.text.durations import in_words as duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from recovery.aws.hooks.drs import DrsHook
    from recovery.execution import Execution, WaveRecord
    from recovery.execution.store import ExecutionStore

log = logging.getLogger(__name__)

LOOK_AGAIN = 10.0
"""Seconds until a job whose answer was lost is looked for again."""

CAPACITY = 30.0
"""Seconds until a quota that was exhausted is tried again."""

QUICK_TRIES = 3
"""StartRecovery is sent so often at once when DRS is throttling, before the task lets go of its slot."""


class _Throttled(Exception):
    """StartRecovery was refused for the moment: nothing came of it."""

    def __init__(self, error: ClientError | BotoCoreError) -> None:
        self.error = error
        super().__init__(str(error))


class NotYet(Exception):
    """A batch that cannot be started now and may be later: in ``seconds``, or when ``jobs`` have ended."""

    def __init__(self, words: str, *, seconds: float = 0, jobs: Sequence[str] = ()) -> None:
        self.words = words
        self.seconds = seconds
        self.jobs = tuple(jobs)
        super().__init__(words)


class Refusal(NamedTuple):
    """A batch that was not started, for good, and why."""

    batch: int
    servers: tuple[str, ...]
    words: str


@dataclass(frozen=True)
class Batch:
    """The servers of one job of a wave; ``number`` counts from 0 within the wave."""

    hook: DrsHook
    store: ExecutionStore
    context: Context
    record: Execution
    wave_number: int
    number: int
    servers: tuple[str, ...]
    replace: bool

    @property
    def wave(self) -> WaveRecord:
        """The wave as it was on record when its start task looked."""
        return self.record.waves[self.wave_number]

    def start(self) -> str:
        """Return the id of the batch's job, after starting it if nobody has.

        Raises NotYet, or what AWS or our own rules refuse for good.
        """
        try:
            return self._known() or self._send_again()
        except IntentOpen as error:
            raise NotYet(str(error), seconds=LOOK_AGAIN) from error
        except _Throttled as throttled:
            raise self._not_yet(throttled.error) or throttled.error from throttled
        except (ClientError, BotoCoreError) as error:
            raise self._not_yet(error) or error from error

    def _known(self) -> str | None:
        """Return the job that this batch has already, on record or in DRS."""
        intent = unrefused_intent(self.wave, self.number)
        if intent is None:
            return None
        if intent.job_id is None:
            return self._resolve(intent)
        # A crash may have come before its servers had it
        self._put_on_record(intent, intent.job_id)
        return intent.job_id

    def _find(self) -> str | None:
        return find_job(self.hook, self.record, self.wave, self.number, self.wave.attempt)

    def _resolve(self, intent: Intent) -> str | None:
        """Return the job of an intent whose answer was lost, put on record; None if there surely is none."""
        if job_id := self._find():
            log.info("Adopted job %s, whose answer was lost", job_id)
            self._put_on_record(intent, job_id)
            return job_id
        window = timedelta(seconds=settings().adoption_seconds)
        servers = f"{intent.count} servers, announced at {intent.time:%H:%M:%S} UTC"
        if now() < intent.time + window:
            words = f"the answer to StartRecovery for {servers}, was lost, and DRS shows no job of it yet"
            raise NotYet(words, seconds=LOOK_AGAIN)
        words = f"no job came of StartRecovery for {servers}: DRS showed none within {duration(window)}"
        self._refuse(intent, words)
        return None

    def _send_again(self) -> str:
        """Send StartRecovery, again at once if DRS throttles: that one was refused for sure."""
        for attempt in Retrying(
            stop=stop_after_attempt(QUICK_TRIES),
            wait=wait_random_exponential(multiplier=1, max=4),
            retry=retry_if_exception_type(_Throttled),
            reraise=True,
        ):
            with attempt:
                return self._send(first=attempt.retry_state.attempt_number == 1)
        raise AssertionError("at least one try is made")

    def _send(self, *, first: bool) -> str:
        tried = not first or self.wave.start_time is not None
        if tried and (job_id := self._find()):
            return self._adopt(job_id)
        check_no_real_instances(self.hook, self.servers, replace=self.replace)
        # All that may take its time comes before the announcement
        self.hook.prepare_start()
        intent = Intent(attempt=self.wave.attempt, batch=self.number, servers=self.servers, time=now())
        self.store.intend(self.record.execution_id, self.wave_number, intent)
        try:
            job_id = self._call(intent)
        except (ClientError, BotoCoreError) as error:
            job_id = self._after(error, intent)
        self._put_on_record(intent, job_id)
        return job_id

    def _call(self, intent: Intent) -> str:
        """Send the one request of an intent; one that was held up since its announcement is not sent."""
        age = now() - intent.time
        if age.total_seconds() > settings().adoption_seconds / 3:
            words = f"announced {duration(age)} ago and not sent: others may take it for lost"
            self._refuse(intent, words)
            raise NotYet(words, seconds=LOOK_AGAIN)
        job = self.hook.start_recovery(
            self.servers,
            is_drill=self.record.execution_type == "DRILL",
            tags=job_tags(self.record, self.wave, intent.batch),
        )
        return job["jobID"]

    def _after(self, error: ClientError | BotoCoreError, intent: Intent) -> str:
        """Return the job of a call that gave none, where there is one; else raise why there is none."""
        if not was_refused(error):
            return self._after_silence(intent, error)
        self._refuse(intent, str(error))
        cause = cause_of(error)
        if cause is Cause.BUSY and (own := self._find()):
            return own
        if cause is Cause.PASSING:
            raise _Throttled(error) from error
        raise error

    def _after_silence(self, intent: Intent, error: Exception) -> str:
        """Look for the job of a lost answer; a look that fails leaves the intent open, and is made again."""
        log.warning("The answer to StartRecovery was lost: %s", error)
        try:
            found = self._find()
        except (ClientError, BotoCoreError) as trouble:
            words = f"the answer to StartRecovery was lost ({error}), and DRS cannot be asked: {trouble}"
            raise NotYet(words, seconds=max(LOOK_AGAIN, retry_after(trouble))) from trouble
        if found is None:
            words = f"the answer to StartRecovery was lost ({error}), and DRS shows no job of it yet"
            raise NotYet(words, seconds=LOOK_AGAIN) from error
        return found

    def _adopt(self, job_id: str) -> str:
        """Put a job on record that DRS shows though its announcement was taken for refused."""
        wave = self.store.get(self.record.execution_id).waves[self.wave_number]
        mine = [intent for intent in wave.attempt_intents if intent.batch == self.number]
        log.info("Adopted job %s, which showed late", job_id)
        self._put_on_record(mine[-1], job_id)
        return job_id

    def _refuse(self, intent: Intent, words: str) -> None:
        event = told(self.context, EventType.JOB_REFUSED, f"Batch {self.number}: {words}", wave=self.wave)
        self.store.refused(self.record.execution_id, self.wave_number, intent, words, event)

    def _put_on_record(self, intent: Intent, job_id: str) -> None:
        """Write the job; where the record takes none any more, the trail tells of it."""
        said = f"{job_id} launches {intent.count} servers"
        event = told(self.context, EventType.JOB_STARTED, said, wave=self.wave)
        key = self.record.execution_id
        try:
            self.store.started(key, self.wave_number, intent, job_id, event)
        except TransitionRefused as error:
            ended = ", and its record had ended already" if self.store.get(key).final else ""
            words = f"{said}: it was started{ended}. It runs on in DRS. {error}"
            self.store.tell(key, told(self.context, EventType.JOB_STARTED, words, wave=self.wave))
            raise AirflowFailException(words) from error

    def _not_yet(self, error: ClientError | BotoCoreError) -> NotYet | None:
        """Return what to wait for before this batch is tried again; None if nothing would help."""
        cause = cause_of(error)
        if cause is Cause.PASSING:
            return NotYet(str(error), seconds=max(LOOK_AGAIN, retry_after(error)))
        if cause is Cause.QUOTA:
            return NotYet(str(error), seconds=CAPACITY)
        if cause is Cause.BUSY:
            return self._wait_for_job(error)
        return None

    def _wait_for_job(self, error: Any) -> NotYet:
        blocking = find_blocking(self.hook, self.record, self.servers)
        jobs = ", ".join(map(in_words, blocking)) or "no running job that DRS shows"
        words = f"{error} Held by {jobs}."
        return NotYet(words, seconds=LOOK_AGAIN, jobs=[job["jobID"] for job in blocking])
