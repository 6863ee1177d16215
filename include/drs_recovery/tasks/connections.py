"""Where an Airflow connection comes from, and the hook of the one that reaches the table of executions.

Whoever may edit connections in Airflow's database decides where one leads. The record permits what is
launched, so that the table's connection never comes from there, unless a setting says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.sdk.exceptions import AirflowNotFoundException
from airflow.sdk.execution_time.supervisor import ensure_secrets_backend_loaded

from drs_recovery.aws.hooks.quick import QuickHook
from drs_recovery.engine.readiness.connection import DATABASE
from drs_recovery.errors import RecordUnavailable
from drs_recovery.settings import settings

if TYPE_CHECKING:
    from airflow.sdk import Connection

THROUGH_AIRFLOW = frozenset({"airflow.secrets.metastore", "airflow.sdk.execution_time.secrets.execution_api"})
"""Modules of the backends that answer from Airflow's database. A task asks the API server, which looks in its
own environment and secrets backend first, and does not report where it found a connection."""

ENVIRONMENT = "airflow.secrets.environment_variables"


class Found(NamedTuple):
    """A connection, and where this process found it without asking Airflow's database."""

    connection: Connection
    source: str


def outside_the_database(conn_id: str) -> Found | None:
    """Return a connection of this process's environment or secrets backend; None if there is none.

    A backend that cannot be asked raises: no other is asked in its place.
    """
    for backend in ensure_secrets_backend_loaded():
        module = type(backend).__module__
        if module not in THROUGH_AIRFLOW and (connection := backend.get_connection(conn_id=conn_id)):
            named = (
                "the environment"
                if module == ENVIRONMENT
                else f"the secrets backend {type(backend).__name__}"
            )
            return Found(connection, named)
    return None


def connection_source(conn_id: str) -> str | None:
    """Return for people where a connection comes from; None if there is none: boto3 looks itself then."""
    if (found := outside_the_database(conn_id)) is not None:
        return found.source
    try:
        QuickHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None
    return DATABASE


class TableHook(QuickHook[Any]):
    """Reaches the table by a connection of the environment or of a secrets backend.

    Where there is none of the id that is the default, boto3 looks for credentials where it always does. One
    that is named in ``RECOVERY_TABLE_CONN_ID`` and is not there is refused. Airflow's database is not even
    asked: a connection that somebody makes there neither leads elsewhere nor keeps anything from running.
    """

    @classmethod
    def get_connection(cls, conn_id: str) -> Connection:
        """Return the connection; AirflowNotFoundException lets the hook go without."""
        if settings().table_conn_from_database:
            return super().get_connection(conn_id)
        if (found := outside_the_database(conn_id)) is not None:
            return found.connection
        if "table_conn_id" in settings().model_fields_set:
            raise RecordUnavailable(
                f"the table's connection {conn_id!r} (RECOVERY_TABLE_CONN_ID) is neither in the environment "
                "of Airflow's workers and triggerers nor in their secrets backend: put it there, for example "
                f"as AIRFLOW_CONN_{conn_id.upper()}. One in Airflow's database is not taken, since whoever "
                "may edit connections could point it at a table of their own; "
                "RECOVERY_TABLE_CONN_FROM_DATABASE=true takes it all the same"
            )
        raise AirflowNotFoundException(f"no connection {conn_id!r} outside of Airflow's database")


def table_conn_id() -> str | None:
    """Return the id of the connection that reaches the table; None where boto3 looks for credentials itself.

    What else is reached by it is found as the table is: a connection of Airflow's database leads nowhere.
    """
    conn_id = settings().table_conn_id
    try:
        TableHook.get_connection(conn_id)
    except AirflowNotFoundException:
        return None
    return conn_id


def table_hook() -> TableHook:
    """Return the hook of the Airflow connection that reaches the table of executions."""
    wanted = settings()
    return TableHook(
        aws_conn_id=wanted.table_conn_id, region_name=wanted.table_region, client_type="dynamodb"
    )
