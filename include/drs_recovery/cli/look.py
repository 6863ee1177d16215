"""What DRS shows now, for commands that look and open nothing: by the same connections as the tasks'."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from functools import cache
from typing import TYPE_CHECKING

from drs_recovery.clock import now
from drs_recovery.engine.frozen_plan import drs_at
from drs_recovery.engine.readiness.facts import Unknown
from drs_recovery.engine.readiness.gather import look_at
from drs_recovery.engine.recovery_points import PointsAsked, choose
from drs_recovery.report.preview import Place, Point
from drs_recovery.tasks.connections import connection_source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drs_recovery.engine.readiness.gather import Look
    from drs_recovery.plan import Plan, Selection, SourceServer, Target

Seen = tuple[Place, "list[SourceServer] | None"]
"""A place, and the source servers that DRS knows there; None if it could not be asked."""


def looks_at(targets: Iterable[Target]) -> Mapping[Target, Seen]:
    """Return what DRS shows in each place."""
    with redirect_stdout(sys.stderr):  # to which Airflow logs
        return {
            target: (_place(target, one), one.servers) for target, one in look_at(targets, drs_at).items()
        }


def points_of(plan: Plan, selection: Selection) -> dict[str, Point]:
    """Return the recovery snapshots from which servers would be launched now, where the plan chooses any."""
    with redirect_stdout(sys.stderr):
        chosen = choose(plan, selection, PointsAsked(now()), cache(drs_at))
    return {server: Point(one.snapshot, one.problem) for server, one in chosen.items()}


def _place(target: Target, look: Look) -> Place:
    trouble = str(look.items) if isinstance(look.items, Unknown) else None
    return Place(look.account_id, connection_source(target.aws_conn_id), trouble)
