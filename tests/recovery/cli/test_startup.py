"""The command line starts at once: what it does not need is not imported."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPT = """
import json, sys
from drs_recovery.cli.app import app
try:
    app(sys.argv[1:], prog_name="recovery")
except SystemExit as end:
    code = end.code
heavy = {"airflow", "boto3", "httpx", "moto", "fastapi", "sqlalchemy", "drs_recovery.plan"}
known = {name.partition(".")[0] for name in sys.modules} | set(sys.modules)
print(json.dumps([code, sorted(heavy & known)]), file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("arguments", "code", "imported"),
    [
        (["--help"], 0, []),
        (["run", "--help"], 0, []),
        (["check", "dags/plans"], 0, ["drs_recovery.plan"]),
        (["preview", "--help"], 0, []),
        (["list"], 4, ["boto3"]),
        (["whoami", "--user", "nobody"], 2, ["httpx"]),
    ],
    ids=["help", "help of a command", "check", "help of one that asks DRS", "list", "whoami"],
)
def test_a_command_imports_what_it_needs(
    arguments: list[str], code: int, imported: list[str], tmp_path: Path
) -> None:
    """`check` needs the plan package alone, and nothing needs Airflow."""
    environment = {
        "PYTHONPATH": str(ROOT / "include"),
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AIRFLOW_HOME": str(tmp_path),
    }
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        check=True,
    )
    assert json.loads(ran.stderr.splitlines()[-1]) == [code, imported]


def test_a_command_ends_without_a_search_for_garbage(tmp_path: Path) -> None:
    """All that was imported is set aside by then."""
    script = (
        "import atexit, gc, sys; sys.argv = ['recovery', '--help'];"
        "atexit.register(lambda: print(gc.get_freeze_count(), file=sys.stderr));"
        "from drs_recovery.cli.app import main; main()"
    )
    environment = {"PYTHONPATH": str(ROOT / "include"), "AIRFLOW_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, env=environment, check=True
    )
    assert int(ran.stderr) > 0
