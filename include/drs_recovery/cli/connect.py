"""Signing in to Airflow, for the commands that need it and for those that only profit from it."""

from __future__ import annotations

from drs_recovery.cli.airflow import AirflowClient
from drs_recovery.cli.airflow_view import AirflowView
from drs_recovery.cli.sign_in import SignInNeeded, credentials
from drs_recovery.errors import AirflowUnreachable
from drs_recovery.settings import settings


def sign_in(user: str | None = None) -> AirflowClient:
    """Return Airflow as a user; asks for what is not known, or raises SignInNeeded."""
    return AirflowClient(settings().airflow_url, credentials(user))


def look_in(user: str | None = None) -> AirflowView:
    """Return Airflow for a command that can do without it: nobody is asked, and nothing is waited for."""
    try:
        known = credentials(user, ask=False)
    except SignInNeeded as error:
        return AirflowView(None, why_not=f"Not signed in to Airflow, the record alone is read. {error}.")
    try:
        return AirflowView(AirflowClient(settings().airflow_url, known, tries=1, timeout=3))
    except AirflowUnreachable as error:
        return AirflowView(None, why_not=f"The record alone is read. {error}")
