"""Plans share no fate: what happens to the process that reads a DAG file hurts no plan of another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest
import structlog
from airflow import settings as airflow_settings
from airflow.dag_processing.processor import DagFileParseRequest, _parse_file

from drs_recovery.dag import loader
from drs_recovery.dag.files.folder import read_folder
from drs_recovery.dag.files.shards import shard_of_plan
from drs_recovery.dag.files.snapshot import take_snapshot
from tests.recovery.dag.dag_files import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from airflow.sdk import DAG

    from drs_recovery.plan import Plan

PLAN = (ROOT / "dags" / "plans" / "file_server.yaml").read_text()
PLANS = [f"plan_{number}" for number in range(40)]
POISON = "plan_7"


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    """A snapshot of many plans."""
    plans = tmp_path / "dags" / "plans"
    plans.mkdir(parents=True)
    (plans.parent / "recovery_plans.py").write_text((ROOT / "dags" / "recovery_plans.py").read_text())
    for stem in PLANS:
        (plans / f"{stem}.yaml").write_text(PLAN)
    return tmp_path / "versions" / take_snapshot(read_folder(plans.parent), tmp_path / "versions", None)


def killed() -> None:
    """As by the system, when memory is short, or by a fault of a library."""
    os.kill(os.getpid(), signal.SIGKILL)


def for_ever() -> None:
    """Longer than Airflow gives a file."""
    time.sleep(3600)


def without_memory() -> None:
    """What Python tells of itself."""
    raise MemoryError


@pytest.mark.parametrize("happens", [killed, for_ever])
def test_what_happens_to_the_reading_of_one_plan_is_of_no_matter_to_those_of_other_files(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]
) -> None:
    """Read as Airflow's DAG processor does, each file in a process of its own."""
    poisoned(monkeypatch, happens)
    # However busy the machine is, only the file that never ends runs out of time
    soon = shard_of_plan(POISON).file
    monkeypatch.setattr(airflow_settings, "get_dagbag_import_timeout", lambda file: 2 * file.endswith(soon))
    there = {dag_id for file in snapshot.glob("recovery_plans_*.py") for dag_id in dags_of(file)}
    gone = {stem for stem in PLANS if shard_of_plan(stem) == shard_of_plan(POISON)}
    assert there == set(PLANS) - gone
    assert len(gone) < len(PLANS) / 10


def test_what_python_can_tell_is_reported_of_the_plan_alone(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other plans of its file are there, and it is there as invalid."""
    poisoned(monkeypatch, without_memory)
    there = set(dags_of(snapshot / shard_of_plan(POISON).file))
    assert there == {stem for stem in PLANS if shard_of_plan(stem) == shard_of_plan(POISON)}


def poisoned(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen where one plan's DAG is built."""
    build = loader.build_dag

    def building(plan: Plan, **kwargs: object) -> DAG:
        if plan.id == POISON:
            happens()
        return build(plan, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(loader, "build_dag", building)


def dags_of(file: Path) -> list[str]:
    """Return the DAG ids that Airflow gets of a file; none, if the process that reads it dies."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def read() -> None:
        request = DagFileParseRequest(file=str(file), bundle_path=file.parent, bundle_name="dags-folder")
        result = _parse_file(request, structlog.get_logger())
        assert result
        theirs.send([dag.dag_id for dag in result.serialized_dags])

    process = context.Process(target=read)
    process.start()
    theirs.close()
    try:
        found: list[str] = ours.recv()
    except EOFError:
        found = []
    process.join()
    return found
