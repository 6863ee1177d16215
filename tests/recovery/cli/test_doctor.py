"""`doctor` says what is not as it should be, with its cure, and never calls right what it did not see."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from typer.testing import CliRunner

from drs_recovery.cli.app import app
from drs_recovery.cli.doctor import AIRFLOW, AWS, version
from drs_recovery.dag.files.division import digest_of
from drs_recovery.dag.files.kept import KeptSnapshots, snapshots_at
from drs_recovery.report.airflow_settings import LEANED_ON
from drs_recovery.settings import settings
from launcher.environment import AIRFLOW_SETTINGS, CELERY_SETTINGS
from launcher.settings_file import read_settings_file
from tests.recovery.cli import well
from tests.recovery.cli.airflow_stub import DROP
from tests.recovery.cli.cli_surroundings import NO_AIRFLOW, found, recovery
from tests.recovery.cli.spoilt import AIRFLOW_WELL_BUT
from tests.recovery.cli.spoilt_aws import AWS_WELL_BUT, archiving
from tests.recovery.cli.spoilt_workers import WORKERS_WELL_BUT, odd_settings

if TYPE_CHECKING:
    from tests.recovery.cli.spoilt import World

WELL_BUT = AIRFLOW_WELL_BUT | WORKERS_WELL_BUT | AWS_WELL_BUT
PROJECT = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]


def test_all_is_well(world: World) -> None:
    """Every check says so, in its line; nothing is changed."""
    before = len(world.control.requests())
    result = recovery("doctor")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "All is well."
    assert {state for _, state in found()} == {"ok"}
    assert {name for name, _ in found()} == {*AIRFLOW, *AWS}
    asked = {one["operation"] for one in world.control.requests()[before:]}
    assert all(name.startswith(("Describe", "Get", "Query")) for name in asked)
    assert {request.split()[0] for request, _ in world.stub.requests} == {"GET"}


@pytest.mark.parametrize("case", WELL_BUT)
def test_what_is_wrong_is_found_with_its_cure(world: World, case: str) -> None:
    """One thing at a time; the exit code tells faults from what merely warns."""
    spoil, check, state, text = WELL_BUT[case]
    spoil(world)
    result = found()
    assert (check, state) in result, result
    assert re.search(text, result[check, state]), result[check, state]
    faults = any(state == "fault" for _, state in result)
    assert recovery("doctor").exit_code == int(faults)


def test_an_airflow_that_does_not_answer_keeps_nothing_else_from_being_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 4; what was not looked at is named, and is not ok."""
    monkeypatch.setenv("RECOVERY_AIRFLOW_URL", NO_AIRFLOW)
    settings.cache_clear()
    result = found()
    assert ("version", "fault") in result
    assert {(name, "unknown") for name in [*AIRFLOW][1:]} <= result.keys()
    assert {(name, "ok") for name in AWS} <= result.keys()
    assert recovery("doctor").exit_code == 4


@pytest.mark.parametrize(
    "broken", [(500, "Oops\nin PostgreSQL"), (200, {"slots": "many"})], ids=["a lasting 500", "no number"]
)
def test_one_answer_that_is_none_keeps_no_other_from_being_asked_for(
    world: World, no_waiting: None, broken: tuple[int, Any]
) -> None:
    """Airflow is there: it has answered others. What it said is shown, whole."""
    world.stub.on("GET /api/v2/pools/recovery", broken)
    result = found()
    assert re.search("Oops in PostgreSQL|PoolSeen slots: .* integer", result.pop(("pool", "unknown")))
    assert {state for _, state in result} == {"ok"}
    assert recovery("doctor").exit_code == 0


def test_an_airflow_that_goes_away_is_asked_no_more(world: World, no_waiting: None) -> None:
    """Each look would wait for it."""
    world.stub.on("GET /api/v2/pools/recovery", (DROP, None))
    result = found()
    assert "make up" in result["pool", "fault"]
    assert {("plugin", "unknown"), ("DAGs", "unknown"), ("table", "ok")} <= result.keys()
    assert recovery("doctor").exit_code == 4


def test_what_nobody_expected_ends_nothing_and_tells_no_secret(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bug, or words of a library that nobody knows: shown is of which kind it is, and how to see more."""

    def look(_: object) -> Any:
        raise ValueError("Port could not be cast to integer value as 'hunter2'")

    monkeypatch.setitem(cast("dict[str, Any]", AIRFLOW), "pool", look)
    result = found()
    assert re.search("looked at: ValueError.*RECOVERY_DEBUG=1", result.pop(("pool", "unknown")))
    assert {state for _, state in result} == {"ok"}
    shown = recovery("doctor")
    assert (shown.exit_code, "hunter2" in shown.output) == (0, False)
    monkeypatch.setenv("RECOVERY_DEBUG", "1")
    assert "in look" in recovery("doctor").stderr


def test_an_address_of_sts_that_is_none_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Botocore repeats it, with who signs in there."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "me:hunter2@nowhere")
    result = found()
    assert "AWS_ENDPOINT_URL_STS" in result["rights", "unknown"]
    assert "hunter2" not in str(result)
    assert ("rights", "ok") in result


def test_a_date_that_is_none_ends_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands between this machine and AWS may send one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", world.stub.url)
    world.stub.date = "yesterday"
    result = found()
    assert "no date" in result["clocks", "unknown"]
    assert "404" in result["table", "fault"]


def test_a_snapshot_that_is_in_its_store_is_well(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is found from here; what Airflow logs meanwhile is not in the JSON."""
    contents = {"x.py": b"import os"}
    version = digest_of(contents, 40)
    KeptSnapshots(snapshots_at(str(tmp_path), None, "dags-folder")).store(version, contents)
    well.maintenance(world.stub, bundle_version=version)
    well.says(world.stub, well.said(bundles=[well.BUNDLE | {"store": str(tmp_path)}]))
    fetch = KeptSnapshots.fetch

    def loud(kept: KeptSnapshots, wanted: str) -> dict[str, bytes]:
        sys.stdout.write("[2026-11-27] INFO - loaded")
        return fetch(kept, wanted)

    monkeypatch.setattr(KeptSnapshots, "fetch", loud)
    assert found()["snapshots", "ok"].startswith(f"from here {version} is in {tmp_path}/dags-folder")


def test_an_archive_that_all_know_and_a_table_that_removes_are_well(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `init` makes it where the archive is set."""
    archiving(world)
    monkeypatch.setenv("RECOVERY_ARCHIVE", "s3://archive")
    settings.cache_clear()
    assert "RECOVERY_ARCHIVE is set for" not in found()["table", "warning"]
    assert recovery("init", "--table-only").exit_code == 0
    assert ("table", "ok") in found()


def test_without_a_user_what_everybody_sees_is_seen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of Airflow is unknown, which is no fault of it."""
    monkeypatch.delenv("RECOVERY_AIRFLOW_TOKEN")
    settings.cache_clear()
    result = found()
    assert ("components", "ok") in result
    assert "--user NAME" in result["user", "unknown"]
    assert ("pool", "unknown") in result
    assert recovery("doctor").exit_code == 0


def test_a_table_that_does_not_answer_ends_what_needs_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow is looked at all the same."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    result = found()
    assert "Could not connect" in result["table", "fault"]
    assert {("records", "unknown"), ("rights", "unknown"), ("clocks", "unknown")} <= result.keys()
    assert ("pool", "ok") in result
    assert recovery("doctor").exit_code == 4


@pytest.mark.parametrize("columns", [60, 80, 200])
def test_no_line_is_longer_than_the_screen(world: World, columns: int) -> None:
    """A sentence is broken, and stays under its beginning."""
    odd_settings(world)
    shown = CliRunner().invoke(app, ["doctor"], env={"COLUMNS": str(columns)}).stdout.splitlines()
    assert max(map(len, shown)) <= columns
    assert [line for line in shown if line.lstrip().startswith("→")]


def test_the_range_of_airflow_is_that_of_the_package() -> None:
    """As pip holds it to."""
    (demanded,) = (one for one in PROJECT["dependencies"] if one.startswith("apache-airflow>"))
    low, high = (".".join(map(str, number)) for number in (version.OLDEST, version.FIRST_REFUSED))
    assert demanded == f"apache-airflow>={low},<{high}"


def test_the_settings_that_are_shipped_fit() -> None:
    """They have all that the product leans on, but for those of other bundles, a default and the address.

    ``celery.env`` is read after ``airflow.env``.
    """
    shipped = read_settings_file(AIRFLOW_SETTINGS) | read_settings_file(CELERY_SETTINGS)
    names = {one: one.variable.partition("=")[0] for one in LEANED_ON if one.bundles != "others"}
    assert {name for name in names.values() if name not in shipped} == {
        "AIRFLOW__API__BASE_URL",  # each installation's own
        "AIRFLOW__DAG_PROCESSOR__DISABLE_BUNDLE_VERSIONING",  # Airflow's default
    }
    odd = [one for one, name in names.items() if name in shipped and not one.fits(shipped[name])]
    assert odd == []
    assert all(one.fits(one.shipped) for one in LEANED_ON)
