"""Text for a terminal: hidden characters in data are shown, before its width is measured."""

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
    """Text whose parts are each on one line; only a part that is nothing but a line break breaks it.

    So no value can break a line and forge another one.
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
        """Return text that may have several lines, such as an error with its problems."""
        first, *others = text.split("\n")
        shown = cls(first, style, **more)
        for line in others:
            shown.append("\n").append(line)
        return shown


class Console(rich.console.Console):
    """A console that shows hidden characters in everything that a command prints."""

    def render_str(self, text: str, **more: Any) -> rich.text.Text:
        """Return text as it is shown, which is what its width is measured of."""
        return super().render_str(visible_lines(text), **more)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Yield what is written; codes that rich adds to move the cursor have segments of their own."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible_lines(segment.text))


def _part(text: str) -> str:
    return text if text.strip("\n") == "" else visible(text.translate(_BLANKS))
