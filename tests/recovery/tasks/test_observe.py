"""What DRS says of a server, as the record keeps it."""

from __future__ import annotations

from recovery.execution import ServerRecord, WaveRecord, judge
from recovery.tasks.observe import observed, participants

SERVER = ServerRecord(source_server_id="s-000000000000db001", wave_number=0)


def job(**server: object) -> dict[str, object]:
    """Return a job of one server, with no more than what DRS always tells."""
    told = {"sourceServerID": SERVER.source_server_id, "launchStatus": "LAUNCHED", **server}
    return {"jobID": "drsjob-00000000000000001", "status": "COMPLETED", "participatingServers": [told]}


def seen(described: dict[str, object], *log: dict[str, object]) -> ServerRecord:
    """Return the server as the job and its log tell it."""
    (found,) = participants([described]).values()
    return observed(SERVER, *found, log)


def test_r22_what_is_optional_decides_nothing() -> None:
    """No instance id, no log, no end time: LAUNCHED is success."""
    server = seen(job())
    assert (server.recovery_instance_id, server.phase, server.error) == (None, None, None)
    assert judge(WaveRecord(wave_number=0, wave_name="One"), [server]) == ("COMPLETED", None)


def test_events_outside_the_model_are_shown() -> None:
    """LAUNCH_END has been observed: the phase is whatever DRS says."""
    log = {
        "logDateTime": "2026-01-01T00:00:00Z",
        "event": "LAUNCH_END",
        "eventData": {"sourceServerID": SERVER.source_server_id},
    }
    assert seen(job(), log).phase == "LAUNCH_END"


def test_events_of_other_servers_and_of_the_job_are_not_the_servers() -> None:
    """Only a server's own events tell its phase."""
    job_event = {"logDateTime": "2026-01-01T00:00:00Z", "event": "JOB_START"}
    other = {
        "logDateTime": "2026-01-01T00:00:01Z",
        "event": "CONVERSION_START",
        "eventData": {"sourceServerID": "s-00000000000000002"},
    }
    assert seen(job(), job_event, other).phase is None


def test_the_last_raw_error_is_kept() -> None:
    """What went wrong is not lost when later events say nothing of it."""
    log = [
        {
            "logDateTime": f"2026-01-01T00:00:0{second}Z",
            "event": event,
            "eventData": {"sourceServerID": SERVER.source_server_id, **data},
        }
        for second, event, data in [
            (1, "LAUNCH_START", {}),
            (2, "LAUNCH_FAILED", {"rawError": "no capacity"}),
            (3, "CLEANUP_END", {}),
        ]
    ]
    server = seen(job(launchStatus="FAILED"), *log)
    assert (server.launch_status, server.phase, server.error) == ("FAILED", "CLEANUP_END", "no capacity")
