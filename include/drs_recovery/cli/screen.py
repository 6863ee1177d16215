"""Where a command writes: its result to standard output, everything else to standard error.

With ``--json`` standard output holds exactly one JSON document, also when the command fails.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.measure import Measurement
from rich.table import Column, Table

from drs_recovery.cli.paper import Console, Text
from drs_recovery.cli.secrets import hide
from drs_recovery.cli.surroundings import WIDEST, size
from drs_recovery.text.visible import escaped_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from drs_recovery.cli.exits import Exit

PLAIN_WIDTH = 160
"""Where there is no terminal, lines are for programs and logs: they are not broken early."""


def console(*, stderr: bool = False) -> Console:
    """Return a console that adds no colours of its own, and breaks no lines where there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = size("COLUMNS") or (None if stream.isatty() else PLAIN_WIDTH)
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

    def message(self, text: str | Text) -> None:
        """Show a message on progress."""
        self.progress.print(text)

    def result(self, document: Mapping[str, Any], shown: RenderableType) -> None:
        """Write the result of the command, as JSON or for people."""
        if self.as_json:
            self.document(document)
        else:
            self._make_room(shown)
            self.out.print(shown, crop=False)

    def document(self, document: Mapping[str, Any]) -> None:
        """Write the JSON document if ``--json`` asks for it; people have seen the same as messages."""
        if self.as_json:
            text = escaped_json(json.dumps(document, indent=2, ensure_ascii=False))
            if not self._can_write(text):
                text = json.dumps(document, indent=2)
            self.out.file.write(text + "\n")
            self.out.file.flush()

    def error(self, kind: str, message: str, code: Exit) -> None:
        """Write why the command failed, without any secret that an error quotes."""
        message = hide(message)
        self.document({"error": {"kind": kind, "message": message, "exitCode": int(code)}})
        self.err.print(Text("✗ ", style="bold red").append(Text.of_lines(message)), soft_wrap=True)

    def _make_room(self, shown: RenderableType) -> None:
        """Widen lines to what must not be broken; a narrower terminal breaks them itself."""
        self.out.width = max(self.out.width, _least_width(self.out, shown))

    def _can_write(self, text: str) -> bool:
        """Whether every character of a text can be written as it is."""
        try:
            text.encode(getattr(self.out.file, "encoding", None) or "utf-8")
        except UnicodeEncodeError:
            return False
        return True


def _least_width(console: Console, shown: RenderableType) -> int:
    """Return the width below which rich would drop parts of a table; text it can break."""
    if isinstance(shown, Group):
        return max((_least_width(console, part) for part in shown.renderables), default=0)
    if not isinstance(shown, Table):
        return 0
    _, right, _, left = shown.padding
    return sum(_least_of(console, column) + left + right for column in shown.columns)


def _least_of(console: Console, column: Column) -> int:
    """Return the width a column needs: its longest line if it is not broken, else its longest word."""
    roomy = console.options.update(max_width=WIDEST)
    sizes = [Measurement.get(console, roomy, cell) for cell in (column.header, *column.cells)]
    needed = max(size.maximum if column.no_wrap else size.minimum for size in sizes)
    return max(needed, column.min_width or 0)
