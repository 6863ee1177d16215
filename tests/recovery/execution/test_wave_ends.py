"""The sensor ends a wave once, only as a sensor may, and only one that was started."""

from __future__ import annotations

import pytest

from drs_recovery.errors import TransitionRefused
from drs_recovery.record.enums import EventType, LaunchStatus, WaveStatus
from drs_recovery.store.programs import start_recovery, wait_for_recovery
from drs_recovery.store.queries import read_execution
from drs_recovery.store.servers import read_servers
from tests.recovery.execution.stored import at

W, L = WaveStatus, LaunchStatus


def test_ending_a_wave_twice_is_ending_it_once_and_it_stays_ended(polled):
    """A retried sensor finds its verdict; another verdict is refused."""
    event = polled.make.event(EventType.WAVE_ENDED, 0, attempt=1)
    first = polled.store.run(
        wait_for_recovery.write_end(
            polled.id, 0, 1, at(polled, L.FAILED), W.FAILED, failure="none", event=event
        )
    )
    before = polled.items()
    again = event.replace(time=polled.make.time())
    assert (
        polled.store.run(
            wait_for_recovery.write_end(polled.id, 0, 1, [], W.FAILED, failure="other", event=again)
        )
        == first
    )
    with pytest.raises(TransitionRefused, match="is FAILED and cannot become COMPLETED"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 0, 1, polled.launched(0), W.COMPLETED))
    assert polled.items() == before


@pytest.mark.parametrize("shown", [False, True], ids=["without", "with an end"])
def test_r21_a_wave_that_timed_out_leaves_its_servers_without_an_end(polled, shown):
    """TIMED_OUT is not FAILED: those servers are still being launched by DRS, whatever the sensor says."""
    end = {"end_time": polled.make.time()} if shown else {}
    wave = polled.store.run(
        wait_for_recovery.write_end(
            polled.id,
            0,
            1,
            at(polled, L.IN_PROGRESS, **end),
            W.TIMED_OUT,
            failure="drsjob-0 still runs in DRS",
        )
    ).wave(0)
    assert (wave.status, wave.failure) == (W.TIMED_OUT, "drsjob-0 still runs in DRS")
    assert all(server.end_time is None for server in polled.store.run(read_servers(polled.id, 0)))


@pytest.mark.parametrize("status", [W.PENDING, W.PAUSED, W.STARTED, W.SKIPPED, W.CANCELLED])
def test_the_sensor_ends_a_wave_only_as_a_sensor_may(polled, status):
    """Other statuses are other writers'."""
    before = polled.items()
    for wave in (0, 1):
        with pytest.raises(TransitionRefused):
            polled.store.run(wait_for_recovery.write_end(polled.id, wave, 1, polled.launched(wave), status))
    assert polled.items() == before


def test_r16_a_wave_that_was_never_started_is_not_ended(polled):
    """Submitted is not done, and not submitted even less."""
    with pytest.raises(TransitionRefused, match="from PENDING to COMPLETED"):
        polled.store.run(wait_for_recovery.write_end(polled.id, 1, 1, polled.launched(1), W.COMPLETED))
    assert polled.store.run(read_servers(polled.id, 1)) == polled.make.servers()[2:4]


@pytest.mark.parametrize("status", [W.COMPLETED, W.FAILED])
def test_no_sensor_ends_a_wave_whose_first_job_is_being_asked_for(world, status):
    """It read that nothing is to start; a start that lives on has announced a job since."""
    world = world.frozen()
    world.store.run(start_recovery.intend(world.id, 0, world.make.intent(0)))
    with pytest.raises(TransitionRefused, match="is being started"):
        world.store.run(wait_for_recovery.write_end(world.id, 0, 1, world.launched(0), status))
    assert world.store.run(read_execution(world.id)).wave(0).open_intents
