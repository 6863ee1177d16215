"""The clean-up of a drill: its own recovery instances, and nobody else's, are found and terminated in DRS.

An instance is the drill's if DRS says that it is a drill's (``isDrill``) and that one of this execution's
jobs launched it. DRS is asked again right before each TerminateRecoveryInstances. The call is idempotent by
that: what is gone is not named again, and what is in a job is refused by DRS.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING

from drs_recovery.aws.utils.drs import is_gone
from drs_recovery.engine.follow_up_kind import (
    Events,
    FollowUp,
    OnRecord,
    Question,
    StillThere,
    TaskNames,
)
from drs_recovery.engine.gate_text import clean_up_body, clean_up_subject
from drs_recovery.engine.jobs import job_text, servers_of
from drs_recovery.engine.parting import (
    TryLater,
)
from drs_recovery.engine.termination import Termination, ids_of
from drs_recovery.errors import TransitionRefused
from drs_recovery.names import CLEAN_UP, CleanUpTask
from drs_recovery.record.enums import CleanupMode, CleanupStatus, EventType
from drs_recovery.store.programs.clean_up import clean_up
from drs_recovery.store.queries import due_clean_ups
from drs_recovery.store.servers import read_server_ids, read_servers

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_drs.type_defs import JobTypeDef, RecoveryInstanceTypeDef

    from drs_recovery.engine.follow_up_kind import Work
    from drs_recovery.plan import Target
    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Cleanup
    from drs_recovery.store.requests import StoreProgram

log = logging.getLogger(__name__)

INSTANCES_PER_JOB = 100
"""What the quota of source servers in one job is everywhere."""


DOC = """\
Terminates the recovery instances of one drill that has ended, and no others: those that DRS calls a drill's
and that a job of this execution launched. The maintenance triggers it when a plan's `cleanup` says so; to do
it by hand: `recovery clean-up EXECUTION`. What came of it is in the execution's record.
"""


def _clean_up_of(execution: Execution) -> StoreProgram[Cleanup | None]:
    yield from ()
    return execution.cleanup


class CleanUp(FollowUp):
    """The clean-up of one drill, in the accounts and Regions of its frozen plan."""

    dag_id = CLEAN_UP
    tasks = TaskNames(*CleanUpTask)
    description = "Terminates the recovery instances of a drill that has ended."
    doc = DOC
    noun = "clean-up"
    kept = "the instances are kept"
    events = Events(
        asked=EventType.CLEANUP_ASKED,
        waiting=EventType.CLEANUP_WAITING,
        approved=EventType.CLEANUP_APPROVED,
        kept=EventType.CLEANUP_KEPT,
        held=EventType.CLEANUP_HELD,
        done=EventType.CLEANUP_DONE,
        failed=EventType.CLEANUP_FAILED,
    )
    record = OnRecord(_clean_up_of, clean_up, due_clean_ups)

    @staticmethod
    def check_may(execution: Execution) -> None:
        """Raise TransitionRefused unless it is a drill that has ended."""
        place = f"execution {execution.execution_id}"
        if not execution.final:
            raise TransitionRefused(f"{place} is {execution.status}: only what has ended is cleaned up")
        if not execution.is_drill:
            raise TransitionRefused(
                f"{place} is a {execution.execution_type}: only a drill is ever cleaned up"
            )

    @property
    def mode(self) -> CleanupMode:
        """What the frozen plan says."""
        return CleanupMode(self.plan.cleanup)

    def question(self) -> Question:
        """Return what would be terminated, as DRS has it now."""
        execution, instances = self.execution, [one for there in self.find().values() for one in there]
        servers = self.store.run(read_servers(execution.execution_id))
        body = clean_up_body(self.plan, execution, servers, instances, at=self.journal.now())
        return Question(clean_up_subject(execution), body, self.plan.gate_timeout)

    def do(self, work: Work) -> None:
        """Put the instances on record before the first of them goes, then terminate those that can go now."""
        found: dict[Target, list[RecoveryInstanceTypeDef]] = {}
        for target in self.plan.targets:
            with work.at(target):
                self._check_launched(target)
                found[target] = self._find_at(target)
        if not found:
            return
        ids = ids_of(one for there in found.values() for one in there)
        message = f"{len(ids)} recovery instances are to be terminated: {', '.join(ids) or 'none is left'}"
        event = self.journal.event(EventType.CLEANUP_STARTED, message)
        self.write(CleanupStatus.TERMINATING, event, instances=ids)
        for target, instances in found.items():
            with work.at(target):
                free = self._free(target, instances)
                for first in range(0, len(free), INSTANCES_PER_JOB):
                    part = free[first : first + INSTANCES_PER_JOB]
                    Termination(self, target, work, self.own).send(part)

    def result(self) -> dict[str, object]:
        """Return how many instances are terminated."""
        return {"terminated": self.known.count if self.known else 0}

    def check_done(self) -> str:
        """Return how many are terminated, when DRS lists none of the drill's instances any more (R-48)."""
        if left := ids_of(one for there in self.find().values() for one in there):
            text = f"the terminate jobs have ended, and DRS still lists {', '.join(left)}"
            raise StillThere(text, left)
        return f"{self.known.count if self.known else 0} recovery instances are terminated"

    def find(self) -> dict[Target, list[RecoveryInstanceTypeDef]]:
        """Return the drill's instances that are not gone, by where they are."""
        return {target: self._find_at(target) for target in self.plan.targets}

    def _find_at(self, target: Target) -> list[RecoveryInstanceTypeDef]:
        return self.own(self.drs[target].list_recovery_instances(sorted(self._server_ids)))

    @cached_property
    def _server_ids(self) -> set[str]:
        return self.store.run(read_server_ids(self.execution.execution_id))

    def own(self, instances: Iterable[RecoveryInstanceTypeDef]) -> list[RecoveryInstanceTypeDef]:
        """Return the drill's own; one that does not say whether it is a drill's counts as real."""
        jobs = self.execution.job_ids
        launched = [one for one in instances if one.get("jobID") in jobs and not is_gone(one)]
        if real := [one.get("recoveryInstanceID") for one in launched if one.get("isDrill") is not True]:
            log.warning("Left alone, DRS does not call them a drill's: %s", real)
        return [one for one in launched if one.get("isDrill") is True]

    def _check_launched(self, target: Target) -> None:
        """Raise TryLater while a job of the drill itself runs: what it launches would be missed."""
        if running := self._running(target, self.execution.job_ids):
            text = f"the drill's own jobs still run in DRS: {', '.join(map(job_text, running))}"
            raise TryLater(text, jobs=[job["jobID"] for job in running])

    def _free(self, target: Target, instances: Iterable[RecoveryInstanceTypeDef]) -> list[str]:
        """Return the ids of those that no terminate job of this clean-up has already."""
        known = self.read().cleanup
        running = self._running(target, known.job_ids if known else ())
        busy = {server for job in running for server in servers_of(job)}
        return [one["recoveryInstanceID"] for one in instances if one.get("sourceServerID") not in busy]

    def _running(self, target: Target, job_ids: Iterable[str]) -> list[JobTypeDef]:
        """Return those of the jobs that run there; DRS leaves out those of other places."""
        jobs = self.drs[target].list_jobs(sorted(job_ids))
        return [job for job in jobs if job.get("status") != "COMPLETED"]
