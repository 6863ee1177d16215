"""The outcome, in a few sentences for people."""

from __future__ import annotations

import pytest

from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.outcome import outcome
from drs_recovery.record.parts import Failure
from tests.recovery.execution.stored import OTHER

W = WaveStatus


def ended(make, *waves, **fields):
    execution = make.execution()
    return execution.replace(
        waves=tuple(wave.replace(**changed) for wave, changed in zip(execution.waves, waves, strict=True)),
        **fields,
    )


def launched(make, count):
    servers = make.servers()
    return [server.replace(launch_status=LaunchStatus.LAUNCHED) for server in servers[:count]] + servers[
        count:
    ]


def test_a_completed_execution(make):
    """All waves by name, all servers counted."""
    execution = ended(make, *[{"status": W.COMPLETED}] * 3)
    assert outcome(execution, launched(make, 6)) == (
        "Finished: DBWave1, AppWave2, WebWave3. 6 of 6 servers launched."
    )


def test_r47_a_cancelled_execution_tells_the_waves_that_finished(make):
    """CANCELLED hides nothing: what finished, what was rejected and by whom, what never started."""
    execution = ended(
        make,
        {"status": W.COMPLETED},
        {"status": W.CANCELLED, "failure": "rejected by bob: wrong day"},
        {"status": W.SKIPPED},
    )
    assert outcome(execution, launched(make, 2)) == (
        "Finished: DBWave1. 2 of 6 servers launched. AppWave2 CANCELLED: rejected by bob: wrong day. "
        "Never started: WebWave3."
    )


def test_r45_an_interrupted_execution_lists_what_runs_on(make):
    """DRS cannot stop a job: the outcome says who ended the run, and which jobs go on."""
    left = "still runs in DRS: drsjob-1"
    execution = ended(
        make, {"status": W.COMPLETED}, {"status": W.CANCELLED, "failure": left}, {"status": W.SKIPPED}
    )
    texts = outcome(execution, launched(make, 2), interrupted="the DAG run was marked failed")
    assert texts.startswith("Interrupted: the DAG run was marked failed. Finished: DBWave1.")
    assert left in texts


def test_r47_an_interrupted_execution_names_the_instances_it_leaves(make):
    """They cost money, and nobody else will say; of very many, the first."""
    execution = ended(make, {"status": W.COMPLETED}, {"status": W.CANCELLED}, {"status": W.SKIPPED})
    servers = [
        server.replace(recovery_instance_id=f"i-{number}") for number, server in enumerate(make.servers())
    ]
    texts = outcome(execution, servers[:2], interrupted="its DAG run was deleted")
    assert f"i-0 of {servers[0].label}, i-1 of {servers[1].label}." in texts
    many = outcome(execution, servers * 4, interrupted="its DAG run was deleted")
    assert ", and 4 more." in many
    assert "i-0" not in outcome(execution, servers[:2])


@pytest.mark.parametrize(
    ("failure", "known", "text"),
    [
        ("marked failed", {}, "DBWave1 CANCELLED. "),
        (
            "marked failed; may still run in DRS: drsjob-1",
            {"intents": ["drsjob-1"]},
            "DBWave1 CANCELLED: may still run in DRS: drsjob-1. ",
        ),
        (
            "its gate was never answered",
            {"pause_before_wave": True},
            "DBWave1 CANCELLED: its gate was never answered. ",
        ),
    ],
    ids=["the same", "and more", "another"],
)
def test_an_interruption_is_written_once(make, failure, known, text):
    """What ended the run has its sentence; the wave where it is on record too does not repeat it."""
    intents = tuple(make.intent(0).replace(job_id=job_id) for job_id in known.get("intents", ()))
    wave = {"status": W.CANCELLED, "failure": failure, **known, "intents": intents}
    execution = ended(make, wave, {"status": W.SKIPPED}, {"status": W.SKIPPED})
    message = outcome(execution, launched(make, 0), interrupted="marked failed")
    assert message.count("marked failed") == 1
    assert text in message


def test_a_wave_that_another_interruption_ended_keeps_its_own(make):
    """It was CANCELLED before a wave beside it was cleared, and the run ended by hand again."""
    execution = ended(
        make,
        {"status": W.CANCELLED, "failure": "the first cause"},
        {"status": W.CANCELLED, "failure": "the second cause"},
        {"status": W.SKIPPED},
    )
    message = outcome(execution, launched(make, 0), interrupted="the second cause")
    assert "DBWave1 CANCELLED: the first cause" in message
    assert message.count("the second cause") == 1


def test_a_gate_that_was_not_asked_does_not_repeat_the_interruption(make):
    """Its wave was next; nobody was asked."""
    wave = {"status": W.CANCELLED, "failure": "marked failed", "pause_before_wave": True}
    execution = ended(make, {"status": W.COMPLETED}, wave, {"status": W.SKIPPED})
    assert outcome(execution, launched(make, 2), interrupted="marked failed").count("marked failed") == 1


def test_a_failure_before_the_waves(make):
    """What was wrong comes first, in its own words."""
    execution = ended(
        make, *[{"status": W.SKIPPED}] * 3, failure=Failure(kind="REFUSED", message="confirm is missing")
    )
    assert outcome(execution, []) == (
        "Refused: confirm is missing. No wave finished. Never started: DBWave1, AppWave2, WebWave3."
    )


def test_a_failed_wave_says_why_and_a_superseded_execution_by_whom(make):
    """Each wave that ended badly has its reason."""
    execution = ended(
        make,
        {"status": W.FAILED, "failure": "none of its 2 servers launched: access denied!"},
        {"status": W.SKIPPED},
        {"status": W.SKIPPED},
        superseded_by=OTHER,
    )
    texts = outcome(execution, launched(make, 0))
    assert texts.startswith(f"Superseded by execution {OTHER}. No wave finished. 0 of 6 servers launched.")
    assert "DBWave1 FAILED: none of its 2 servers launched: access denied! Never" in texts


def test_a_partial_wave_has_finished_and_says_who_is_missing(make):
    """PARTIAL met its policy; its reason is shown all the same."""
    execution = ended(
        make,
        {"status": W.PARTIAL, "failure": "1 of its 2 servers did not launch: optional host-0-1: no capacity"},
        {"status": W.COMPLETED},
        {"status": W.COMPLETED},
    )
    assert outcome(execution, launched(make, 5)) == (
        "Finished: DBWave1, AppWave2, WebWave3. 5 of 6 servers launched. DBWave1 PARTIAL: 1 of its 2 servers "
        "did not launch: optional host-0-1: no capacity."
    )


def test_a_wave_that_failed_and_stopped_nothing_says_so(make):
    """Whoever wonders why later waves ran finds the plan's own word."""
    execution = ended(
        make,
        {"status": W.TIMED_OUT, "on_failure": "continue", "failure": "still runs in DRS: drsjob-1"},
        {"status": W.COMPLETED},
        {"status": W.COMPLETED},
    )
    texts = outcome(execution, launched(make, 4))
    assert "DBWave1 TIMED_OUT (on_failure: continue): still runs in DRS: drsjob-1." in texts


def test_what_fits_no_ending_is_called_inconsistent(make):
    """Skipped waves without a reason are a bug, and said to be one."""
    execution = ended(make, {"status": W.COMPLETED}, {"status": W.SKIPPED}, {"status": W.SKIPPED})
    assert outcome(execution, launched(make, 2)).endswith(
        "The record is inconsistent: 3 waves were promised, on record are DBWave1 COMPLETED, "
        "AppWave2 SKIPPED, WebWave3 SKIPPED."
    )
