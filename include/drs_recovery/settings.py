"""Every setting of this product, read once from the environment, each with its reason."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import unquote

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from drs_recovery.text.address import check_legible, who_signs_in, without_who_signs_in


class Settings(BaseSettings):
    """Settings, from environment variables named ``RECOVERY_`` and the field's name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix="RECOVERY_",
        frozen=True,
        env_ignore_empty=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    table: str = "recovery-executions"
    """DynamoDB table of the execution records; one per installation."""

    table_region: str | None = None
    """Region of the table: best not one that fails with the servers. Absent: boto3's default."""

    table_conn_id: str = "aws_default"
    """Airflow connection that reaches the table: in the environment of workers and triggerers, or in their
    secrets backend. The command line uses boto3's own credentials instead."""

    table_conn_from_database: bool = False
    """Whether the table's connection may come from Airflow's database. Whoever may edit connections there can
    then point the record, which permits every start, at a table of their own."""

    pool: str = "recovery"
    """Airflow pool of all our tasks, so that other work can never keep a recovery waiting for a slot."""

    pool_slots: int = Field(default=64, ge=1)
    """Slots of that pool; a slot is held for seconds, never while waiting."""

    poll_seconds: float = Field(default=0.5, gt=0)
    """Between two DescribeJobs of an account and Region while servers are being launched (launch status
    IN_PROGRESS): what a hand-over between waves can lose. One call for all waves, for the minutes a launch
    takes; DRS publishes no rate limit, and a throttled call is followed by a longer pause."""

    poll_relaxed_seconds: float = Field(default=5, gt=0)
    """Between two DescribeJobs during clean-up, snapshot and conversion, which take minutes."""

    phase_seconds: float = Field(default=10, gt=0)
    """At least this long between two looks at the log of one job, for the phase of its servers."""

    polled_seconds: float = Field(default=10, gt=0)
    """At most one write of ``lastPolledTime`` in this time."""

    hold_seconds: float = Field(default=10, ge=0)
    """No trigger fires and no gate is answered by our own hand before this age, in real seconds: an event
    that comes while the worker that parked the task still ends makes Airflow 3.3.2 fail the task."""

    gate_seconds: float = Field(default=10, gt=0)
    """Between two looks of a triggerer at the records of the executions whose gates wait: one request for
    100 of them. So long, beside the hold, a gate waits on after its execution has ended, or a RECOVERY took
    its plan."""

    adoption_seconds: float = Field(default=90, ge=90)
    """For so long after its announcement the job of a StartRecovery whose answer was lost is looked for in
    DRS, where a new job may not show at once; only then is it sent again. An announcement that is a third as
    old is not sent any more, and a request takes 35 s at the longest."""

    late_minutes: float = Field(default=60, gt=0)
    """A scheduled drill older than this does not start: Airflow runs a missed slot at once when a DAG first
    appears."""

    deleted_minutes: float = Field(default=3, gt=0)
    """An execution in flight whose plan's file is gone for so long is CANCELLED: its DAG is not scheduled any
    more. A file that is missing only while a deployment replaces it cancels nothing."""

    snapshot_days: float = Field(default=90, ge=1)
    """For so long after a DAG run has ended its snapshot of the DAGs is kept, so that it can be cleared and
    runs again; after that it runs only on the latest version of its DAG. The DAG processor removes what is
    older and no run in flight or to come needs. Where snapshots have a store, any machine removes its own
    copy of what it has not used for so long: it can have it again."""

    archive: str | None = None
    """Where executions are archived that ended long ago: the absolute path of a folder that all workers see,
    or an address as ``s3://bucket/folder``, which is reached by the table's connection. The maintenance
    writes each as JSON and reads it back; only then may DynamoDB remove what lies beside its record. Absent:
    all stays in the table."""

    archive_days: float = Field(default=400, ge=1)
    """For so long after its end an execution stays whole in the table, where it is archived at all. One that
    is archived is neither tried again nor cleaned up."""

    action_operators: str = (
        "airflow.providers.amazon.aws.operators.*, airflow.providers.http.operators.*, "
        "airflow.providers.slack.operators.slack_webhook.*, "
        "airflow.providers.slack.operators.slack.SlackAPIPostOperator, airflow.providers.pagerduty.*"
    )
    """Which Airflow operators the actions of plans may name: patterns of their paths, parted by commas. Who
    writes a plan can run what is allowed here with the rights of a worker: Bash and Python run any code."""

    airflow_url: str = "http://127.0.0.1:8080"
    """Airflow's API server, for the command line and for links in gates."""

    airflow_user: str | None = None
    """Who the command line signs in as; absent: it asks."""

    airflow_password: str | None = Field(default=None, repr=False)
    """Password of that user; absent: it asks."""

    airflow_token: str | None = Field(default=None, repr=False)
    """A token instead of user and password, for auth managers without passwords."""

    debug: str | None = None
    """Anything: a bug, which the command line otherwise reports in one line, is shown with its traceback."""

    @property
    def action_operator_patterns(self) -> tuple[str, ...]:
        """The patterns of operators that plans may name."""
        return tuple(one.strip() for one in self.action_operators.split(",") if one.strip())

    @model_validator(mode="before")
    @classmethod
    def _sign_in_of_the_address(cls, given: dict[str, Any]) -> dict[str, Any]:
        """Take user and password out of Airflow's address: it is shown, and stands in the links of gates.

        The password is that of the user beside it, and of nobody else.
        """
        url = given.get("airflow_url")
        if not isinstance(url, str) or not _is_legible(url):
            return given
        user, _, password = map(unquote, who_signs_in(url).partition(":"))
        known = {"airflow_user": user} if user else {}
        if user and password and (given.get("airflow_user") or user).strip() == user:
            known["airflow_password"] = password
        return known | given | {"airflow_url": without_who_signs_in(url)}

    @field_validator("airflow_url")
    @classmethod
    def _is_shown(cls, url: str) -> str:
        check_legible(url)
        return url


def _is_legible(url: str) -> bool:
    try:
        check_legible(url)
    except ValueError:
        return False
    return True


SECRETS = frozenset(name for name, field in Settings.model_fields.items() if not field.repr)
"""Settings whose values are never shown."""


@cache
def settings() -> Settings:
    """Return the settings of this process."""
    return Settings()
