"""What DRS's answers about jobs mean: pure functions of them, and the snapshot that triggers pass on."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.launch_actions import failed_actions

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_drs.type_defs import (
        JobLogTypeDef,
        JobTypeDef,
        ParticipatingServerTypeDef,
        RecoveryInstanceTypeDef,
    )

JOB_ID = re.compile(r"drsjob-[0-9a-zA-Z]{17}")

COURSE = (
    "JOB_START",
    "SERVER_SKIPPED",
    *(f"CLEANUP_{how}" for how in ("START", "END", "FAIL")),
    *(f"SNAPSHOT_{how}" for how in ("START", "END", "FAIL")),
    "USING_PREVIOUS_SNAPSHOT",
    "USING_PREVIOUS_SNAPSHOT_FAILED",
    *(f"CONVERSION_{how}" for how in ("START", "END", "FAIL")),
    "LAUNCH_START",
    "LAUNCH_FAILED",
    "LAUNCH_END",
    "JOB_CANCEL",
    "JOB_END",
)
"""The events of a launch in the order in which they come."""

LONGEST_JOB = timedelta(days=2)
"""How far back a job that still runs is looked for."""

BEFORE_ALL = datetime.min.replace(tzinfo=UTC)

# The finished job of these types may list no servers at all: the job's status is all there is to trust.
JOB_TYPES_WITHOUT_LAUNCH = frozenset({"TERMINATE", "CREATE_CONVERTED_SNAPSHOT"})


@dataclass(frozen=True)
class JobsSnapshot:
    """Watched jobs as DRS showed them in one look.

    ``at`` is when DRS was asked. ``missing`` are watched job ids that its answer left out.
    ``last_error`` is set when this look failed: why, as AWS puts it; ``jobs`` and ``missing`` are then those
    of the last look that succeeded, and both empty before the first.
    """

    jobs: tuple[JobTypeDef, ...]
    missing: tuple[str, ...]
    at: datetime
    last_error: str | None = None

    @property
    def ended(self) -> bool:
        """Whether DRS has just shown that every watched job is COMPLETED."""
        if self.last_error or self.missing:
            return False
        return bool(self.jobs) and all(job.get("status") == "COMPLETED" for job in self.jobs)


def validate_job_ids(job_ids: Iterable[str]) -> list[str]:
    """Return the ids as a list; ValueError if there is none, or one that DRS would refuse."""
    ids = list(job_ids)
    if not ids:
        raise ValueError("job_ids: no DRS job to watch")
    for job_id in ids:
        if not JOB_ID.fullmatch(job_id):
            raise ValueError(f"job_ids: {job_id!r} is no DRS job id (drsjob- and 17 letters or digits)")
    return ids


def is_gone(instance: RecoveryInstanceTypeDef) -> bool:
    """Whether a recovery instance that DRS still lists is no more in EC2: nothing is left to destroy.

    Every other state is that of one that lives, SHUTTING-DOWN and STOPPED too, and so is none at all, or one
    that nobody knows: what is not known is not taken for gone.
    """
    return instance.get("ec2InstanceState") in {"TERMINATED", "NOT_FOUND"}


def when(item: JobLogTypeDef | Mapping[str, Any]) -> datetime:
    """Return when an item of a job's log was written; before all others if DRS does not say.

    DRS writes ``Z`` or ``+00:00``, with fractions of a second or without: as text they are in no order.
    """
    return moment(item.get("logDateTime", "")) or BEFORE_ALL


def moment(text: str) -> datetime | None:
    """Return a date and time as DRS writes it; None if it is none."""
    try:
        written = datetime.fromisoformat(text)
    except ValueError:
        return None
    return written if written.tzinfo else written.replace(tzinfo=UTC)


def created_of(job: JobTypeDef) -> datetime | None:
    """Return when DRS made a job, if it says so."""
    return moment(job.get("creationDateTime", ""))


def in_order(log: Iterable[Any]) -> list[Any]:
    """Return the items of a log by time; those of one moment by the course of a job, however DRS lists them.

    One phase ends when the next begins. An event that the service model lacks is the last of its moment.
    """
    return sorted(log, key=lambda item: (when(item), _place(item), json.dumps(item, sort_keys=True)))


def _place(item: Mapping[str, Any]) -> int:
    event = item.get("event")
    return COURSE.index(event) if event in COURSE else len(COURSE)


def launched(job: JobTypeDef) -> tuple[ParticipatingServerTypeDef, ...]:
    """Return the servers of a job that DRS says are LAUNCHED."""
    return tuple(s for s in job.get("participatingServers", ()) if s.get("launchStatus") == "LAUNCHED")


def not_launched(job: JobTypeDef) -> tuple[ParticipatingServerTypeDef, ...]:
    """Return the other servers of a job: once the job is COMPLETED, those did not launch.

    The job's own status says nothing about success: there is no failed DRS job, and one can be COMPLETED
    with servers still PENDING.
    """
    return tuple(s for s in job.get("participatingServers", ()) if s.get("launchStatus") != "LAUNCHED")


def about_to_end(job: JobTypeDef) -> bool:
    """Whether seconds count for this job: a server is being launched, or none is waiting any more.

    Servers stay PENDING during clean-up, snapshot and conversion, which take minutes.
    """
    statuses = {server.get("launchStatus") for server in job.get("participatingServers", ())}
    if job.get("status") == "COMPLETED" or not statuses:
        return False
    return "IN_PROGRESS" in statuses or "PENDING" not in statuses


def summary(job: JobTypeDef) -> str:
    """Return where a job stands, in one line."""
    counts = Counter(str(s.get("launchStatus", "unknown")) for s in job.get("participatingServers", ()))
    servers = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return f"{job['jobID']} {job.get('status', 'unknown')}: {servers or 'no servers listed'}"


def raw_errors(log: Iterable[JobLogTypeDef]) -> dict[str, str]:
    """Return what went wrong according to the log of a job, by source server id; the newest error of each."""
    errors = {}
    for item in in_order(log):
        data = item.get("eventData", {})
        if "rawError" in data and "sourceServerID" in data:
            errors[data["sourceServerID"]] = f"{item.get('event', 'error')}: {data['rawError']}"
    return errors


def failure(job: JobTypeDef, log: Iterable[JobLogTypeDef] = ()) -> str | None:
    """Return why a COMPLETED job is no success, with the raw errors of its log; None if it is one.

    A job that launches is judged by the launch status of every participating server, and by its post-launch
    actions as far as they are: they may run on when their job has ended.
    """
    if job.get("type") in JOB_TYPES_WITHOUT_LAUNCH:
        return None
    servers, lost = job.get("participatingServers", ()), not_launched(job)
    if not servers:
        return f"{job['jobID']}: no server took part"
    if not lost:
        unwell = [_text(s, {}) for s in servers if failed_actions(s, optional=False)]
        return f"{job['jobID']}: post-launch actions failed: {'; '.join(unwell)}" if unwell else None
    errors = raw_errors(log)
    text = "; ".join(_text(server, errors) for server in lost)
    return f"{job['jobID']}: {len(lost)} of {len(servers)} servers did not launch: {text}"


def _text(server: ParticipatingServerTypeDef, errors: dict[str, str]) -> str:
    server_id = server.get("sourceServerID", "a server without id")
    status = server.get("launchStatus", "without launch status")
    why = [*filter(None, [errors.get(server_id)]), *failed_actions(server, optional=False)]
    return f"{server_id} {status}" + (f" ({', '.join(why)})" if why else "")
