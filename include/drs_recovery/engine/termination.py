"""TerminateRecoveryInstances for a clean-up: what holds one instance keeps no other alive."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.errors import Cause, cause_of, retry_after
from drs_recovery.engine.jobs import find_blocking, job_text, servers_of
from drs_recovery.engine.parting import (
    CAPACITY,
    LOOK_AGAIN,
    TryLater,
    halves,
    is_about_what_is_named,
    named,
    pause,
)
from drs_recovery.engine.permission import recoveries_with
from drs_recovery.engine.queue import queue_of
from drs_recovery.record.enums import CleanupStatus, EventType
from drs_recovery.record.queue import in_order
from drs_recovery.store.queue import read_queue
from drs_recovery.store.servers import read_server_ids
from drs_recovery.text.lists import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mypy_boto3_drs.type_defs import RecoveryInstanceTypeDef

    from drs_recovery.aws.hooks.drs import DrsHook
    from drs_recovery.engine.follow_up_kind import FollowUp, Work
    from drs_recovery.plan import Target

log = logging.getLogger(__name__)

AFTER_RECOVERY = 60.0
"""Seconds until it is looked again whether a RECOVERY still holds the servers."""


@dataclass(frozen=True)
class Termination:
    """TerminateRecoveryInstances in one place: what holds one instance keeps no other alive."""

    clean_up: FollowUp
    target: Target
    work: Work
    own: Callable[[Iterable[RecoveryInstanceTypeDef]], list[RecoveryInstanceTypeDef]]
    """Returns those of some instances that are the drill's."""

    @property
    def drs(self) -> DrsHook:
        """The way to DRS there."""
        return self.clean_up.drs[self.target]

    def send(self, ids: Sequence[str]) -> None:
        """Terminate those of these instances that are the drill's now.

        Whether the drill was opened again, and whether a RECOVERY holds its servers, is looked for right
        before each call.
        """
        self.drs.prepare_start()
        pending = deque([list(ids)])
        while pending:
            to_terminate = self._find_again(part) if (part := pending.popleft()) else []
            if not to_terminate:
                continue
            self.clean_up.check_ended()
            try:
                self._make_way(len(to_terminate))
                self._leave_room(len(to_terminate))
                job = self.drs.terminate_recovery_instances(ids_of(to_terminate))
                self._put_on_record(job["jobID"], to_terminate)
            except TryLater as wait:
                self.work.waits.append(wait)
            except (ClientError, BotoCoreError) as error:
                pending.extend(self._instead(error, to_terminate))

    def _find_again(self, ids: Sequence[str]) -> list[RecoveryInstanceTypeDef]:
        return self.own(self.drs.list_recovery_instances(recovery_instance_ids=ids))

    def _make_way(self, count: int) -> None:
        """Raise TryLater while a RECOVERY holds servers of the drill: a terminate job would lock them."""
        store, execution = self.clean_up.store, self.clean_up.execution
        servers = store.run(read_server_ids(execution.execution_id))
        for other, shared in recoveries_with(store, execution, servers):
            text = f"the RECOVERY {other.execution_id} of {other.plan_name} goes before, it holds {shared}"
            raise TryLater(f"{count} instances wait: {text}", seconds=AFTER_RECOVERY)

    def _leave_room(self, count: int) -> None:
        """Raise TryLater while a wave waits for room in DRS: a terminate job would take it."""
        execution = self.clean_up.execution
        queue = queue_of(execution, execution.wave(self.clean_up.plan.targets[self.target][0]))
        places = self.clean_up.store.run(read_queue(queue)) if queue else []
        if waiting := in_order(places, self.clean_up.journal.now()):
            text = f"{quoted(waiting[0].plan_name)} waits for room in DRS, and goes before"
            raise TryLater(f"{count} instances wait: {text}", seconds=CAPACITY)

    def _put_on_record(self, job_id: str, to_terminate: Sequence[RecoveryInstanceTypeDef]) -> None:
        message = f"{job_id} terminates {', '.join(ids_of(to_terminate))}"
        event = self.clean_up.journal.event(EventType.CLEANUP_JOB_STARTED, message)
        wave = self.clean_up.plan.targets[self.target][0]
        waves = {job_id: wave} if wave else {}
        self.clean_up.write(CleanupStatus.TERMINATING, event, job_ids=[job_id], job_waves=waves)
        self.work.job_ids.append(job_id)

    def _instead(
        self, error: ClientError | BotoCoreError, to_terminate: list[RecoveryInstanceTypeDef]
    ) -> list[list[str]]:
        """Return the parts of a refused call that are sent now; note what the rest waits for."""
        try:
            return self._after(error, to_terminate)
        except TryLater as wait:
            self.work.waits.append(wait)
        except (ClientError, BotoCoreError) as refusal:
            if later := pause(refusal):
                self.work.waits.append(later)
            else:
                self.work.refusals.append(refusal)
        return []

    def _after(
        self, error: ClientError | BotoCoreError, to_terminate: list[RecoveryInstanceTypeDef]
    ) -> list[list[str]]:
        """Return the parts of a refused call that are sent now, and note what the others wait for.

        Raises why nothing of it can be sent now, or ever.
        """
        cause = cause_of(error)
        if cause is Cause.QUOTA:
            raise TryLater(str(error), seconds=CAPACITY) from error
        if cause is Cause.FINAL:
            return self._blamed(error, to_terminate)
        free = self._without_held(error, to_terminate)
        if len(free) < len(to_terminate):
            return [ids_of(free)]
        if cause is Cause.PASSING:
            raise TryLater(str(error), seconds=max(LOOK_AGAIN, retry_after(error))) from error
        raise TryLater(f"{error} Held by no running job that DRS shows.", seconds=LOOK_AGAIN) from error

    def _blamed(
        self, error: ClientError | BotoCoreError, to_terminate: list[RecoveryInstanceTypeDef]
    ) -> list[list[str]]:
        """Return the parts without and with those whom the error is about; halves if it names nobody."""
        ids = ids_of(to_terminate)
        left = ids_of(self._find_again(ids))
        if len(left) < len(ids):
            return [left]
        if len(out := named(error, ids)) in range(1, len(ids)):
            return [[one for one in ids if one not in out], sorted(out)]
        if is_about_what_is_named(error) and len(ids) > 1:
            return [list(half) for half in halves(tuple(ids))]
        raise error

    def _without_held(
        self, error: ClientError | BotoCoreError, to_terminate: list[RecoveryInstanceTypeDef]
    ) -> list[RecoveryInstanceTypeDef]:
        """Return the instances that no job holds; note what the others wait for, each for its own job.

        A job that terminates nothing but some of them is, or may as well be, ours.
        """
        free, servers = list(to_terminate), {one["sourceServerID"] for one in to_terminate}
        for job in find_blocking(self.drs, self.clean_up.execution, servers):
            held = [one for one in free if one["sourceServerID"] in servers_of(job)]
            free = [one for one in free if one not in held]
            theirs = {one["sourceServerID"] for one in held}
            if held and job.get("type") == "TERMINATE" and servers_of(job) == theirs:
                log.info("%s terminates them already: %s", job["jobID"], error)
                self._put_on_record(job["jobID"], held)
            elif held:
                text = f"{error} Held by {job_text(job)}."
                self.work.waits.append(TryLater(text, seconds=LOOK_AGAIN, jobs=[job["jobID"]]))
        return free


def ids_of(instances: Iterable[RecoveryInstanceTypeDef]) -> list[str]:
    """Return the ids of recovery instances."""
    return [one["recoveryInstanceID"] for one in instances]
