"""What stands between data and a terminal: what is hidden in it is shown, before its width is taken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rich.console
import rich.text

from drs_recovery.text.visible import visible, visible_lines

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from rich.console import ConsoleOptions, RenderableType
    from rich.segment import Segment
    from rich.style import StyleType

_BLANKS = str.maketrans(dict.fromkeys("\t\r\n", " "))


class Text(rich.text.Text):
    """Text whose parts are each on one line; a part that is a line break and nothing else breaks the line.

    So no value breaks a line, and forges another one.
    """

    def __init__(self, text: str = "", style: StyleType = "", **more: Any) -> None:
        super().__init__(_part(text), style, **more)

    def append(self, text: rich.text.Text | str, style: StyleType | None = None) -> Self:
        """Add a part."""
        super().append(_part(text) if isinstance(text, str) else text, style)
        return self

    @classmethod
    def assemble(cls, *parts: rich.text.Text | str | tuple[str, StyleType], **more: Any) -> Self:
        """Return the text of some parts."""
        shown = cls(**more)
        for part in parts:
            shown.append(*part) if isinstance(part, tuple) else shown.append(part)
        return shown

    @classmethod
    def of_lines(cls, text: str, style: StyleType = "", **more: Any) -> Self:
        """Return text of ours that has several lines, such as an error with its problems."""
        first, *others = text.split("\n")
        shown = cls(first, style, **more)
        for line in others:
            shown.append("\n").append(line)
        return shown


class Console(rich.console.Console):
    """A console on which nothing hidden arrives, from anything that a command prints."""

    def render_str(self, text: str, **more: Any) -> rich.text.Text:
        """Return text as it is shown; its width is taken of this."""
        return super().render_str(visible_lines(text), **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is written; codes of our own, which move the cursor, have a segment of their kind."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible_lines(segment.text))


def _part(text: str) -> str:
    return text if text.strip("\n") == "" else visible(text.translate(_BLANKS))
