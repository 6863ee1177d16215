"""What DRS reports of a wave's servers, as the execution record keeps it.

Only a server's launch status and its post-launch actions decide anything. Everything else here is optional in
DRS's service model, or takes a look-up that may fail: it is shown where it is known, and its absence is no
failure (R-22, R-24).
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from drs_recovery.aws.utils.drs import BEFORE_ALL, in_order, moment, when
from drs_recovery.aws.utils.launch_actions import failed_actions, standing
from drs_recovery.record.enums import ActionsStatus, LaunchStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from drs_recovery.record.server_record import ServerRecord

    Json = Mapping[str, Any]


def participants(jobs: Iterable[Json]) -> dict[str, tuple[Json, Json]]:
    """Return, by source server id, the job that launches it and what the job reports of it."""
    return {
        server["sourceServerID"]: (job, server)
        for job in jobs
        for server in job.get("participatingServers", [])
        if "sourceServerID" in server
    }


def observed(record: ServerRecord, job: Json, server: Json, job_log: Sequence[Json]) -> ServerRecord:
    """Return a server's record as a job and its log show it now; what they leave out stays as it was.

    The log is ordered by its times, not as DRS lists it. DRS marks a launch as failed when
    an action of it fails: the server runs all the same, and its log is that of one that was launched.
    """
    own = in_order(item for item in job_log if _data(item).get("sourceServerID") == record.source_server_id)
    value = server.get("launchStatus")
    status = LaunchStatus(value) if value else record.launch_status
    actions = ActionsStatus(acts) if (acts := standing(server, record.actions_due)) else None
    outcome = LaunchStatus.LAUNCHED if actions is ActionsStatus.FAILED else status
    phase, since = _phase(outcome, own) or _kept(outcome, record)
    return record.model_copy(
        update={
            "job_id": job["jobID"],
            "launch_status": status,
            "actions_status": actions,
            "recovery_instance_id": server.get("recoveryInstanceID")
            or _instance(own)
            or record.recovery_instance_id,
            "phase": phase,
            "phase_since": since,
            "error": _join(_trouble(outcome, own), *_action_text(server)) or record.error,
        }
    )


def _action_text(server: Json) -> list[str]:
    """Return what post-launch actions of a server came to, as far as it is bad."""
    needed = failed_actions(server, optional=False)
    first = ["LAUNCHED, but post-launch action " + " and ".join(needed)] if needed else []
    return first + [f"optional post-launch action {text}" for text in failed_actions(server, optional=True)]


def _join(*text: str | None) -> str:
    return "; ".join(filter(None, text))


def _trouble(status: LaunchStatus | None, log: Sequence[Json]) -> str | None:
    """Return the last error of a server's log; of one that runs, what it came to all the same.

    A snapshot that fails does not end a launch: DRS goes on from the one before, as the log shows.
    """
    errors = [_data(item)["rawError"] for item in log if _data(item).get("rawError")]
    text = _earlier(log) if status is LaunchStatus.LAUNCHED else None
    if status is LaunchStatus.LAUNCHED and errors and text is None:
        text = "launched all the same, after"
    return ": ".join(str(part) for part in (text, *errors[-1:]) if part) or None


def _earlier(log: Sequence[Json]) -> str | None:
    """Return a text if a server has older data than its job asked for; None if the log shows none."""
    if not any(item.get("event") == "USING_PREVIOUS_SNAPSHOT" for item in log):
        return None
    points = (_data(item).get("conversionProperties", {}).get("dataTimestamp") for item in reversed(log))
    point = moment(next(filter(None, points), ""))
    of = f"of {point.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if point else "whose time DRS does not report"
    return f"launched from an earlier recovery snapshot, {of}"


def _instance(log: Sequence[Json]) -> str | None:
    """Return the instance that a server was launched as, by its log: recorded jobs name none themselves."""
    ends = (
        _data(item).get("targetInstanceID") for item in reversed(log) if item.get("event") == "LAUNCH_END"
    )
    return next(filter(None, ends), None)


LAST_PHASES = {
    LaunchStatus.LAUNCHED: frozenset({"LAUNCH_END"}),
    LaunchStatus.FAILED: frozenset(
        {
            "SERVER_SKIPPED",
            "CLEANUP_FAIL",
            "SNAPSHOT_FAIL",
            "USING_PREVIOUS_SNAPSHOT_FAILED",
            "CONVERSION_FAIL",
            "LAUNCH_FAILED",
            "JOB_CANCEL",
        }
    ),
    LaunchStatus.TERMINATED: frozenset({"CLEANUP_END"}),
}
"""In which phase a server may be that is through, by how it ended. Every other phase goes on to something."""


def _fits(status: LaunchStatus | None, phase: str | None) -> bool:
    """Whether a phase contradicts no launch status: a server that is through is in none that goes on."""
    return status not in LAST_PHASES or phase in LAST_PHASES[status]


def _phase(status: LaunchStatus | None, log: Sequence[Json]) -> tuple[str, datetime] | None:
    """Return the last event of a server's log that fits its status, and since when."""
    entries = [item for item in log if when(item) > BEFORE_ALL and _fits(status, item.get("event"))]
    last = next((item for item in reversed(entries) if item.get("event")), None)
    return (last["event"], when(last)) if last else None


def _kept(status: LaunchStatus | None, record: ServerRecord) -> tuple[str | None, datetime | None]:
    """Return the phase on record, unless the status is past it: absent if the last one is not known."""
    return (record.phase, record.phase_since) if _fits(status, record.phase) else (None, None)


def observed_all(
    records: Iterable[ServerRecord], jobs: Iterable[Json], logs: Mapping[str, Sequence[Json]]
) -> list[ServerRecord]:
    """Return servers as jobs and the logs of jobs, by job id, show them; one in no job stays as it was.

    Of two jobs that have a server the later counts, and none of an attempt before its own: that is watched
    for the sake of others, whose actions run on.
    """
    records, jobs = list(records), list(jobs)
    earliest: dict[str | None, int] = {}
    for record in records:
        earliest[record.job_id] = min(record.attempt, earliest.get(record.job_id, record.attempt))

    def seen(record: ServerRecord) -> ServerRecord:
        own = [job for job in jobs if earliest.get(job["jobID"], record.attempt) >= record.attempt]
        if (found := participants(own).get(record.source_server_id)) is None:
            return record
        job, server = found
        return observed(record, job, server, logs.get(job["jobID"], ()))

    return [seen(record) for record in records]


def with_instances(servers: Iterable[ServerRecord], instances: Iterable[Json]) -> list[ServerRecord]:
    """Return servers with the recovery instance that their own job launched, where DRS shows one (T-1)."""
    found = {
        (item.get("sourceServerID"), item.get("jobID")): item["recoveryInstanceID"]
        for item in instances
        if item.get("recoveryInstanceID")
    }
    return [
        server.model_copy(
            update={
                "recovery_instance_id": server.recovery_instance_id
                or found.get((server.source_server_id, server.job_id))
            }
        )
        for server in servers
    ]


def with_addresses(servers: Iterable[ServerRecord], addresses: Mapping[str, str]) -> list[ServerRecord]:
    """Return servers with their private addresses, by recovery instance id, where they are known."""
    return [
        server.model_copy(
            update={"private_ip": addresses.get(server.recovery_instance_id or "", server.private_ip)}
        )
        for server in servers
    ]


def without_instance(servers: Iterable[ServerRecord]) -> list[str]:
    """Return the source servers that were launched and whose job names no instance (R-24)."""
    return [
        server.source_server_id for server in servers if server.launched and not server.recovery_instance_id
    ]


def without_address(servers: Iterable[ServerRecord]) -> list[str]:
    """Return the recovery instances whose private address is not known yet."""
    return [
        server.recovery_instance_id
        for server in servers
        if server.launched and server.recovery_instance_id and not server.private_ip
    ]


def _data(item: Json) -> Json:
    data: Json = item.get("eventData") or {}
    return data
