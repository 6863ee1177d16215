"""The process: ``python -m drs_simulator``."""

from __future__ import annotations

import signal
import socket

import boto3
import httpx
import pytest

from drs_simulator.__main__ import main
from tests.simulator.process import simulator_process


def test_the_process_says_where_it_listens_and_ends_when_asked_to():
    """It answers at the address of its ready line, at the speed of demos, and ends by SIGTERM with 0."""
    with simulator_process("--port", "0") as (process, url), httpx.Client(trust_env=False) as http:
        assert http.get(f"{url}/simulator/clock").json()["speed"] == 60
        drs = boto3.client(
            "drs",
            region_name="eu-west-1",
            endpoint_url=url,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        assert len(drs.describe_source_servers()["items"]) == 16
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == 0


def test_a_port_in_use_is_one_clear_line(capsys):
    """It ends with 2, names the address and says why."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["--port", str(port)]) == 2
    assert (
        capsys.readouterr().err == f"simulator: cannot listen on 127.0.0.1:{port}: Address already in use\n"
    )


def test_an_address_that_is_not_there_is_one_clear_line(capsys):
    """It ends with 2, names the address and says why, in the system's words."""
    assert main(["--host", "nowhere.invalid", "--port", "0"]) == 2
    assert capsys.readouterr().err.startswith(
        "simulator: cannot listen on nowhere.invalid:0: Name or service"
    )


def test_the_large_fleet_is_selected_by_its_name():
    """All of its 4,000 servers come page by page, each once, from the process."""
    with simulator_process("--port", "0", "--fleet", "large") as (_, url):
        keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
        drs = boto3.client("drs", region_name="eu-west-1", endpoint_url=url, **keys)
        pages = list(drs.get_paginator("describe_source_servers").paginate())
        ids = [server["sourceServerID"] for page in pages for server in page["items"]]
        assert len(pages) == 20
        assert len(ids) == len(set(ids)) == 4000


def test_a_fleet_with_a_mistake_is_not_served(tmp_path, capsys):
    """It ends with 2 and the mistake's file, line and column: nothing is half loaded."""
    fleet = tmp_path / "fleet.yaml"
    fleet.write_text("account: '123456789012'\nregion: eu-west-1\nservers:\n- id: s-1\n  hostname: a\n")
    assert main(["--port", "0", "--fleet", str(fleet)]) == 2
    assert capsys.readouterr().err.startswith(f"simulator: {fleet}:4:7: servers.0.id: 's-1': allowed is s-")


def test_a_fleet_that_cannot_be_read_is_one_clear_line(capsys):
    """It ends with 2 and does not start half loaded."""
    assert main(["--port", "0", "--fleet", "/none.yaml"]) == 2
    assert (
        capsys.readouterr().err
        == "simulator: /none.yaml: No such file or directory; fleets with a name: large\n"
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--port", "99999"], "'99999': allowed are 0 to 65535"),
        (["--seed", "x"], "'x': allowed is a whole number"),
        (["--speed", "warp"], "speed 'warp': allowed are 'immediate', 'real'"),
    ],
    ids=["port", "seed", "speed"],
)
def test_options_that_cannot_be_read_are_refused(options, message, capsys):
    """It ends with 2, and the message has the value and what is allowed."""
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err
