"""Where the launcher writes: control characters from logs or records never reach the terminal."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, NoReturn

import rich.console

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment


class Console(rich.console.Console):
    """A console that shows what is hidden in a text: controls, turns of direction, halves of characters."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is written; codes that rich adds to move the cursor have segments of their own."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=shown(segment.text))

    def on_broken_pipe(self) -> NoReturn:
        """Raise BrokenPipeError, so that the command chooses its exit code."""
        raise BrokenPipeError


def shown(text: str) -> str:
    r"""Return text in its lines, with what is hidden in it written out, as ``\x1b``."""
    return "".join(char if _is_seen(char) or char == "\n" else repr(char)[1:-1] for char in text)


def _is_seen(char: str) -> bool:
    # Blanks of other widths, as Japanese has one, are blanks
    return char.isprintable() or unicodedata.category(char) == "Zs"
