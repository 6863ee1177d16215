"""The package's name in release 0.1: what that release opened imports it until it ends, upgrade or not.

Airflow keeps class paths of waiting triggers in its database, and of each DAG version the files as they were.
Each module of then is the module of today under another name; nothing of today imports it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

MOVED = {
    "recovery.dag.bundle": "drs_recovery.dag.files.bundle",
    "recovery.dag.shards": "drs_recovery.dag.files.shards",
    "recovery.dag.trouble": "drs_recovery.dag.files.trouble",
}
"""Modules that are elsewhere today; the others are under the same name in ``drs_recovery``."""


class _Renamed(MetaPathFinder, Loader):
    """Finds and loads a module of today by its name of then."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        renamed = fullname.startswith("recovery.") and fullname != "recovery.__main__"
        return ModuleSpec(fullname, self) if renamed else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(MOVED.get(spec.name, f"drs_{spec.name}"))
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Give it back its own name; it ran under that."""
        module.__spec__ = module.__spec__ and module.__spec__.loader_state


sys.meta_path.insert(0, _Renamed())
