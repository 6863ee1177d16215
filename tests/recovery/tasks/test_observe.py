"""What DRS says of a server, as the record keeps it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.engine.observe import observed, observed_all, participants
from drs_recovery.record.enums import LaunchStatus
from drs_recovery.record.judge import judge
from drs_recovery.record.models import WaveRecord
from drs_recovery.record.server_record import ServerRecord

if TYPE_CHECKING:
    from random import Random

SERVER = ServerRecord(source_server_id="s-000000000000db001", wave_number=0)


def job(**server: object) -> dict[str, object]:
    """Return a job of one server, with no more than what DRS always tells."""
    recorded = {"sourceServerID": SERVER.source_server_id, "launchStatus": "LAUNCHED", **server}
    return {"jobID": "drsjob-00000000000000001", "status": "COMPLETED", "participatingServers": [recorded]}


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
    """What went wrong is not lost when later events say nothing of it; nor is where it did."""
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
    assert (server.launch_status, server.phase, server.error) == ("FAILED", "LAUNCH_FAILED", "no capacity")


def own(event: str, **data: object) -> dict[str, object]:
    """Return what a log says of the server."""
    time = f"2026-01-01T00:00:{len(data):02}.000000+00:00"
    return {
        "logDateTime": time,
        "event": event,
        "eventData": {"sourceServerID": SERVER.source_server_id, **data},
    }


@pytest.mark.parametrize(
    ("converted", "of"),
    [
        (
            [own("CONVERSION_END", conversionProperties={"dataTimestamp": "2025-12-31T23:00:00.5+01:00"})],
            "of 2025-12-31 22:00:00 UTC",
        ),
        ([], "whose time DRS does not report"),
        (
            [own("CONVERSION_END", conversionProperties={"dataTimestamp": "soon"})],
            "whose time DRS does not report",
        ),
    ],
)
def test_a_server_with_older_data_says_so(converted: list[dict[str, object]], of: str) -> None:
    """It runs, and nobody takes it for one with the data that were asked for; what failed is shown too."""
    log = [own("SNAPSHOT_FAIL", rawError="no snapshot"), own("USING_PREVIOUS_SNAPSHOT"), *converted]
    texts = f"launched from an earlier recovery snapshot, {of}"
    assert seen(job(), *log).error == f"{texts}: no snapshot"
    assert seen(job(), *log[1:]).error == texts
    assert seen(job(launchStatus="PENDING"), *log).error == "no snapshot"


def test_the_log_names_the_instance_where_the_job_names_none() -> None:
    """As recorded jobs do; what the job says comes first."""
    end = own("LAUNCH_END", targetInstanceID="i-0000000000000000a")
    assert seen(job(), own("LAUNCH_END"), end).recovery_instance_id == "i-0000000000000000a"
    recorded = job(recoveryInstanceID="i-0000000000000000b")
    assert seen(recorded, end).recovery_instance_id == "i-0000000000000000b"


EVENTS = [
    "CLEANUP_START",
    "SNAPSHOT_END",
    "CONVERSION_START",
    "CONVERSION_END",
    "LAUNCH_START",
    "LAUNCH_FAILED",
    "LAUNCH_END",
    "SOMETHING_NEW",
]
TIMES = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.250000+00:00",
    "2026-01-01T00:00:01+00:00",
    "2026-01-01T02:00:00.500000+02:00",
]
items = st.builds(
    lambda event, time, error: (
        {
            "event": event,
            "eventData": {"sourceServerID": SERVER.source_server_id} | ({"rawError": error} if error else {}),
        }
        | ({"logDateTime": time} if time else {})
    ),
    st.sampled_from(EVENTS),
    st.sampled_from([*TIMES, None, "soon"]),
    st.sampled_from([None, "no capacity", "no such subnet"]),
)


@given(st.lists(items, max_size=6), st.sampled_from([*LaunchStatus]), st.randoms(use_true_random=False))
def test_the_order_in_which_drs_lists_a_log_decides_nothing(
    log: list[dict[str, object]], status: str, random: Random
) -> None:
    """The newest error and the newest event by time, whichever comes first in an answer."""
    recorded = seen(job(launchStatus=status), *log)
    shuffled = log.copy()
    random.shuffle(shuffled)
    assert seen(job(launchStatus=status), *shuffled) == recorded
    moments = [(datetime.fromisoformat(str(item["logDateTime"])), item) for item in log if _dated(item)]
    errors = [(at, item["eventData"]["rawError"]) for at, item in moments if "rawError" in item["eventData"]]  # type: ignore[operator, index]
    if errors:
        newest = max(at for at, _ in errors)
        last = {error for at, error in errors if at == newest}
        all_the_same = "launched all the same, after: " if status == "LAUNCHED" else ""
        assert recorded.error in {f"{all_the_same}{error}" for error in last}
    if recorded.phase_since:
        assert (recorded.phase_since, recorded.phase) in {(at, item["event"]) for at, item in moments}
        assert status in set(LaunchStatus) - {"LAUNCHED", "FAILED", "TERMINATED"} or (
            recorded.phase in {"LAUNCH_END", "LAUNCH_FAILED"}
        )


def _dated(item: dict[str, object]) -> bool:
    return item.get("logDateTime") in TIMES


@pytest.mark.parametrize(
    ("status", "phase"),
    [("LAUNCHED", None), ("FAILED", None), ("TERMINATED", None), ("PENDING", "LAUNCH_START")],
)
def test_a_server_that_is_through_is_in_no_phase_that_goes_on(status: str, phase: str | None) -> None:
    """What was on record while it was launched neither: a server that runs is not being converted."""
    log = {
        "logDateTime": "2026-01-01T00:00:00Z",
        "event": "LAUNCH_START",
        "eventData": {"sourceServerID": SERVER.source_server_id},
    }
    before = SERVER.replace(phase="CONVERSION_END", phase_since=datetime.now(UTC))
    (found,) = participants([job(launchStatus=status)]).values()
    after = observed(before, *found, [log])
    assert (after.phase, after.phase_since is None) == (phase, phase is None)
    kept = observed(before, *found, [])
    assert kept.phase == (None if phase is None else "CONVERSION_END")


def test_a_launch_that_drs_leaves_launched_is_judged_by_its_actions() -> None:
    """The status stays what DRS says; the server does not count, and its error names action and reason."""
    runs = [
        {"action": {"name": "Warm caches"}, "status": "FAILED", "failureReason": "no agent"},
        {"action": {"actionCode": "Check", "optional": True}, "status": "FAILED"},
    ]
    server = seen(job(launchActionsStatus={"runs": runs}))
    assert (server.launch_status, server.actions_status, server.recovered) == ("LAUNCHED", "FAILED", False)
    assert server.error == (
        "LAUNCHED, but post-launch action Warm caches failed: no agent; "
        "optional post-launch action Check failed: DRS gave no reason"
    )
    status, reason = judge(WaveRecord(wave_number=0, wave_name="One"), [server])
    assert status == "FAILED"
    assert (reason or "").startswith("post-launch actions on 1 of its 1 servers did not succeed: ")


@pytest.mark.parametrize(
    ("due", "statuses", "recorded"),
    [
        (None, [], None),
        (0, [], None),
        (1, [], "IN_PROGRESS"),
        (2, ["SUCCEEDED"], "IN_PROGRESS"),
        (None, ["IN_PROGRESS"], "IN_PROGRESS"),
        (1, ["SUCCEEDED"], "SUCCEEDED"),
        (2, ["FAILED"], "FAILED"),
    ],
)
def test_actions_that_are_due_and_not_reported_are_to_come(
    due: int | None, statuses: list[str], recorded: str | None
) -> None:
    """One that failed decides, whatever is still to come."""
    runs = [{"action": {}, "status": status} for status in statuses]
    (found,) = participants([job(launchActionsStatus={"runs": runs})]).values()
    assert observed(SERVER.replace(actions_due=due), *found, ()).actions_status == recorded


def test_a_job_of_an_earlier_attempt_tells_nothing_of_a_server_that_is_past_it() -> None:
    """It is watched for another server, whose actions run on."""
    other = {"sourceServerID": "s-000000000000db002", "launchStatus": "FAILED"}
    earlier = job()
    earlier["participatingServers"].append(other)  # type: ignore[attr-defined]
    acting = SERVER.replace(job_id=earlier["jobID"])
    left_out = ServerRecord(source_server_id=other["sourceServerID"], wave_number=0, attempt=2, error="gone")
    assert observed_all([acting, left_out], [earlier], {})[1] == left_out
