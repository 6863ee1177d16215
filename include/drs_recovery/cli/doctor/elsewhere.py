"""What workers and the DAG processor have otherwise than this command, which then looks at another thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, warning
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.worker import ARCHIVE
from drs_recovery.settings import settings
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from drs_recovery.cli.doctor.looks import Installation

THIS = "this command"


def pools(it: Installation) -> Iterator[Found]:
    """Yield the pool in which tasks are, if it is another."""
    ours = settings().pool
    for theirs in sorted({one.pool for one in it.newest_run if one.pool} - {ours}):
        yield fault(
            f"tasks of {MAINTENANCE} are in the pool {theirs!r}, and {THIS} looks at {ours!r}",
            "Give it the RECOVERY_POOL that the DAG processor has.",
        )


def tables(it: Installation) -> Iterator[Found]:
    """Yield the workers that have their records elsewhere."""
    name, region = settings().table, it.dynamodb.meta.region_name
    for host, said in it.reports_seen:
        theirs, there = said.table or name, said.table_region or region
        if (theirs, there) != (name, region):
            yield fault(
                f"the worker on {host} has its records in table {theirs!r} ({there}), and {THIS} looks at "
                f"{name!r} ({region})",
                "Give both the same RECOVERY_TABLE and RECOVERY_TABLE_REGION.",
            )


def archives(who: Mapping[str, bool]) -> Iterator[Found]:
    """Yield who knows of the archive, and who does not; in Airflow all must, or nothing gets there."""
    those, others = ([name for name, known in who.items() if known is on] for on in (True, False))
    if those and others:
        say = fault if len({known for name, known in who.items() if name != THIS}) > 1 else warning
        yield say(
            f"RECOVERY_ARCHIVE is set for {listed(those)}, and not for {listed(others)}",
            "Set it everywhere, or nowhere: docs/production.md, Retention.",
        )


def who_archives(it: Installation) -> dict[str, bool]:
    """Return of this command, and of workers and the DAG processor as far as they show it."""
    reports = it.reports_seen
    known = {THIS: settings().archive is not None}
    known |= {f"the worker on {host}": said.archive for host, said in reports if said.archive is not None}
    if reports:
        known["the DAG processor"] = any(one.task_id == ARCHIVE for one in it.newest_run)
    return known
