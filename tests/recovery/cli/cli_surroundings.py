"""What the tests of the command line stand on: a screen that remembers, no Airflow, and the commands."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

from typer.testing import CliRunner, Result

from drs_recovery.cli.app import app
from drs_recovery.cli.paper import Console

NO_AIRFLOW = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


def recorder(width: int) -> Console:
    """Return a console that writes nowhere but remembers."""
    return Console(
        record=True, width=width, height=40, file=StringIO(), highlight=False, emoji=False, markup=False
    )


def recovery(*arguments: str) -> Result:
    """Run the command line in this process."""
    return CliRunner().invoke(app, arguments, catch_exceptions=False)


def document(*arguments: str) -> dict[str, Any]:
    """Return what a command writes to standard output, which must be one JSON document."""
    read: dict[str, Any] = json.loads(recovery(*arguments, "--json").stdout)
    return read


def found() -> dict[tuple[str, str], str]:
    """Return what the doctor finds, by check and state: messages with their cures."""
    texts: dict[tuple[str, str], str] = {}
    for one in document("doctor")["findings"]:
        key = (one["check"], one["state"])
        texts[key] = " ".join([*([texts[key]] if key in texts else []), one["found"], one.get("cure", "")])
    return texts
