"""What tasks import and read is there before the processes fork that run them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
from drs_recovery.text.markdown import compiled
assert compiled.cache_info().currsize, "the page of a plan is compiled"
"""
CLIENTS = """
import asyncio
from botocore.loaders import JSONFileLoader
from drs_recovery.dag import preload
preload.on_starting()
read = []
of_one_file = JSONFileLoader.load_file
def load_file(self, file_path):
    read.append(file_path)
    return of_one_file(self, file_path)
JSONFileLoader.load_file = load_file
from drs_recovery.aws.hooks.drs import DrsHook
from drs_recovery.tasks.connections import table_hook
async def connect(hook):
    async with await hook.get_async_conn():
        pass
for hook in (DrsHook(aws_conn_id=None, region_name="eu-west-1"), table_hook()):
    assert hook.conn.meta.region_name == "eu-west-1"
    asyncio.run(connect(hook))
assert not read, read
"""


def test_a_component_that_starts_imports_what_its_tasks_need(tmp_path: Path) -> None:
    """The plugin's listener does, and compiles a plan's page; loading the plugin does neither yet."""
    assert _failure(CODE, tmp_path) is None


def test_a_client_of_aws_reads_no_model_of_its_own(tmp_path: Path) -> None:
    """Neither one of a task nor one of the triggerer does, though each has a session of its own."""
    assert _failure(CLIENTS, tmp_path) is None


@pytest.mark.parametrize(
    "trouble",
    ["os.environ['AWS_PROFILE'] = 'nowhere'", "sys.modules['airflow.providers.amazon.aws.hooks'] = None"],
    ids=["no such profile", "no Amazon provider"],
)
def test_a_component_starts_where_clients_of_aws_cannot_be_made(trouble: str, tmp_path: Path) -> None:
    """Who needs a client is told; a scheduler that runs other people's DAGs as well needs none."""
    starts = "from drs_recovery.dag import preload; preload.on_starting()"
    assert _failure(f"import os, sys; {trouble}; {starts}", tmp_path) is None


def test_it_is_done_once() -> None:
    """A process that was forked from a prepared one does nothing again."""
    preload.prepare.cache_clear()
    preload.on_starting()
    preload.on_starting()
    assert preload.prepare.cache_info().misses == 1


def _failure(code: str, home: Path) -> str | None:
    """What a new process that runs code says as it fails; None if it does not."""
    env = os.environ | {
        "PYTHONPATH": str(ROOT / "include"),
        "AIRFLOW_HOME": str(home),
        "AWS_DEFAULT_REGION": "eu-west-1",
        "RECOVERY_TABLE_REGION": "eu-west-1",
    }
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False)
    return ran.stderr if ran.returncode else None
