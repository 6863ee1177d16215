"""A local AWS in a process of its own, whose work is not taken for that of the client."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

from launcher.environment import LOCAL_AWS_ACCOUNT, ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def local_aws(*options: str) -> Iterator[tuple[str, psutil.Process]]:
    """Run it with some options; yields its address and its process."""
    command = [sys.executable, "-m", "drs_simulator", "--port", "0", *options]
    environment = LOCAL_AWS_ACCOUNT | {"PYTHONPATH": str(ROOT / "include")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[-1], psutil.Process(process.pid)
        finally:
            process.terminate()
