"""Commands as processes, forked from one that has imported the libraries: ours is imported after the fork."""

from __future__ import annotations

import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
from functools import cache
from tempfile import TemporaryFile

LIBRARIES = ("boto3.session", "httpx", "pydantic_settings", "rich.live", "rich.table", "typer", "yaml")


def run(arguments: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command line as a process with this environment."""
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        request = json.dumps([arguments, env]).encode()
        socket.send_fds(_forking_process(), [request], [out.fileno(), err.fileno()])
        code = int(_forking_process().recv(16))
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(arguments, code, out.read(), err.read())


@cache
def _forking_process() -> socket.socket:
    """Start the process that forks, once; it ends when this one has."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.set_inheritable(True)
    command, env = [sys.executable, __file__, str(theirs.fileno())], {"PATH": os.environ["PATH"]}
    no_input = (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)
    os.posix_spawn(sys.executable, command, env, file_actions=[no_input])
    theirs.close()
    return ours


def become_command(connection: socket.socket) -> None:
    """Return in the process of each command; end when no more are asked for."""
    while (request := socket.recv_fds(connection, 2**17, 2))[0]:
        if not (process := os.fork()):
            sys.argv[1:], env = json.loads(request[0])
            os.environ.clear()
            os.environ.update(env)
            sys.path[0] = env["PYTHONPATH"]
            list(map(os.dup2, request[1], (1, 2)))
            return
        list(map(os.close, request[1]))
        connection.send(str(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])).encode())
    sys.exit()


if __name__ == "__main__":
    list(map(importlib.import_module, LIBRARIES))
    become_command(socket.socket(fileno=int(sys.argv[1])))
    assert "drs_recovery" not in sys.modules
    runpy.run_module("drs_recovery", run_name="__main__", alter_sys=True)
