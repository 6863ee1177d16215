"""The tasks of a follow-up: approve, start, watch and check. What they do is in `engine.follow_up`.

How the execution ended, and the state of the plan's DAG run, never depend on them.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.utils import validate_execute_complete_event
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSensorTimeout, AirflowSkipException

from drs_recovery.aws.links.drs import DrsJobLink
from drs_recovery.aws.sensors.drs import DrsJobSensor
from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.clock import now
from drs_recovery.engine import follow_up as engine
from drs_recovery.engine.follow_up import Kept, NotBegun, OtherRun, Refused, Started, Waiting
from drs_recovery.errors import RecordError
from drs_recovery.record.clean_up import EXECUTION_ID
from drs_recovery.tasks.base import execution_store, is_last_try, journal_of, link_jobs, polling
from drs_recovery.tasks.gate import HumanGate
from drs_recovery.tasks.log_lines import CarriesFollowed, carry_jobs
from drs_recovery.tasks.waking import wake_trigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow.sdk import Context

    from drs_recovery.engine.follow_up_kind import FollowUp


@contextmanager
def ends_follow_up_on_error(kind: type[FollowUp], context: Context) -> Iterator[FollowUp]:
    """Give the follow-up of a DAG run; what no retry can mend ends the task, and is FAILED on record.

    An error that may pass goes on to Airflow, which retries the task, and is written too when no retry is
    left. What cannot be written, the maintenance finds by the DAG run that has ended.
    """
    follow_up: FollowUp | None = None
    try:
        run = context["dag_run"]
        execution_id = str((run.conf or {}).get(EXECUTION_ID))
        journal = journal_of(context)
        follow_up = engine.open_follow_up(kind, execution_store(), journal, execution_id, run.run_id)
        yield follow_up
    except AirflowSkipException:
        raise
    except OtherRun as error:
        raise AirflowSkipException(str(error)) from error
    except Exception as error:
        if follow_up and isinstance(error, NotBegun):
            raise AirflowFailException(engine.hold(follow_up, error)) from error
        final = isinstance(error, AirflowFailException | AirflowSensorTimeout) or is_final(error)
        if follow_up and (final or is_last_try(context)):
            with suppress(RecordError):
                engine.fail(follow_up, error)
        if final:
            raise AirflowFailException(said(error)) from error
        raise


class ApproveFollowUp(CarriesFollowed, HumanGate):
    """Asks where the frozen plan says so; elsewhere it passes at once.

    A rejection keeps what is there, and so does a time-out: nothing is done because nobody answered.

    :param kind: the kind of follow-up.
    """

    def __init__(self, *, kind: type[FollowUp], **kwargs: Any) -> None:
        super().__init__(subject=f"Go on with the {kind.noun}?", **kwargs)
        self.kind = kind

    def validate_params_input(self, params_input: Mapping[str, Any]) -> None:
        """Take any: a reason is welcome and decides nothing."""

    def execute(self, context: Context) -> Any:
        """Pass, or ask and park the task until somebody answers."""
        run = context["dag_run"]
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            engine.append_asked(follow_up, run.triggering_user_name, run.clear_number or 0)
            if (question := engine.ask(follow_up)) is None:
                return None
            self.describe(follow_up.plan.approvers, *question)
        return super().execute(context)

    def execute_complete(self, context: Context, event: dict[str, Any]) -> Any:
        """Write the answer down."""
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            answer = self.answer_of(event, f"The gate of the {self.kind.noun}")
            engine.record_answer(follow_up, answer)
            return answer.to_item()


class StartFollowUp(CarriesFollowed, BaseOperator):
    """Starts what is due in AWS, and puts the ids of its jobs on record.

    What may pass is waited for without a worker slot: throttling, trouble of AWS, a job that holds a server,
    a quota, a RECOVERY of the same servers. See `drs_recovery.aws.utils.errors`.

    :param kind: the kind of follow-up.
    """

    ui_color = "#f3dcd4"
    operator_extra_links = (DrsJobLink(),)

    def __init__(self, *, kind: type[FollowUp], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def execute(self, context: Context) -> list[str]:
        """Return the ids of the jobs."""
        return self._start_due(context, now())

    def execute_complete(
        self, context: Context, event: dict[str, Any] | None = None, *, since: str = "", **_: Any
    ) -> list[str]:
        """Go on with what could not be started yet, since when."""
        return self._start_due(context, datetime.fromisoformat(since) if since else now())

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left."""
        with ends_follow_up_on_error(self.kind, context):
            return super().resume_execution(next_method, next_kwargs, context)

    def _start_due(self, context: Context, since: datetime) -> list[str]:
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            match engine.start(follow_up, since):
                case Kept(message):
                    raise AirflowSkipException(message)
                case Started(new, job_ids):
                    self._link(context, follow_up, new)
                    return list(job_ids)
                case Refused(new, error):
                    self._link(context, follow_up, new)
                    raise error
                case Waiting(new, waits, deadline, target):
                    self._link(context, follow_up, new)
                    self.defer(
                        trigger=wake_trigger(waits, deadline, target),
                        method_name=self.execute_complete.__name__,
                        kwargs={"since": since.isoformat()},
                        timeout=deadline - now() + timedelta(minutes=5),
                    )
        raise AssertionError("a start that waits lets go of its worker")

    def _link(self, context: Context, follow_up: FollowUp, new: Sequence[str]) -> None:
        for target, job_ids in replace(follow_up, execution=follow_up.read()).jobs.items():
            link_jobs(context, self, follow_up.drs[target], [one for one in new if one in job_ids])


class WatchFollowUp(CarriesFollowed, DrsJobSensor):
    """Waits for the jobs on record; holds no worker slot meanwhile.

    That they have ended says nothing of what they were for: a finished terminate job lists no servers.

    :param kind: the kind of follow-up.
    """

    template_fields = ()
    template_ext = ()
    ui_color = "#d9ecf7"

    def __init__(self, *, kind: type[FollowUp], **kwargs: Any) -> None:
        timeout = engine.LONGEST_WAIT.total_seconds()
        super().__init__(job_ids=[], timeout=timeout, **polling(), **kwargs)
        self.kind = kind

    def execute(self, context: Context) -> Any:
        """Return at once where no job runs; defer to the trigger for the rest, one place after the other."""
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            return self._watch(context, follow_up)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> Any:
        """Ask DRS once more."""
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            if follow_up.jobs and validate_execute_complete_event(event)["status"] != "success":
                return super().execute_complete(context, event)
            return self._watch(context, follow_up)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Resume, or write why the trigger broke, when no retry is left."""
        with ends_follow_up_on_error(self.kind, context):
            return super().resume_execution(next_method, next_kwargs, context)

    def _watch(self, context: Context, follow_up: FollowUp) -> Any:
        """Take the jobs from the record, with the accounts and Regions of the frozen plan (R-50)."""
        result = None
        for target, job_ids in follow_up.jobs.items():
            self.aws_conn_id, self.region_name = target
            self.job_ids = job_ids
            carry_jobs(job_ids)
            self.__dict__.pop("hook", None)  # which is made once, for the place that was watched before
            result = super().execute(context)
        return result


class CheckFollowUp(CarriesFollowed, BaseOperator):
    """Looks whether it is done, and puts that on record.

    AWS may list what is removed for a while after its job has ended: its retries look again.

    :param kind: the kind of follow-up.
    """

    ui_color = "#e4dff5"

    def __init__(self, *, kind: type[FollowUp], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kind = kind

    def execute(self, context: Context) -> int | None:
        """Return how many things it concerned."""
        with ends_follow_up_on_error(self.kind, context) as follow_up:
            return engine.check(follow_up)
