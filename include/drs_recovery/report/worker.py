"""What a worker says of itself each minute, by the maintenance: release, clock, settings, bundles, table.

An XCom holds it, which anybody may edit who may edit those of the maintenance: it is shown to people, and
decides nothing.
"""

from __future__ import annotations

import re
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

KEY = "worker"
"""Of the XCom."""

TASK = "reconcile"
"""The task of the maintenance that pushes it."""

ARCHIVE = "archive"
"""The task that archives, where the DAG processor knows where to."""


class Said(BaseModel):
    """Base of what is said; what a newer release says besides is passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BundleSaid(Said):
    """A bundle of DAGs as the worker's configuration has it, without secrets; ``store`` is ours alone."""

    name: str
    classpath: str
    store: str | None = None
    store_conn_id: str | None = None


class WorkerReport(Said):
    """What a worker says; ``settings`` are those of Airflow that the product leans on, by section.option.

    ``table`` is that of its records, in a Region that it may not be able to tell; ``archive``: whether it
    knows where executions are archived.
    """

    release: str
    time: AwareDatetime
    settings: dict[str, str | None] = {}
    bundles: tuple[BundleSaid, ...] = ()
    table: str | None = None
    table_region: str | None = None
    archive: bool | None = None


class WorkerSeen(BaseModel):
    """A worker by its host: when it ran the maintenance last, and what it said then, if anything.

    ``ahead`` is how many seconds its clock was ahead of the API server's, to about one second. ``early``: it
    did its work and said nothing, as releases before 0.3 do.
    """

    model_config = ConfigDict(frozen=True)

    host: str
    at: datetime
    report: WorkerReport | None = None
    ahead: float | None = None
    early: bool = False


def made_by(release: str) -> str:
    """Return what the page of the maintenance DAG says of the DAG processor's release."""
    return f"Release {release} of the recovery plans has made this DAG."


def maker_of(page: str) -> str | None:
    """Return the release of the DAG processor, from that page; None if it does not say."""
    found = re.search(made_by(r"(\S+)"), page)
    return found[1] if found else None
