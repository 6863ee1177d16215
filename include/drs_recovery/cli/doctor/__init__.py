"""`recovery doctor`: what of this installation is not as it should be, each with its cure.

A check is a module here and a line in ``AIRFLOW`` or ``AWS``: a function of what is looked at, which yields
what it found. What it may not read it says, and never calls right. Nothing is changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor import (
    airflow_settings,
    bundle,
    clocks,
    components,
    dags,
    maintenance,
    plugin,
    pool,
    records,
    releases,
    rights,
    snapshots,
    table,
    user,
    version,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.cli.doctor.examine import Check

AIRFLOW: Mapping[str, Check] = {
    "version": version.check,
    "components": components.check,
    "user": user.check,
    "pool": pool.check,
    "plugin": plugin.check,
    "DAGs": dags.check,
    "bundle": bundle.check,
    "workers": maintenance.check,
    "releases": releases.check,
    "settings": airflow_settings.check,
    "snapshots": snapshots.check,
}
"""Checks that need Airflow's API, by their names, in the order in which they are shown."""

AWS: Mapping[str, Check] = {
    "table": table.check,
    "records": records.check,
    "rights": rights.check,
    "clocks": clocks.check,
}
"""Checks that need AWS; of clocks, they know Airflow's if it answers."""
