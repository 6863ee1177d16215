"""Signing in to Airflow, for commands that need it and for those to which it only adds."""

from __future__ import annotations

from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.sign_in import SignInNeeded, credentials
from drs_recovery.errors import AirflowUnreachable
from drs_recovery.settings import settings


def sign_in(user: str | None = None) -> AirflowClient:
    """Return Airflow as a user; asks for a missing name or password, or raises SignInNeeded."""
    return AirflowClient(settings().airflow_url, credentials(user))


def look_in(user: str | None = None) -> AirflowView:
    """Return Airflow for a command that works without it: without prompts, and without retries."""
    try:
        known = credentials(user, ask=False)
    except SignInNeeded as error:
        return AirflowView(None, why_not=f"Not signed in to Airflow, the record alone is read. {error}.")
    try:
        return AirflowView(AirflowClient(settings().airflow_url, known, tries=1, timeout=3))
    except AirflowUnreachable as error:
        return AirflowView(None, why_not=f"The record alone is read. {error}")
