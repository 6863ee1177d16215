"""What the recovery plans add to Airflow's UI: links only, no logic."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from recovery.aws.links.drs import DrsJobLink


class RecoveryPlugin(AirflowPlugin):
    """Lets Airflow show, on a task, the link to the DRS job it started or watched."""

    name = "recovery"
    operator_extra_links = [DrsJobLink()]  # noqa: RUF012 - Airflow's own declaration
