"""Commands that our files let others run, before the command lines of Airflow and Celery: nothing is run."""

from __future__ import annotations

import shlex
from functools import cache
from typing import TYPE_CHECKING

from airflow.cli.cli_parser import get_parser
from celery.bin.control import inspect

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

_airflow = cache(get_parser)


def parse(command: Sequence[str]) -> None:
    """Let Airflow, or Celery, read a command, alone or in a shell's line; it ends the test where it refuses.

    ``celery inspect ping`` is all that is known of Celery.
    """
    words = shlex.split(" ".join(command)) if command[0] in {"sh", "CMD-SHELL"} else list(command)
    if "inspect" in words:
        inspect.make_context("inspect", words[words.index("inspect") + 1 :])
        assert words[words.index("--app") + 1] == "airflow.providers.celery.executors.celery_executor.app"
        assert words[words.index("inspect") + 1] == "ping"
        return
    parser: ArgumentParser = _airflow()
    parser.parse_args(words[words.index("airflow") + 1 :])
