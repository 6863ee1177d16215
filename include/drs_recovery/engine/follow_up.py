"""What is due after the end of an execution: ordered or asked for, permitted, started, done, and on record.

It has fields of its own on record: how the execution ended never depends on it. What happens here is the
same for every kind; see `follow_up_kind` for what a kind adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.follow_up_kind import FollowUp, StillThere, Work
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.parting import TryLater
from drs_recovery.errors import RecoveryError, TransitionRefused
from drs_recovery.record.clean_up import asked_once, follow_up_run_id
from drs_recovery.record.enums import CleanupMode, CleanupStatus, Decision
from drs_recovery.record.transitions import check_not_archived
from drs_recovery.store.queries import read_execution
from drs_recovery.text.durations import duration_text
from drs_recovery.text.people import who_may_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from drs_recovery.engine.follow_up_kind import Question, State
    from drs_recovery.engine.journal import Journal
    from drs_recovery.plan import Target
    from drs_recovery.record.models import Execution
    from drs_recovery.record.parts import Approval
    from drs_recovery.store.requests import StoreProgram
    from drs_recovery.store.store import ExecutionStore

AnyFollowUp = TypeVar("AnyFollowUp", bound=FollowUp)

LONGEST_WAIT = timedelta(hours=4)
"""For jobs in the way, quotas and the jobs of the follow-up itself, which take minutes."""

FIRST_PAUSE = timedelta(minutes=1)
"""Until the second DAG run of a follow-up; twice as long before each further one."""

LONGEST_PAUSE = timedelta(hours=1)


class KnownRun(NamedTuple):
    """A DAG run that Airflow knows."""

    run_id: str
    state: str
    finished: bool


class OtherRun(TransitionRefused):
    """A DAG run for an earlier end of the execution, or one that another has followed: it has no work."""


class NotBegun(TransitionRefused):
    """A task whose turn comes though what goes before it was not done, only marked.

    It does nothing, and the follow-up stays due: the maintenance starts another DAG run for it.
    """


@dataclass(frozen=True)
class Kept:
    """Nothing is done: a person, or the clock, did not let it happen."""

    message: str


@dataclass(frozen=True)
class Started:
    """All that is to be done is in a job on record; ``new`` are those of this start."""

    new: Sequence[str]
    job_ids: Sequence[str]


@dataclass(frozen=True)
class Waiting:
    """Some of it waits, until the deadline at the latest; ``target`` is where, if that is one place."""

    new: Sequence[str]
    waits: Sequence[TryLater]
    deadline: datetime
    target: Target | None


@dataclass(frozen=True)
class Refused:
    """Nothing more can be done, and this is why."""

    new: Sequence[str]
    error: Exception


def run_to_start(
    kind: type[FollowUp],
    store: ExecutionStore,
    journal: Journal,
    execution: Execution,
    find_run: Callable[[str], KnownRun | None],
) -> str | None:
    """Return the id of the DAG run to start now for an execution whose follow-up is due.

    None where one is at work. Where one has ended with its work not done, another is ordered, each after a
    longer pause: nobody makes it ask people, or AWS, without one.
    """
    known = store.run(kind.record.known(execution))
    run_id = follow_up_run_id(execution, known)
    last = known.dag_run_id if known else None
    runs = [run for one in dict.fromkeys((last or run_id, run_id)) if (run := find_run(one))]
    if not runs:
        return run_id
    if all(run.finished for run in runs):
        # Read again: the run may have ended just now, with its end on record
        now = store.run(read_execution(execution.execution_id))
        if now.final and known and is_due(known) and store.run(kind.record.known(now)) == known:
            store.run(_another(kind, journal, now, known, runs[0]))
    return None


def _another(
    kind: type[FollowUp], journal: Journal, execution: Execution, known: State, run: KnownRun
) -> StoreProgram[object]:
    due = journal.now() + min(FIRST_PAUSE * 2 ** min(known.attempt - 1, 10), LONGEST_PAUSE)
    text = (
        f"its DAG run {run.run_id} ended {run.state}, and its work is not done: killed, or marked by "
        f"somebody whom Airflow does not name. Another follows at {due:%H:%M} UTC"
    )
    event, attempt = journal.event(kind.events.held, text), known.attempt + 1
    return kind.record.change(execution, known.status, event, attempt=attempt, dag_run_id=None, due=due)


def is_due(known: State | None) -> bool:
    """Whether a follow-up was ordered, or asked for, and is not finished."""
    return known is not None and not known.status.finished


def open_follow_up(
    kind: type[AnyFollowUp], store: ExecutionStore, journal: Journal, execution_id: str, run_id: str
) -> AnyFollowUp:
    """Return the follow-up that a DAG run is for; OtherRun or TransitionRefused if it is for none."""
    execution = store.run(read_execution(execution_id))
    known = store.run(kind.record.known(execution))
    if run_id.startswith(f"{execution.execution_id}__") and run_id != follow_up_run_id(execution, known):
        raise OtherRun(
            f"execution {execution.execution_id} was opened again, or another DAG run does its {kind.noun}: "
            "each end has its own"
        )
    check_not_archived(execution)
    kind.check_may(execution)
    return kind(store, journal, run_id, execution, frozen_plan(store, execution_id))


def append_asked(follow_up: FollowUp, user: str | None, clear_number: int) -> None:
    """Append who asked for this DAG run, where Airflow knows that, and that it was cleared; each once."""
    asked, run_id = follow_up.events.asked, follow_up.run_id
    if user:
        follow_up.append(asked, f"DAG run {run_id}", asked_once(run_id), who=user)
    if clear_number:
        text = f"DAG run {run_id} was cleared; Airflow does not tell a task by whom"
        follow_up.append(asked, text, f"cleared|{run_id}|{clear_number}")


def ask(follow_up: FollowUp) -> Question | None:
    """Put on record that it waits for an approver, and return the question; None if nobody is asked."""
    if _passes(follow_up):
        return None
    who = who_may_answer(follow_up.plan.approvers)
    event = follow_up.journal.event(follow_up.events.waiting, f"waits for {who}")
    follow_up.write(CleanupStatus.WAITING, event, approval=None)
    return follow_up.question()


def _passes(follow_up: FollowUp) -> bool:
    """Whether nobody is asked: the plan asks for no approval, it has one of this end, or all is done."""
    known = follow_up.known
    if follow_up.mode is not CleanupMode.AFTER_APPROVAL:
        return True
    if known is None or known.status is CleanupStatus.KEPT:
        return False
    return known.status is CleanupStatus.DONE or _missing_approval(follow_up) is None


def record_answer(follow_up: FollowUp, answer: Approval) -> None:
    """Put an answer on record, or that nobody gave one in time: that never approves."""
    status, type_ = CleanupStatus.KEPT, follow_up.events.kept
    text = answer.reason or "no reason given"
    if answer.decision is Decision.APPROVED:
        status, type_ = CleanupStatus.WAITING, follow_up.events.approved
    elif answer.decision is Decision.TIMED_OUT:
        timeout = duration_text(follow_up.plan.gate_timeout)
        text = f"nobody answered within {timeout}: {follow_up.kept}"
    follow_up.write(status, follow_up.journal.event(type_, text, who=answer.by), approval=answer)


def _missing_approval(follow_up: FollowUp) -> str | None:
    """Return a sentence that the approval which the frozen plan asks for is not on record; None if it is."""
    if follow_up.mode is not CleanupMode.AFTER_APPROVAL:
        return None
    approvers, answer = follow_up.plan.approvers, follow_up.known.approval if follow_up.known else None
    if answer is None or answer.decision is not Decision.APPROVED:
        return f"{follow_up.place} needs an approval, and none is on record"
    if approvers and not answer.given_by_one_of(approvers):
        return (
            f"{follow_up.place} was approved by {answer.by!r}, who is none of the plan's approvers, "
            f"{', '.join(approvers)}"
        )
    return None


def start(follow_up: FollowUp, since: datetime) -> Kept | Started | Waiting | Refused:
    """Do what the record permits and AWS lets us do now; ``since`` is when the first try was.

    NotBegun without the approval that the frozen plan asks for: Airflow's task states prove nothing.
    """
    status = follow_up.known and follow_up.known.status
    if status is CleanupStatus.KEPT:
        kept = follow_up.kept
        return Kept(f"{kept[0].upper()}{kept[1:]}: see the execution's audit trail.")
    if status is CleanupStatus.DONE:
        return Started((), ())
    if missing := _missing_approval(follow_up):
        raise NotBegun(missing)
    work = _work(follow_up)
    if work.waits:
        return _wait_or_refuse(follow_up, work, since)
    # What is refused for good ends the follow-up only when nothing else can be done any more
    if work.refusals:
        return Refused(work.job_ids, work.refusals[0])
    known = follow_up.store.run(follow_up.record.known(follow_up.read()))
    return Started(work.job_ids, known.job_ids if known else ())


def _work(follow_up: FollowUp) -> Work:
    work = Work()
    try:
        follow_up.do(work)
    except (TryLater, ClientError, BotoCoreError) as error:
        work.note(error)
    return work


def _wait_or_refuse(follow_up: FollowUp, work: Work, since: datetime) -> Waiting | Refused:
    """Return what is waited for, appended to the trail; or that it was waited for too long."""
    text = "; ".join(dict.fromkeys(wait.reason for wait in work.waits))
    deadline = since + LONGEST_WAIT
    if follow_up.journal.now() >= deadline:
        why = f"Waited for {duration_text(LONGEST_WAIT)}, without success: {text}"
        return Refused(work.job_ids, RecoveryError(why))
    waits = f"Waits, until {deadline:%H:%M} UTC at the latest: {text}"
    follow_up.append(follow_up.events.held, waits, f"held|{since}|{text}")
    where = work.held_at or set(follow_up.plan.targets)
    return Waiting(work.job_ids, work.waits, deadline, where.pop() if len(where) == 1 else None)


def check(follow_up: FollowUp) -> int | None:
    """Put on record that it is done, and return how many things it concerned; StillThere if it is not.

    NotBegun if the task that does it was only marked in Airflow.
    """
    known = follow_up.known
    if known is None or known.status in {CleanupStatus.DONE, CleanupStatus.KEPT}:
        return known.count if known and known.status is CleanupStatus.DONE else None
    if known.status in {CleanupStatus.PENDING, CleanupStatus.WAITING}:
        raise NotBegun(f"{follow_up.place} is {known.status}: the task that does it was only marked")
    event = follow_up.journal.event(follow_up.events.done, follow_up.check_done())
    follow_up.write(CleanupStatus.DONE, event, **follow_up.result())
    return known.count


def hold(follow_up: FollowUp, error: NotBegun) -> str:
    """Append that a task did nothing, and return why; what is due stays so, and nothing has failed."""
    text = str(error)
    if is_due(follow_up.known):
        text += ". A task before it was marked, and Airflow does not tell by whom: another DAG run follows"
    follow_up.append(follow_up.events.held, text, f"held|{follow_up.run_id}|{text}")
    return text


def fail(follow_up: FollowUp, error: Exception) -> None:
    """Put on record that it FAILED, and why; or why it is tried again."""
    text = said(error)
    left = error.left if isinstance(error, StillThere) else ()
    event = follow_up.journal.event(follow_up.events.failed, text)
    known = follow_up.store.run(follow_up.record.known(follow_up.execution))
    again = known.status if follow_up.tries_again and known else None
    follow_up.write(again or CleanupStatus.FAILED, event, failure=text, left=left)
