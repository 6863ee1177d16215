"""What a log, a record or a folder's name holds reaches no terminal as a command to it."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import unicodedata
from io import StringIO

import pytest
from rich.table import Table

from launcher import __main__ as launcher
from launcher.console import Console, shown
from launcher.environment import ROOT
from launcher.errors import StartFailed
from tests.hostile import EXAMPLES


def hidden(text: str) -> set[str]:
    """Return the characters that a terminal obeys, or nobody sees."""
    return {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"}} - {"\n"}


@pytest.mark.parametrize("value", EXAMPLES)
def test_nothing_hidden_is_written(value: str) -> None:
    """In a line, in a table, or as a title."""
    console = Console(file=StringIO(), width=100)
    table = Table("user", "password")
    table.add_row(value, value)
    console.print(value, markup=False)
    console.print(table, markup=False)
    console.rule("a rule of ours")
    assert not hidden(console.file.getvalue())
    assert shown(shown(value)) == shown(value)


def test_blanks_of_other_widths_are_blanks() -> None:
    """As Japanese has one."""
    assert shown("復旧\u3000計画\u00a0A") == "復旧\u3000計画\u00a0A"


PRINTS = """
import sys
from launcher import __main__ as launcher
launcher._COMMANDS["up"] = lambda console: [console.print("x" * 99) for _ in range(9999)] and 0
sys.exit(launcher.main(["up"]))
"""


def test_whoever_read_may_go_at_any_time() -> None:
    """With the exit code of a program whose output nobody reads, and without a word."""
    ran = subprocess.run(
        [
            "bash",
            "-c",
            f"{shlex.quote(sys.executable)} -c {shlex.quote(PRINTS)} | true; exit ${{PIPESTATUS[0]}}",
        ],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (launcher.UNREAD, "")


def test_a_failure_shows_what_a_log_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A component's last words are quoted: its codes are shown, its lines are lines."""

    def fails(_: Console) -> int:
        raise StartFailed("still not ready. Their logs:\n\x1b[2J\x1b]52;c;ZXZpbA==\x07 ready\u202e")

    monkeypatch.setitem(launcher._COMMANDS, "up", fails)
    assert launcher.main(["up"]) == launcher.FAILED
    output = capsys.readouterr().err
    assert "Their logs:\n" + r"\x1b[2J\x1b]52;c;ZXZpbA== ready\u202e" in output
    assert not hidden(output)
