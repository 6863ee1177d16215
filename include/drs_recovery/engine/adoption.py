"""The search for the job of a StartRecovery whose answer was lost, by its tags and what DRS knows of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from drs_recovery.aws.utils.drs import LONGEST_JOB
from drs_recovery.engine.jobs import contradiction, has_tags, job_text
from drs_recovery.record.enums import EventType
from drs_recovery.record.intent import resolve
from drs_recovery.settings import settings
from drs_recovery.store.intents import with_servers
from drs_recovery.store.trail import append_event

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.intent import Intent, Resolution
    from drs_recovery.record.models import Execution, WaveRecord
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)


def window() -> timedelta:
    """Return how long after its announcement the job of a StartRecovery may first show in DRS."""
    return timedelta(seconds=settings().adoption_seconds)


class Found(NamedTuple):
    """A job that DRS shows, and the intent that it came of."""

    intent: Intent
    job_id: str


@dataclass(frozen=True)
class Adoption:
    """The search for the jobs of an execution, in the account and Region of a hook."""

    hook: DrsHook
    store: ExecutionStore
    journal: Journal
    record: Execution

    def jobs_of(self, wave: WaveRecord, intents: Iterable[Intent]) -> list[Found]:
        """Return the jobs of intents of a wave that DRS shows; what AWS refuses is raised.

        A job that only claims to be ours is an event, once, and is left alone. The search goes far back: DRS
        may call a job older than this machine does.
        """
        wanted = self.store.run(with_servers(self.record.execution_id, intents))
        found: list[Found] = []
        jobs = self.hook.list_jobs(since=self.record.start_time - LONGEST_JOB) if wanted else []
        for intent in wanted:
            claims = [job for job in jobs if has_tags(job, self.record, wave, intent)]
            reasons = [(job, contradiction(job, self.record, wave, intent)) for job in claims]
            found += [Found(intent, job["jobID"]) for job, why in reasons if why is None][:1]
            for job, why in reasons:
                if why is not None:
                    self._disown(wave, job, f"has the tags of batch {intent.batch}: {why}")
        return found

    def resolve(self, wave: WaveRecord, intent: Intent) -> Resolution:
        """Return what became of an intent; DRS is asked where the record does not know.

        A look counts for when it began: what shows while it is on its way is not seen by it.
        """
        at = self.journal.now()
        found = None if intent.job_id else self.job_of(wave, intent)
        return resolve(intent, found, at, window())

    def job_of(self, wave: WaveRecord, intent: Intent) -> str | None:
        """Return the job of an intent, if DRS shows one."""
        found = self.jobs_of(wave, [intent])
        return found[0].job_id if found else None

    def _disown(self, wave: WaveRecord, job: JobTypeDef, why: str) -> None:
        text = f"{job_text(job)} is not taken for a job of this execution, though it {why}"
        log.warning("%s", text)
        event = self.journal.event(EventType.JOB_DISOWNED, text, wave=wave)
        self.store.run(append_event(self.record.execution_id, event.replace(once=f"disowned|{job['jobID']}")))
