"""What makes a real operator obey the record: it asks before it does anything, and its end goes on record.

The operator is itself in Airflow, with its links, its log and its deferral. Its templated fields are emptied,
since Airflow's sandbox lets modules through; its arguments are filled in here, from documented data alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowTaskTimeout, TaskDeferred

from drs_recovery.aws.utils.errors import is_final, said
from drs_recovery.clock import now
from drs_recovery.engine.action_record import (
    ActionRequest,
    Ports,
    Runs,
    end_action,
    note_action,
    note_refusal,
    tolerates,
)
from drs_recovery.engine.actions import Passes, begin_action, resume_action
from drs_recovery.errors import RunDiffers
from drs_recovery.plan.target import Target
from drs_recovery.plan.templates import render
from drs_recovery.record.enums import EventType, TaskState
from drs_recovery.store.trail import append_event
from drs_recovery.tasks.actions.causes import nobody_knows
from drs_recovery.tasks.airflow_runs import clear_of
from drs_recovery.tasks.base import execution_store, id_of, journal_of, own_record
from drs_recovery.tasks.log_lines import CarriesExecution
from drs_recovery.text.durations import duration_text
from drs_recovery.text.visible import one_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from airflow.sdk import Context

    from drs_recovery.plan import Plan
    from drs_recovery.plan.actions import Action, Moment
    from drs_recovery.record.models import Execution

LONGEST_RESULT = 300
"""Characters of a result on record: a line for people."""


class Obeys(CarriesExecution):
    """A mixin before a real operator; its file says which arguments that gets from an action of the plan."""

    template_fields: Any = ()
    template_ext: Any = ()
    log: Any

    action_moment: Moment
    action_wave: tuple[int, str] | None = None
    """Number and name of its wave, to notice a plan edited in flight."""

    action_run: Runs
    """What is on record of this try, once it has begun."""

    action_ends_itself: ClassVar[bool] = False
    """Whether it has its own end, so that the action's time-out is not for it."""

    @classmethod
    def arguments_of(cls, action: Action, target: Target) -> dict[str, Any]:
        """Return the operator's arguments for an action, with their templates; ``target`` is its wave's."""
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Ask the record, then do the operator's work; its end goes on record."""
        return self._obey(context, lambda: self.do_work(context), begins=True)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Ask the record again, then go on with the operator's work."""
        return self._obey(context, lambda: self.resume_work(next_method, next_kwargs, context), begins=False)

    def do_work(self, context: Context) -> Any:
        """Do the work of the operator."""
        return super().execute(context)  # type: ignore[misc] # of the operator that this class stands before

    def resume_work(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Do the rest of it, after its deferral."""
        return super().resume_execution(next_method, next_kwargs, context)  # type: ignore[misc] # as above

    def result_line(self, value: Any) -> str:
        """Return what the work came to, in a line."""
        return "done" if value is None else str(value)

    def put_on_record(self, context: Context, text: str) -> None:
        """Put on record what must not be lost should this process end."""
        self.action_run = note_action(self.action_run, text, Ports(execution_store(), journal_of(context)))

    def _obey(self, context: Context, work: Callable[[], Any], *, begins: bool) -> None:
        ports = Ports(execution_store(), journal_of(context))
        record = self._action_record(context, ports)
        request = self._action_request(context)
        try:
            found = (begin_action if begins else resume_action)(record, request, ports)
        except Exception as error:
            if not is_final(error):
                raise
            self._action_refused(record, request, error, ports)
            return
        if isinstance(found, Passes):
            self.log.info("%s", found.message)
            return
        self.action_run = found
        self._run_action(work, ports)

    def _action_record(self, context: Context, ports: Ports) -> Execution:
        try:
            return own_record(ports.store, context)
        except RunDiffers as error:
            event = ports.journal.event(EventType.RUN_REFUSED, str(error))
            ports.store.run(append_event(id_of(context), event))
            raise AirflowFailException(str(error)) from error

    def _action_request(self, context: Context) -> ActionRequest:
        ti = context["ti"]
        number, name = self.action_wave or (None, None)
        return ActionRequest(
            self.action_moment, number, name, ti.task_id, ti.try_number, now(), clear_of(context)
        )

    def _action_refused(
        self, record: Execution, request: ActionRequest, error: Exception, ports: Ports
    ) -> None:
        if note_refusal(record, request, error, ports):
            self.log.warning("%s; the plan goes on without it", error)
            return
        raise AirflowFailException(str(error)) from error

    def _run_action(self, work: Callable[[], Any], ports: Ports) -> None:
        try:
            self._fill_in()
            value = work()
        except TaskDeferred as deferred:
            if not self.action_ends_itself:
                deferred.timeout = self._action_time_left()
            raise
        except (Exception, AirflowTaskTimeout) as error:  # noqa: BLE001 - whatever the operator raises
            self._action_failed(error, ports)
        else:
            end_action(self.action_run, TaskState.SUCCESS, _line(self.result_line(value)), ports)

    def _fill_in(self) -> None:
        """Give the operator the arguments that the frozen plan has for it, filled in.

        It is made anew of them, outside of any DAG, as its class makes its attributes.
        """
        action, number = self.action_run.due.action, self.action_run.due.number
        arguments = self.arguments_of(action, target_of(self.action_run.plan, number))
        filled: Any = type(self)(task_id="filled", **render(arguments, self.action_run.context))  # type: ignore[call-arg]
        ours = vars(BaseOperator(task_id="ours")).keys()
        for name in vars(filled).keys() - ours:
            object.__setattr__(self, name, getattr(filled, name))

    def _action_time_left(self) -> timedelta:
        began = self.action_run.item.start_time or now()
        return self.action_run.due.action.limit - (now() - began)

    def _action_failed(self, error: BaseException, ports: Ports) -> None:
        """Put on record how it ended, and fail the task, unless it may be tried again or let be."""
        due, unseen = self.action_run.due, nobody_knows(error)
        text = (
            f"{duration_text(due.action.limit)} passed, and it had not ended"
            if _is_late(error)
            else said(error)
        )
        if unseen:
            text = f"{text}. What it began may still go on, and nobody saw how it ended"
        written = end_action(self.action_run, TaskState.UNSEEN if unseen else TaskState.FAILED, text, ports)
        if written.state is TaskState.SKIPPED:
            return
        left = (self.action_run.item.runs or 1) <= due.action.retries
        if left and (not unseen or due.action.may_repeat):
            raise RuntimeError(text) from error
        if not tolerates(due):
            raise AirflowFailException(text) from error
        self.log.warning("%s; the plan goes on without it", text)


def target_of(plan: Plan, number: int | None) -> Target:
    """Return where an action of a wave calls AWS, or one of the plan as a whole."""
    return Target(plan.aws_conn_id, plan.region) if number is None else plan.target(number)


def _is_late(error: BaseException) -> bool:
    return isinstance(error, AirflowTaskTimeout) or type(error).__name__ == "TaskDeferralTimeout"


def _line(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= LONGEST_RESULT else f"{line[: LONGEST_RESULT - 1]}…"
