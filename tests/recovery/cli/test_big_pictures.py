"""The picture of a large execution stays on the screen, with what runs and what failed in sight."""

from __future__ import annotations

import pytest

from drs_recovery.cli.progress import Canvas, picture
from drs_recovery.clock import now
from drs_recovery.record.enums import LaunchStatus, WaveStatus
from drs_recovery.record.models import Execution, WaveRecord
from drs_recovery.record.server_record import ServerRecord
from drs_recovery.report.snapshot import Snapshot, Target
from tests.recovery.cli.test_pictures import seen


def big(waves: int, servers: int, at: int) -> Snapshot:
    """Return a plan with many waves of which one is polled."""
    statuses = [WaveStatus.COMPLETED] * at + [WaveStatus.POLLING] + [WaveStatus.PENDING] * (waves - at - 1)
    records = tuple(
        WaveRecord(
            wave_number=number,
            wave_name=f"Wave{number:02}",
            status=status,
            start_time=now() if number <= at else None,
        )
        for number, status in enumerate(statuses)
    )
    execution = Execution(
        execution_id="00000000-0000-4000-8000-000000000000",
        plan_id="big",
        plan_name="Big",
        plan_hash="h",
        dag_run_id="r",
        execution_type="DRILL",
        status="POLLING",
        total_waves=waves,
        waves=records,
        start_time=now(),
    )
    fleet = [_server(number, wave) for wave in range(at + 1) for number in range(servers)]
    return Snapshot(Target("big", "r"), now(), execution, tuple(fleet))


def _server(number: int, wave: int) -> ServerRecord:
    status = LaunchStatus.FAILED if number == 7 else LaunchStatus.LAUNCHED
    id_ = f"s-{wave:08}{number:09}"
    host = f"a-rather-long-hostname-{wave}-{number}.shop.example"
    return ServerRecord(source_server_id=id_, hostname=host, wave_number=wave, launch_status=status)


@pytest.mark.parametrize("height", [24, 40])
def test_a_live_picture_fits_the_screen(height: int) -> None:
    """A picture that is longer than the screen cannot be drawn over itself."""
    for snapshot in (big(waves=100, servers=3, at=50), big(waves=3, servers=300, at=1), big(100, 20, 99)):
        shown = seen(picture(snapshot, Canvas(80, height)), 80)
        assert len(shown.splitlines()) <= height


def test_what_runs_and_what_failed_is_in_sight() -> None:
    shown = seen(picture(big(waves=100, servers=300, at=50), Canvas(80, 30)), 80)
    assert "Wave50" in shown
    assert "hostname-50-7" in shown, "the failed server goes before 299 launched ones"
    assert "more waves" in shown
    assert "LAUNCHED" in shown


def test_without_a_screen_nothing_is_left_out() -> None:
    shown = seen(picture(big(waves=100, servers=3, at=50), Canvas(120)), 120)
    assert all(f"Wave{number:02}" in shown for number in range(100))
    assert "more" not in shown
