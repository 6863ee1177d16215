"""What tasks import is imported before the processes fork that run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from drs_recovery.dag import preload

ROOT = Path(__file__).parents[3]
CODE = """
import sys
from drs_recovery.dag.plugin import RecoveryPlugin
from drs_recovery.dag import preload
assert "drs_recovery.dag.loader" not in sys.modules, "the plugin alone must not import it"
for listener in RecoveryPlugin.listeners:
    listener.on_starting()
assert set(preload.MODULES) <= set(sys.modules)
"""


def test_a_component_that_starts_imports_what_its_tasks_need(tmp_path: Path) -> None:
    """The plugin's listener does; loading the plugin does not yet."""
    env = os.environ | {"PYTHONPATH": str(ROOT / "include"), "AIRFLOW_HOME": str(tmp_path)}
    ran = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr


def test_it_is_done_once() -> None:
    """A process that was forked from a prepared one does nothing again."""
    preload.prepare.cache_clear()
    preload.on_starting()
    preload.on_starting()
    assert preload.prepare.cache_info().misses == 1
