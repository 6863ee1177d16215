"""Text that shows all that is in it: no character of it moves a cursor, hides, or turns what follows around.

What a terminal obeys (C0 and C1 controls, DEL), what nobody sees (format characters, such as those that turn
the direction of text, and letters without a shape) and what no encoding takes (lone surrogates) is written
as Python writes it.
"""

from __future__ import annotations

import re
import unicodedata

_WITHOUT_SHAPE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U00016fe4\U0001d159"
    "\U000e0100-\U000e01ef]"
)
"""Letters, marks and signs that show nothing, though Unicode's categories say they do: fillers, an empty
pattern and an empty note, and what chooses a variant of the letter before it."""


def is_seen(char: str) -> bool:
    """Whether a character shows something by itself: a blank does not."""
    return char != " " and char.isprintable() and not _WITHOUT_SHAPE.match(char)


def without_unseen_letters(text: str) -> str:
    """Return a text without the letters that have no shape."""
    return _WITHOUT_SHAPE.sub("", text)


class _Shown(dict[int, str]):
    """What each character looks like, found out once; Unicode's categories decide."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _shown(chr(code))
        return shown


def _shown(char: str) -> str:
    # Blanks of other widths, as Japanese has one, are blanks
    if is_seen(char) or unicodedata.category(char) == "Zs":
        return char
    return char.encode("unicode_escape").decode()


_SHOWN = _Shown()
_LINES = _Shown({ord("\n"): "\n"})


def visible(text: str) -> str:
    r"""Return text on one line, with what is not seen written out: ``\x1b``, ``\u202e``, ``\n``."""
    return text if text.isascii() and text.isprintable() else text.translate(_SHOWN)


def visible_lines(text: str) -> str:
    """Return text as ``visible`` does, but in the lines that it has."""
    return text if text.isascii() and text.isprintable() else text.translate(_LINES)


def printable(text: str) -> str:
    """Return text as ``visible`` does, with blanks of other widths written out too: they are slips."""
    return re.sub(r"[^\S ]", lambda blank: blank[0].encode("unicode_escape").decode(), visible(text))


def one_line(text: str) -> str:
    """Return text on one line for people: line breaks and tabs are blanks, what else is hidden is shown.

    Blanks of any width at its ends are dropped: Markdown takes ``**`` beside one for two asterisks.
    """
    return visible(re.sub(r"[ \t\r\n]+", " ", text)).strip()


def escaped_json(document: str) -> str:
    r"""Return a JSON document in which what is not seen is escaped, as ``\u009b``; it means the same."""
    return document if document.isascii() and "\x7f" not in document else document.translate(_JSON)


class _Escaped(dict[int, str]):
    def __missing__(self, code: int) -> str:
        char = chr(code)
        hidden = char != "\n" and _shown(char) != char
        self[code] = escaped = _utf_16(char) if hidden else char
        return escaped


def _utf_16(char: str) -> str:
    pair = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{pair[at : at + 4]}" for at in range(0, len(pair), 4))


_JSON = _Escaped()
