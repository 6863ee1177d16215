"""The checks that a worker looks at, when the wave's jobs have ended: what databases answer.

What is found goes on record with the servers before anything else; the trigger waits for the next look.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.clock import now
from drs_recovery.engine.checking import begun, standing, with_checks
from drs_recovery.engine.checks import sql
from drs_recovery.engine.frozen_plan import frozen_plan
from drs_recovery.engine.watch import unfinished_jobs
from drs_recovery.record.enums import ChecksStatus
from drs_recovery.store.programs import wait_for_recovery

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from mypy_boto3_drs.type_defs import JobTypeDef

    from drs_recovery.engine.checks.kind import Found
    from drs_recovery.engine.checks.sql import Ask
    from drs_recovery.plan.checks import Check
    from drs_recovery.record.models import WaveRecord
    from drs_recovery.record.server_record import ServerCheck, ServerRecord
    from drs_recovery.store.store import ExecutionStore


def look_at_databases(
    store: ExecutionStore,
    execution_id: str,
    wave: WaveRecord,
    servers: list[ServerRecord],
    jobs: Sequence[JobTypeDef],
    *,
    ask: Ask,
) -> list[ServerRecord]:
    """Look at each ``sql`` check that is not decided, write what was found, and return the servers with it.

    Nothing is asked while a job runs, or a post-launch action, nor of a wave that has ended or no checks.
    """
    if wave.checks is None or wave.status.final:
        return servers
    if unfinished_jobs(wave, jobs) or any(server.acting for server in servers):
        return servers
    checks = frozen_plan(store, execution_id).waves[wave.wave_number].checks
    recovered = [server for server in servers if server.recovered]
    due = [check for check in checks if check.sql and any(_waits(server, check) for server in recovered)]
    if not due:
        return servers
    found = sql.look(due, ask)
    checked = [found_of(server, checks, found, now()) if server.recovered else server for server in servers]
    changed = [after for before, after in zip(servers, checked, strict=True) if after is not before]
    poll = wait_for_recovery.poll(execution_id, wave.wave_number, wave.attempt, changed, checking=True)
    store.run(poll)
    return checked


def found_of(
    server: ServerRecord, wanted: Sequence[Check], found: Mapping[str, Found], at: datetime
) -> ServerRecord:
    """Return a launched server with what a look found of some of its checks, by their names."""
    known = {check.name: check for check in server.checks}
    checks: list[ServerCheck] = []
    for check in wanted:
        stands = known.get(check.name)
        if check.name in found:
            stands = stands or begun(check, at)
            times = (stands.in_a_row or 0) + 1 if found[check.name].passed else 0
            after = standing(check, stands, found[check.name], times, at)
            in_progress = after.status is ChecksStatus.IN_PROGRESS and check.in_a_row > 1
            stands = after.replace(in_a_row=(times or None) if in_progress else None)
        if stands:
            checks.append(stands)
    return with_checks(server, tuple(checks), wanted)


def _waits(server: ServerRecord, check: Check) -> bool:
    """Whether a launched server waits for a check, also where nobody has begun with it."""
    known = next((one for one in server.checks if one.name == check.name), None)
    return known is None or known.status is ChecksStatus.IN_PROGRESS
