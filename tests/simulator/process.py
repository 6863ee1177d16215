"""Local AWS as people start it: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

INCLUDE = Path(__file__).parents[2] / "include"
READY = "Local AWS is ready at "


@contextmanager
def simulator_process(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``python -m drs_simulator``, and give the process and its URL once it is ready."""
    environment = os.environ | {"PYTHONPATH": str(INCLUDE)}
    command = [sys.executable, "-m", "drs_simulator", *options]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process, process.stdout.readline().strip().removeprefix(READY)
        finally:
            process.kill()
