"""A whole drill by the AWS SDK for JavaScript, which checks and reads answers in its own way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("javascript")


@pytest.fixture(scope="session")
def script():
    """Give the path of the drill beside the SDK, which npm installs once, outside the repository."""
    content = b"".join(path.read_bytes() for path in sorted(SOURCE.iterdir()))
    name = f"drill-by-javascript-{os.getuid()}-{hashlib.sha256(content).hexdigest()[:12]}"
    installed = Path(tempfile.gettempdir(), name)
    if not installed.exists():
        with tempfile.TemporaryDirectory(prefix="javascript-") as made:
            new = shutil.copytree(SOURCE, Path(made, "drill"))
            command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
            done = subprocess.run(command, cwd=new, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            if not installed.exists():
                shutil.move(new, installed)
    return installed / "drill.mjs"


@pytest.mark.skipif(not (shutil.which("node") and shutil.which("npm")), reason="there is no Node.js here")
def test_a_drill_by_javascript(local_aws, script):
    """Every call and answer is one that the SDK takes; what it saw is what boto3 sees."""
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    seen = json.loads(done.stdout)
    drs, ec2 = local_aws.client("drs"), local_aws.client("ec2")

    ids = {server["sourceServerID"] for server in drs.describe_source_servers()["items"]}
    assert {server["sourceServerID"] for server in seen["servers"]} == ids
    assert len(seen["templates"]) == len(ids)
    participating = seen["job"]["participatingServers"]
    assert {s["sourceServerID"] for s in participating if s["launchStatus"] == "LAUNCHED"} == ids
    assert {"JOB_START", "SNAPSHOT_END", "LAUNCH_START", "JOB_END"} <= {item["event"] for item in seen["log"]}
    assert {instance["Monitoring"]["State"] for instance in seen["instances"]} == {"enabled"}
    assert seen["left"] == []

    jobs = {job["jobID"]: job for job in drs.describe_jobs()["items"]}
    assert jobs[seen["job"]["jobID"]]["tags"] == {"by": "javascript"}
    launched = [instance["InstanceId"] for instance in seen["instances"]]
    reservations = ec2.describe_instances(InstanceIds=launched)["Reservations"]
    assert {i["State"]["Name"] for r in reservations for i in r["Instances"]} == {"terminated"}
