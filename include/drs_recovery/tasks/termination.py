"""The recovery instances of one drill, and nobody else's: found, and terminated in DRS.

An instance is the drill's if DRS says that it is a drill's (``isDrill``) and that one of this execution's
jobs launched it. DRS is asked again right before each TerminateRecoveryInstances. The call is idempotent by
that look: what is gone is not named again, and what is in a job is refused by DRS.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.drs import is_gone
from drs_recovery.aws.utils.errors import Cause, cause_of, retry_after
from drs_recovery.engine.blame import halves, is_about_what_is_named, named
from drs_recovery.engine.jobs import find_blocking, job_text, servers_of
from drs_recovery.engine.parting import CAPACITY, LOOK_AGAIN, NotYet, pause
from drs_recovery.engine.permission import recoveries_with
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_server_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_drs.type_defs import JobTypeDef, RecoveryInstanceTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.tasks.clean_up import CleanUp

log = logging.getLogger(__name__)

AFTER_RECOVERY = 60.0
"""Seconds until it is looked again whether a RECOVERY still holds the servers."""


@dataclass(frozen=True)
class Termination:
    """The instances of a drill, through a hook for the account and Region that its frozen plan names."""

    hook: DrsHook
    clean_up: CleanUp

    def find(self) -> list[RecoveryInstanceTypeDef]:
        """Return the drill's instances that are not gone."""
        ids = self.clean_up.store.run(read_server_ids(self.clean_up.execution.execution_id))
        return self._own(self.hook.list_recovery_instances(sorted(ids)))

    def check_launched(self) -> None:
        """Raise NotYet while a job of the drill itself still runs: what it launches would be missed."""
        if running := self._running(self.clean_up.execution.job_ids):
            text = f"the drill's own jobs still run in DRS: {', '.join(map(job_text, running))}"
            raise NotYet(text, jobs=[job["jobID"] for job in running])

    def free(self, instances: Iterable[RecoveryInstanceTypeDef]) -> list[str]:
        """Return the ids of those that no terminate job of this clean-up has already."""
        cleanup = self.clean_up.store.run(read_execution(self.clean_up.execution.execution_id)).cleanup
        running = self._running(cleanup.job_ids if cleanup else ())
        busy = {server for job in running for server in servers_of(job)}
        return [one["recoveryInstanceID"] for one in instances if one.get("sourceServerID") not in busy]

    def send(
        self, ids: Sequence[str], terminate: Callable[[Sequence[str]], JobTypeDef]
    ) -> tuple[list[NotYet], list[Exception]]:
        """Terminate those of these instances that are the drill's now; what holds one keeps no other alive.

        Return what the rest waits for, and what AWS refuses for good. Whether the drill was opened again, and
        whether a RECOVERY holds its servers, is looked for right before each call.
        """
        self.hook.prepare_start()
        waits: list[NotYet] = []
        refusals: list[Exception] = []
        pending = deque([list(ids)])
        while pending:
            doomed = self._look(part) if (part := pending.popleft()) else []
            if not doomed:
                continue
            self.clean_up.check_ended()
            try:
                self._make_way(_ids(doomed))
                self._put_on_record(terminate(_ids(doomed))["jobID"], doomed)
            except NotYet as wait:
                waits.append(wait)
            except (ClientError, BotoCoreError) as error:
                pending.extend(self._instead(error, doomed, waits, refusals))
        return waits, refusals

    def _instead(
        self,
        error: ClientError | BotoCoreError,
        doomed: list[RecoveryInstanceTypeDef],
        waits: list[NotYet],
        refusals: list[Exception],
    ) -> list[list[str]]:
        """Return the parts of a refused call that are sent now; add what the rest waits for, or why never."""
        try:
            return self._after(error, doomed, waits)
        except NotYet as wait:
            waits.append(wait)
        except (ClientError, BotoCoreError) as refusal:
            if later := pause(refusal):
                waits.append(later)
            else:
                refusals.append(refusal)
        return []

    def _put_on_record(self, job_id: str, doomed: Sequence[RecoveryInstanceTypeDef]) -> None:
        message = f"{job_id} terminates {', '.join(_ids(doomed))}"
        event = self.clean_up.new_event(EventType.CLEANUP_JOB_STARTED, message)
        self.clean_up.write(CleanupStatus.TERMINATING, event, job_ids=[job_id])

    def _look(self, ids: Sequence[str]) -> list[RecoveryInstanceTypeDef]:
        return self._own(self.hook.list_recovery_instances(recovery_instance_ids=ids))

    def _own(self, instances: Iterable[RecoveryInstanceTypeDef]) -> list[RecoveryInstanceTypeDef]:
        """Return the drill's own; one that does not say whether it is a drill's counts as real."""
        jobs = self.clean_up.execution.job_ids
        launched = [one for one in instances if one.get("jobID") in jobs and not is_gone(one)]
        if real := [one.get("recoveryInstanceID") for one in launched if one.get("isDrill") is not True]:
            log.warning("Left alone, DRS does not call them a drill's: %s", real)
        return [one for one in launched if one.get("isDrill") is True]

    def _running(self, job_ids: Iterable[str]) -> list[JobTypeDef]:
        return [job for job in self.hook.list_jobs(sorted(job_ids)) if job.get("status") != "COMPLETED"]

    def _make_way(self, ids: Sequence[str]) -> None:
        """Raise NotYet while a RECOVERY holds servers of the drill: a terminate job would lock them."""
        execution = self.clean_up.execution
        servers = self.clean_up.store.run(read_server_ids(execution.execution_id))
        for other, shared in recoveries_with(self.clean_up.store, execution, servers):
            text = f"the RECOVERY {other.execution_id} of {other.plan_name} goes before, it holds {shared}"
            raise NotYet(f"{len(ids)} instances wait: {text}", seconds=AFTER_RECOVERY)

    def _after(
        self, error: ClientError | BotoCoreError, doomed: list[RecoveryInstanceTypeDef], waits: list[NotYet]
    ) -> list[list[str]]:
        """Return the parts of a refused call that are sent now, and add what the others wait for.

        Raises why nothing of it can be sent now, or ever.
        """
        cause = cause_of(error)
        if cause is Cause.QUOTA:
            raise NotYet(str(error), seconds=CAPACITY) from error
        if cause is Cause.FINAL:
            return self._blamed(error, doomed)
        free = self._without_held(error, doomed, waits)
        if len(free) < len(doomed):
            return [_ids(free)]
        if cause is Cause.PASSING:
            raise NotYet(str(error), seconds=max(LOOK_AGAIN, retry_after(error))) from error
        raise NotYet(f"{error} Held by no running job that DRS shows.", seconds=LOOK_AGAIN) from error

    def _blamed(
        self, error: ClientError | BotoCoreError, doomed: list[RecoveryInstanceTypeDef]
    ) -> list[list[str]]:
        """Return the parts without and with those whom the error is about; halves if nobody says whom."""
        ids = _ids(doomed)
        left = _ids(self._look(ids))
        if len(left) < len(ids):
            return [left]
        if len(out := named(error, ids)) in range(1, len(ids)):
            return [[one for one in ids if one not in out], sorted(out)]
        if is_about_what_is_named(error) and len(ids) > 1:
            return [list(half) for half in halves(tuple(ids))]
        raise error

    def _without_held(
        self,
        error: ClientError | BotoCoreError,
        doomed: list[RecoveryInstanceTypeDef],
        waits: list[NotYet],
    ) -> list[RecoveryInstanceTypeDef]:
        """Return the instances that no job holds; add what the others wait for, each for its own job.

        A job that terminates nothing but some of them is, or may as well be, ours.
        """
        free, servers = list(doomed), {one["sourceServerID"] for one in doomed}
        for job in find_blocking(self.hook, self.clean_up.execution, servers):
            held = [one for one in free if one["sourceServerID"] in servers_of(job)]
            free = [one for one in free if one not in held]
            theirs = {one["sourceServerID"] for one in held}
            if held and job.get("type") == "TERMINATE" and servers_of(job) == theirs:
                log.info("%s terminates them already: %s", job["jobID"], error)
                self._put_on_record(job["jobID"], held)
            elif held:
                text = f"{error} Held by {job_text(job)}."
                waits.append(NotYet(text, seconds=LOOK_AGAIN, jobs=[job["jobID"]]))
        return free


def _ids(instances: Iterable[RecoveryInstanceTypeDef]) -> list[str]:
    return [one["recoveryInstanceID"] for one in instances]
