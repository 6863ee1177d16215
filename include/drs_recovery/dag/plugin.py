"""What the recovery plans add to Airflow: a link in its menu, imports before its processes fork, and a cure.

The link from a task to its DRS job needs no plugin: Airflow stores it with the task.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution

from airflow.plugins_manager import AirflowPlugin

from drs_recovery.dag import dag_processor, preload

DISTRIBUTION = "drs-recovery-plans"
GROUP = "airflow.plugins"
"""The entry points in which Airflow looks for plugins of packages that are installed."""

DRS_CONSOLE = {
    "name": "AWS Elastic Disaster Recovery",
    "href": "https://console.aws.amazon.com/drs/home",
    "destination": "nav",
    "category": "browse",
}


class RecoveryPlugin(AirflowPlugin):
    """Puts the DRS console into Airflow's menu, where people look when a recovery stands still."""

    name = "recovery"
    external_views = [DRS_CONSOLE]  # noqa: RUF012 - Airflow's own declaration
    listeners = [preload, dag_processor]  # noqa: RUF012


def is_installed() -> bool:
    """Whether Airflow finds the plugin by itself, since the package is installed.

    Of a second plugin of the same name it shows an error, so a folder of plugins must not have one then.
    """
    try:
        return bool(distribution(DISTRIBUTION).entry_points.select(group=GROUP))
    except PackageNotFoundError:
        return False
