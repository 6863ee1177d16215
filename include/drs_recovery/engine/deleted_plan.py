"""Whether the plan of an execution was deleted, or is only missing while files are being replaced."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from drs_recovery.plan import plan_stems
from drs_recovery.record.enums import EventType
from drs_recovery.settings import settings
from drs_recovery.store.programs import reconcile
from drs_recovery.text.durations import duration_text

if TYPE_CHECKING:
    from pathlib import Path

    from drs_recovery.engine.journal import Journal
    from drs_recovery.record.models import Execution
    from drs_recovery.store.store import ExecutionStore

log = logging.getLogger(__name__)


def known_plans(folder: Path) -> frozenset[str] | None:
    """Return the ids of the plans that have a file, readable or not; None if the folder says nothing of that.

    A folder that is empty or not there is a deployment half done or gone wrong: nobody deletes every plan.
    """
    try:
        stems = plan_stems(folder)
    except OSError as error:
        log.warning("No execution is held to be of a deleted plan: %s", error)
        return None
    if not stems:
        log.warning("No execution is held to be of a deleted plan: %s has no plan at all", folder)
    return stems or None


def plan_deleted(
    store: ExecutionStore, journal: Journal, execution: Execution, known: frozenset[str]
) -> str | None:
    """Return a text that the file of an execution's plan is gone for good; None while it is not.

    Gone for good is what was missing for some minutes without a break; since when is on record. A younger
    execution may be of a plan that is newer than what this run of the maintenance sees.
    """
    key, limit = execution.execution_id, timedelta(minutes=settings().deleted_minutes)
    since, now = execution.plan_gone_since, journal.now()
    if now - execution.start_time < limit:
        return None
    if execution.plan_id in known:
        if since is not None:
            event = journal.event(EventType.PLAN_BACK, "the file of the plan is there again")
            store.run(reconcile.plan_gone(key, None, event))
        return None
    if since is None:
        message = (
            f"the file of the plan is gone; if it stays so for {duration_text(limit)}, this ends CANCELLED"
        )
        store.run(reconcile.plan_gone(key, now, journal.event(EventType.PLAN_GONE, message)))
    elif now - since >= limit:
        return f"its plan {execution.plan_id} was deleted: the file is gone since {since:%Y-%m-%d %H:%M} UTC"
    return None
