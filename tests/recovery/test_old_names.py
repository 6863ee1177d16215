"""What Airflow keeps of release 0.1 by name, in its database and in DAG versions, is found by that name."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

import pytest

import recovery

OLD_CLASSES = (
    "recovery.aws.triggers.drs.DrsJobTrigger",
    "recovery.dag.bundle.SnapshotDagBundle",
    "recovery.dag.executor.RevokingLocalExecutor",
    "recovery.tasks.gate_trigger.GateTrigger",
    "recovery.tasks.waking.FirstWay",
    "recovery.tasks.wave_trigger.WaveTrigger",
)
"""Class paths of waiting triggers, and those that settings name."""

OLD_FUNCTIONS = (
    "recovery.dag.clean_up.clean_up_dag",
    "recovery.dag.loader.load_dags",
    "recovery.dag.maintenance.maintenance_dag",
    "recovery.dag.shards.shard_of_file",
    "recovery.dag.trouble.trouble_dag",
)
"""What the files of a DAG version call."""


@pytest.mark.parametrize("path", [*OLD_CLASSES, *OLD_FUNCTIONS])
def test_what_was_kept_by_name_is_found(path: str) -> None:
    """It is the very object of today, and its module keeps its own name."""
    module, _, name = path.rpartition(".")
    found = getattr(import_module(module), name)
    today = sys.modules[found.__module__]
    assert getattr(today, name) is found
    assert today.__name__.startswith("drs_recovery.")
    assert today.__spec__ is not None
    assert today.__spec__.name == today.__name__


def test_a_module_that_never_was_is_not_found() -> None:
    """A misspelt name fails as any other does."""
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        import_module("recovery.no_such_module")


def test_nothing_of_today_uses_the_old_name() -> None:
    """It goes with the last release that an execution can still be in flight from."""
    include = Path(recovery.__file__).parents[1]
    using = [
        path.name
        for package in ("drs_recovery", "drs_simulator", "launcher")
        for path in (include / package).rglob("*.py")
        if "import recovery\n" in path.read_text() or "from recovery" in path.read_text()
    ]
    assert using == []
