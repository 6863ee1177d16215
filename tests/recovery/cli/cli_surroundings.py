"""What the tests of the command line stand on: a screen that remembers, an address without Airflow."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

NO_AIRFLOW = "http://127.0.0.1:9"
"""The discard port: nobody listens there."""


def recorder(width: int) -> Console:
    """Return a console that writes nowhere but remembers."""
    return Console(
        record=True, width=width, height=40, file=StringIO(), highlight=False, emoji=False, markup=False
    )
