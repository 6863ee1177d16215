"""The arguments and options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from drs_recovery.record.tier import FIRST_TIER, LAST_TIER

Json = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on standard output, also for errors."),
]
User = Annotated[str | None, typer.Option("--user", metavar="NAME", help="Airflow user to act as.")]
Named = Annotated[
    str, typer.Argument(metavar="EXECUTION|PLAN", help="Execution id, its beginning, or a plan: its newest.")
]
Live = Annotated[
    str,
    typer.Argument(metavar="EXECUTION|PLAN", help="Execution id, its beginning, or a plan: its live one."),
]
Wave = Annotated[
    str | None, typer.Option("--wave", metavar="NAME", help="Wave to answer for, if several wait.")
]


def _reason(message: str | None) -> str | None:
    """Return a reason that can be read: blanks and what shows nothing are none."""
    from drs_recovery.record.reasons import given_reason

    return given_reason(message)


Reason = Annotated[
    str | None, typer.Option("--reason", help="Why; kept in the audit trail.", callback=_reason)
]

Action = Annotated[
    str, typer.Argument(metavar="ACTION", help="Name of an action of the plan, or the id of its task.")
]
Why = Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]

PlanOrFile = Annotated[
    str, typer.Argument(metavar="PLAN|FILE", help="Id of a plan in dags/plans, or a file.")
]
Tier = Annotated[
    int, typer.Argument(min=FIRST_TIER, max=LAST_TIER, help=f"{FIRST_TIER} goes first, {LAST_TIER} last.")
]
Confirm = Annotated[
    str | None,
    typer.Option(metavar="PLAN", help="For a RECOVERY: the plan again; asked for on a terminal."),
]
ReplaceRecovered = Annotated[
    str | None,
    typer.Option(metavar="PLAN", help="The plan again: replace recovery instances of an earlier RECOVERY."),
]
GatesThatWait = Annotated[
    Literal["as_planned", "every_wave", "none"] | None,
    typer.Option(help="Which gates wait: those of the plan, all, or none (drills only)."),
]
RecoveryPoint = Annotated[
    str | None,
    typer.Option(
        metavar="POINT",
        help="Data to launch: latest, 'before start', or the newest not after a time such as "
        "2026-11-27T02:10:00Z.",
    ),
]
Snapshots = Annotated[
    list[str] | None,
    typer.Option(
        "--snapshot", metavar="SERVER=SNAPSHOT", help="Recovery snapshot of one server; several times."
    ),
]
Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]...", help="Default: dags/plans, and the groups beside it."),
]
GroupIds = Annotated[
    list[str] | None, typer.Argument(metavar="[GROUP]...", help="Default: all in dags/groups.")
]
OfType = Annotated[Literal["DRILL", "RECOVERY"], typer.Option("--type", help="Of which kind of execution.")]

TableOnly = Annotated[bool, typer.Option("--table-only", help="Only the table; no Airflow is needed.")]
PoolOnly = Annotated[bool, typer.Option("--pool-only", help="Only the pool; no AWS is needed.")]
Approve = Annotated[bool, typer.Option("--approve", help="Approve each gate as the signed-in user.")]
NoFollow = Annotated[bool, typer.Option("--no-follow", help="Start it and return.")]
