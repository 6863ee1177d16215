"""Ports: taken ones are shown before anything is started."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from launcher.errors import SettingRefused
from launcher.ports import choose_ports
from launcher.stack import Stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def taken() -> Iterator[int]:
    """Give a port that something listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_a_port_in_use_is_named_with_its_setting_and_a_way_out(taken: int) -> None:
    """And with the process that has it."""
    with pytest.raises(SettingRefused) as refused:
        choose_ports({"AIRFLOW_PORT": taken, "LOCAL_AWS_PORT": 0})
    message = str(refused.value)
    assert f"AIRFLOW_PORT={taken}: port {taken} of 127.0.0.1 is in use" in message
    assert f"pid {os.getpid()}" in message
    assert f"AIRFLOW_PORT={taken + 1} make up" in message
    assert "LOCAL_AWS_PORT" not in message


def test_all_ports_in_use_are_named_at_once(taken: int) -> None:
    """Not one after the other, a try each."""
    with pytest.raises(SettingRefused, match=f"AIRFLOW_PORT={taken}.*\n?LOCAL_AWS_PORT={taken}"):
        choose_ports({"AIRFLOW_PORT": taken, "LOCAL_AWS_PORT": taken})


def test_nothing_is_started_when_a_port_is_in_use(taken: int, tmp_path: Path) -> None:
    """No database, no process, no state."""
    with pytest.raises(SettingRefused):
        Stack(tmp_path, aws_port=taken).start()
    assert {file.name for file in tmp_path.iterdir()} <= {"logs", "stack.lock"}


def test_free_ports_are_free_and_none_is_given_twice() -> None:
    """Even when many are asked for."""
    ports = choose_ports({f"PORT_{number}": 0 for number in range(20)})
    assert len(set(ports.values())) == 20
    with ExitStack() as held:
        for port in ports.values():
            held.enter_context(socket.create_server(("127.0.0.1", port)))


def test_a_port_whose_last_connection_just_closed_is_free() -> None:
    """`make down` and `make up` follow each other at once."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            server.accept()[0].close()
    assert choose_ports({"AIRFLOW_PORT": port}) == {"AIRFLOW_PORT": port}
