"""Airflow gets the plugin once, wherever it finds the product."""

from __future__ import annotations

import runpy
from importlib.metadata import Distribution, PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.plugins_manager import is_valid_plugin

from drs_recovery.dag import plugin

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[3]
ENTRY = f"[{plugin.GROUP}]\nrecovery = drs_recovery.dag.plugin:RecoveryPlugin\n"


class Installed(Distribution):
    """A package that is installed, with some entry points."""

    def __init__(self, entry_points: str) -> None:
        self._entry_points = entry_points

    def read_text(self, filename: str) -> str | None:
        return self._entry_points if filename == "entry_points.txt" else None

    def locate_file(self, path: Any) -> Any:
        raise NotImplementedError


def nowhere(name: str) -> Distribution:
    """Find no package."""
    raise PackageNotFoundError(name)


@pytest.mark.parametrize(
    ("find", "plugins"),
    [
        (lambda _: Installed(ENTRY), []),
        (
            lambda _: Installed("[console_scripts]\nrecovery = drs_recovery.cli.app:main\n"),
            [plugin.RecoveryPlugin],
        ),
        (nowhere, [plugin.RecoveryPlugin]),
    ],
    ids=["installed", "installed by a release before", "only on the path"],
)
def test_the_folder_has_it_only_where_no_entry_point_has(
    monkeypatch: pytest.MonkeyPatch, find: Callable[[str], Distribution], plugins: list[type]
) -> None:
    """Airflow shows an error of a plugin that is found twice."""
    monkeypatch.setattr(plugin, "distribution", find)
    names = runpy.run_path(str(ROOT / "plugins" / "recovery_plugin.py"))
    assert [one for one in names.values() if is_valid_plugin(one)] == plugins
