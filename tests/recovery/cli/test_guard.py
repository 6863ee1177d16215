"""What ends a command, with each typer that an Airflow may have."""

from __future__ import annotations

import json

import pytest
import typer

from drs_recovery.cli.exits import Exit
from drs_recovery.cli.guard import run_guarded
from drs_recovery.errors import TransitionRefused


class OfClick(Exception):
    """An error as click has it, which can say what it is."""

    def format_message(self) -> str:
        """Say it."""
        return f"Invalid value: {self}"


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (OfClick("99 is not in the range 1<=x<=9"), Exit.USAGE, "99 is not in the range"),
        (TransitionRefused("it has ended"), Exit.REFUSED, "it has ended"),
    ],
)
def test_an_older_typer_raises_what_click_does(
    error: Exception,
    code: Exit,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Airflow 3.3.0 comes with typer 0.25, which has no exception of its own for a misused command line."""
    monkeypatch.delattr(typer, "TyperException", raising=False)

    def command() -> None:
        raise error

    assert run_guarded(command, as_json=True) == code
    assert words in json.loads(capsys.readouterr().out)["error"]["message"]
