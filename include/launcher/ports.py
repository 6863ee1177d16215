"""Ports of this machine: free ones, and those that something else has taken."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress

import psutil

from launcher.environment import HOST
from launcher.errors import SettingRefused


def choose_ports(wanted: dict[str, int]) -> dict[str, int]:
    """Return a port per variable, a free one for 0; raises SettingRefused that names each port in use.

    All are held while the others are looked for, so no two are the same.
    """
    problems: list[str] = []
    chosen: dict[str, int] = {}
    with ExitStack() as held:
        for variable, port in wanted.items():
            listener = held.enter_context(socket.socket())
            # What is only closing down, or was a connection, does not keep a server from listening
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind((HOST, port))
            except OSError as error:
                problems.append(
                    f"{variable}={port}: {_why(port, error)}. Choose another one, or 0 for any that is free: "
                    f"{variable}={port + 1 if port else 0} make up"
                )
            else:
                chosen[variable] = listener.getsockname()[1]
    if problems:
        raise SettingRefused("\n".join(problems))
    return chosen


def _why(port: int, error: OSError) -> str:
    return f"port {port} of {HOST} is in use{_holder(port)}" if _listens(port) else f"{HOST}:{port}: {error}"


def _listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((HOST, port)) == 0


def _holder(port: int) -> str:
    """Name the process that listens, where this system lets us see it."""
    with suppress(psutil.Error, OSError):
        for connection in psutil.net_connections("tcp"):
            is_it = connection.status == psutil.CONN_LISTEN and connection.laddr[1:] == (port,)
            if is_it and connection.pid:
                return f" by {psutil.Process(connection.pid).name()}, pid {connection.pid}"
    return ""
