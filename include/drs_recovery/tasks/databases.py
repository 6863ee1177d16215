"""What the database of an Airflow connection answers, and its errors without the connection's secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from airflow.sdk import BaseHook
from airflow.sdk.log import redact  # type: ignore[attr-defined]

from drs_recovery.aws.utils.errors import said
from drs_recovery.text.address import HIDDEN, hide_who_signs_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from airflow.sdk import Connection


class DatabaseError(Exception):
    """Why a database did not answer: its own words, in which no secret of its connection stands."""


def first_row(connection_id: str, query: str) -> Sequence[object] | None:
    """Return the first row that a database answers, None if there is none.

    DatabaseError: there is no such connection, it leads to no database of SQL, or the database says why.
    """
    connection: Connection | None = None
    try:
        connection = BaseHook.get_connection(connection_id)
        row: Sequence[object] | None = _hook_of(connection).get_first(query)
    except Exception as error:  # noqa: BLE001 - any: each driver has its own
        text = said(error)
        raise DatabaseError(without_secrets(text, connection.password if connection else None)) from None
    return row


def _hook_of(connection: Connection) -> DbApiHook:
    # Only a look needs it, and each parsing of a plan would load it
    from airflow.providers.common.sql.hooks.sql import DbApiHook  # noqa: PLC0415

    hook = connection.get_hook()  # type: ignore[no-untyped-call]
    if not isinstance(hook, DbApiHook):
        raise DatabaseError(f"a connection of the kind {connection.conn_type} leads to no database of SQL")
    return hook


def without_secrets(text: str, password: str | None) -> str:
    """Return a text without a password in any form that errors quote, nor what Airflow masks in logs."""
    for form in {password, quote(password, safe=""), quote_plus(password)} if password else ():
        text = text.replace(form, HIDDEN)
    return hide_who_signs_in(str(redact(text)))
