"""A text that a record has no room for: cut there, with the name of the whole of it, which is beside it."""

from __future__ import annotations

import hashlib
import re

from drs_recovery.record.base import shorten

_LENGTHS = (1000, 300, 100, 0)
"""To so many characters a text is cut, one after the other."""

_NAME = 12
_CUT = re.compile(rf" ?\(shortened: text ([0-9a-f]{{{_NAME}}})\)$")
_MARKER = len("(shortened: text )") + _NAME
_CUT_TO = frozenset({_MARKER, *_LENGTHS[:-1]})
"""Lengths of texts that were cut; others end as if they were, being made of one that was."""


def digest(text: str) -> str:
    """Return what stands for a text: the first half of its SHA-256, in hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def text_name(text: str) -> str:
    """Return by what name the whole of a text is known."""
    return digest(text)[:_NAME]


def name_in(text: str | None) -> str | None:
    """Return the name of the whole text that a text was cut from; None for one that is whole."""
    found = _CUT.search(text or "") if len(text or "") in _CUT_TO else None
    return found[1] if found else None


def cut(text: str, *, again: bool = False) -> str:
    """Return a text cut to the next shorter length, with the name of the whole of it; itself if none is.

    ``again``: it was cut before; without that, a text that ends like a cut one is whole.
    """
    name = name_in(text) if again else None
    message = text if name is None else _CUT.sub("", text)
    marker = f"(shortened: text {name or text_name(text)})"
    for length in _LENGTHS:
        room = max(length - len(marker) - 1, 0)
        shorter = f"{message[:room]} {marker}" if room else marker
        if len(shorter.encode()) < len(text.encode()):
            return shorter
    return text


def begins_with(whole: str, shorter: str) -> bool:
    """Whether one text is the whole of the other, by its beginning as by its name."""
    return name_in(shorter) == text_name(whole) and whole.startswith(_CUT.sub("", shorter))


def same_text(recorded: str | None, message: str | None) -> bool:
    """Whether a text on record, which may be cut there, is the same text given again."""
    if recorded is None or message is None:
        return recorded == message
    return recorded == shorten(message) or begins_with(shorten(message), recorded)
