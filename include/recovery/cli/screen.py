"""Where a command writes: its result to standard output, everything else to standard error.

With ``--json`` standard output holds exactly one JSON document, also when the command fails.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from recovery.cli.exits import Exit

PLAIN_WIDTH = 160
"""Where there is no terminal, lines are for programs and logs: they are not broken early."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that neither guesses colours into words nor breaks lines where nobody looks."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else PLAIN_WIDTH
    return Console(stderr=stderr, highlight=False, emoji=False, markup=False, width=width)


@dataclass
class Screen:
    """The two streams of a command."""

    as_json: bool = False
    out: Console = field(default_factory=console)
    err: Console = field(default_factory=lambda: console(stderr=True))

    @property
    def progress(self) -> Console:
        """Where progress is shown: it is no part of the JSON document."""
        return self.err if self.as_json else self.out

    def say(self, text: str | Text) -> None:
        """Tell a person what is going on."""
        self.progress.print(text)

    def result(self, document: Mapping[str, Any], shown: RenderableType) -> None:
        """Write what the command has to say: as JSON, or as people read it."""
        if self.as_json:
            self.document(document)
        else:
            self.out.print(shown, crop=False)

    def document(self, document: Mapping[str, Any]) -> None:
        """Write the JSON document, if that is wanted; a person has been told already."""
        if self.as_json:
            self.out.file.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")

    def error(self, kind: str, message: str, code: Exit) -> None:
        """Write why the command did not do what was asked."""
        self.document({"error": {"kind": kind, "message": message, "exitCode": int(code)}})
        self.err.print(Text("✗ ", style="bold red") + Text(message), soft_wrap=True)
