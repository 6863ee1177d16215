"""The process: ``python -m simulator``."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import boto3
import httpx
import pytest

from simulator.__main__ import main

INCLUDE = Path(__file__).parents[2] / "include"
READY = "Local AWS is ready at "


@contextmanager
def _process(*options):
    environment = os.environ | {"PYTHONPATH": str(INCLUDE)}
    command = [sys.executable, "-m", "simulator", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, process.stdout.readline().strip().removeprefix(READY)
        finally:
            process.kill()


def test_the_process_says_where_it_listens_and_ends_when_told_to():
    """It answers at the address of its ready line, at the speed of demos, and ends by SIGTERM with 0."""
    with _process("--port", "0") as (process, url), httpx.Client(trust_env=False) as http:
        assert http.get(f"{url}/simulator/clock").json()["speed"] == 60
        drs = boto3.client(
            "drs",
            region_name="eu-west-1",
            endpoint_url=url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        assert len(drs.describe_source_servers()["items"]) == 13
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_time_can_stand_still_from_the_start_and_the_run_be_repeated():
    """``--speed manual --seed 7``: no second passes by itself, and the first job's id is known."""
    ids = []
    for _ in range(2):
        options = ("--port", "0", "--speed", "manual", "--seed", "7")
        with _process(*options) as (_, url), httpx.Client(trust_env=False) as http:
            assert http.get(f"{url}/simulator/clock").json()["speed"] == "manual"
            drs = boto3.client(
                "drs",
                region_name="eu-west-1",
                endpoint_url=url,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
            )
            servers = [{"sourceServerID": "s-000000000000db001"}]
            ids.append(drs.start_recovery(sourceServers=servers)["job"]["jobID"])
    assert ids[0] == ids[1]


def test_a_port_in_use_is_one_clear_line(capsys):
    """It ends with 2, names the address and says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert (
        capsys.readouterr().err == f"simulator: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


def test_a_fleet_that_cannot_be_read_is_one_clear_line(capsys):
    """It ends with 2 and does not start half loaded."""
    assert main(["--port", "0", "--fleet", "/none.yaml"]) == 2
    assert capsys.readouterr().err == "simulator: /none.yaml: No such file or directory\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "99999"], "'99999': allowed are 0 to 65535"),
        (["--speed", "warp"], "speed 'warp': allowed are 'immediate', 'real'"),
    ],
    ids=["port", "speed"],
)
def test_options_that_cannot_be_read_are_refused(options, message, capsys):
    """It ends with 2, and the message has the value and what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
