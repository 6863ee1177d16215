"""An upgrade in the middle of executions, and back: ``make upgrade FROM=v0.2.0``, on a real stack.

The release of a tag opens a drill and a recovery, which wait at their gates, and a drill whose job runs in
DRS; then this release takes over Airflow's database and the table, and ends all three. And the other way
round. Both run with the packages of this release's ``.venv``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
from rich.console import Console

from drs_simulator.client import Control
from launcher.ports import choose_ports
from tests.airflow_rest import HOLD, Airflow, until
from tests.integration.records import Records, statuses
from tests.simulator.process import simulator_process

if TYPE_CHECKING:
    from collections.abc import Iterator

console = Console(highlight=False)
ROOT = Path(__file__).parents[3]
ACCOUNT = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
PLAN = """\
name: {name}
description: For upgrades.
owner: tests
region: eu-west-1
approvers: [alice, bob]
waves:
  - name: First
    servers: [{first}]
  - name: Second
    pause_before_wave: {pause}
    servers: [{second}]
"""
SERVERS = {
    "drill": ("s-000000000000db001", "s-00000000000app001", "true"),
    "recovery": ("s-000000000000db002", "s-00000000000app002", "true"),
    "running": ("s-00000000000web001", "s-00000000000web002", "false"),
}
"""The servers of both waves of each plan, and whether its second waits at a gate."""

START = """
import sys
from pathlib import Path
from launcher import stack

home, plans, airflow, aws = sys.argv[1:]
stack.LOCAL_AWS = ("python", "-c", "import time; time.sleep(10**6)")  # local AWS outlives each release
stack.Stack._local_aws_options = lambda _: ()
stack.choose_ports = lambda _: {"AIRFLOW_PORT": int(airflow), "LOCAL_AWS_PORT": int(aws)}
stack.Stack(Path(home), plans=Path(plans)).start()
"""
STOP = (
    "import sys; from pathlib import Path; from launcher.stack import Stack; Stack(Path(sys.argv[1])).stop()"
)


class Installation:
    """One home, with one table, that releases take over from one another."""

    def __init__(self, home: Path) -> None:
        self.home, self.plans = home, home / "plans"
        self.plans.mkdir(parents=True)
        for name, (first, second, pause) in SERVERS.items():
            text = PLAN.format(name=name.title(), first=first, second=second, pause=pause)
            (self.plans / f"{name}.yaml").write_text(text)
        ports = choose_ports({"AIRFLOW_PORT": 0, "LOCAL_AWS_PORT": 0})
        self.airflow_port, self.aws_port = ports["AIRFLOW_PORT"], ports["LOCAL_AWS_PORT"]
        self.aws_url = f"http://127.0.0.1:{self.aws_port}"

    def start(self, release: Path) -> None:
        """Start a release on it, and return when all is healthy."""
        ports = (str(self.airflow_port), str(self.aws_port))
        _python(release, START, str(self.home), str(self.plans), *ports)

    def stop(self, release: Path) -> None:
        """Stop all of a release but local AWS."""
        _python(release, STOP, str(self.home))

    def client(self, service: str) -> Any:
        """Return a client of its local AWS."""
        return boto3.client(service, region_name="eu-west-1", endpoint_url=self.aws_url, **ACCOUNT)

    @contextmanager
    def local_aws(self) -> Iterator[Control]:
        """Run local AWS, which no release stops."""
        with (
            simulator_process("--port", str(self.aws_port), "--speed", "immediate") as (_, url),
            Control(url) as control,
        ):
            yield control


def _environment(release: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(release / "include")}


def _python(release: Path, code: str, *arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=release, env=_environment(release), check=True
    )


def take_over(installation: Installation, control: Control, before: Path, after: Path) -> None:
    """Open three executions by the release that runs, and end them by the other one."""
    file = installation.home / "simple_auth_manager_passwords.json.generated"
    password = json.loads(file.read_text())["alice"]
    url = f"http://127.0.0.1:{installation.airflow_port}"
    alice, records = Airflow(url, "alice", password), Records(installation.client("dynamodb"))
    control.clear_requests()
    asked = {"recovery": {"execution_type": "RECOVERY", "confirm": "recovery", "reason": "upgrade"}}
    runs = {}
    for plan in ("drill", "recovery", "running"):
        control.set_speed("real" if plan == "running" else "immediate")
        runs[plan] = alice.trigger(plan, **asked.get(plan, {})).raise_for_status().json()["dag_run_id"]
        task = "first.wait_for_recovery" if plan == "running" else "second.approve"
        alice.wait_for_task(plan, runs[plan], task, "deferred", "awaiting_input", seconds=120)
    installation.stop(before)
    installation.start(after)
    control.set_speed("immediate")
    control.advance(3600)
    alice = Airflow(url, "alice", password)
    time.sleep(HOLD)
    for plan in ("drill", "recovery"):
        alice.answer(plan, runs[plan], "second.approve", reason="after the upgrade").raise_for_status()
    for plan, run_id in runs.items():
        state = alice.wait_for_end(plan, run_id, seconds=180)
        record = records.of_run(plan, run_id) or {}
        console.print(f"  {plan:10}{state:10}{record['status']:12}{' '.join(statuses(record))}")
        assert (state, record["status"]) == ("success", "COMPLETED"), record.get("outcome")
    sent = [call["parameters"]["sourceServers"] for call in control.requests(operation="StartRecovery")]
    assert sorted(one["sourceServerID"] for call in sent for one in call) == sorted(
        server for first, second, _ in SERVERS.values() for server in (first, second)
    ), sent
    drs = installation.client("drs")
    ids = [one["recoveryInstanceID"] for one in drs.describe_recovery_instances()["items"]]
    drs.terminate_recovery_instances(recoveryInstanceIDs=ids)
    until("no recovery instance", lambda: not drs.describe_recovery_instances()["items"])


def main(tag: str) -> None:
    """Upgrade from a tag, and go back to it."""
    with TemporaryDirectory(prefix="recovery-upgrade-") as folder:
        older, installation = Path(folder) / "older", Installation(Path(folder) / "home")
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", str(older), tag], check=True)
        running = older
        try:
            with installation.local_aws() as control:
                try:
                    installation.start(older)
                    for text, after in ((f"from {tag} to this release", ROOT), (f"back to {tag}", older)):
                        console.print(text)
                        take_over(installation, control, running, after)
                        running = after
                finally:
                    installation.stop(running)
        finally:
            subprocess.run([*git, "remove", "--force", str(older)], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
