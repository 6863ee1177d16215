"""What is hidden in a text is seen, in a terminal, in a log and in JSON."""

from __future__ import annotations

import json
import sys
import unicodedata

from hypothesis import given

from drs_recovery.text.visible import (
    escaped_json,
    is_seen,
    one_line,
    printable,
    visible,
    visible_lines,
    without_unseen_letters,
)
from tests.hostile import TRIED, texts

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
SHAPELESS = (
    "HANGUL FILLER",
    "HANGUL CHOSEONG FILLER",
    "HANGUL JUNGSEONG FILLER",
    "KHITAN SMALL SCRIPT FILLER",
    "KHMER VOWEL INHERENT",
    "GRAPHEME JOINER",
    "VARIATION SELECTOR",
    "BRAILLE PATTERN BLANK",
    "NULL NOTEHEAD",
)
"""Names of letters, marks and signs that show nothing."""

WITHOUT_SHAPE = {
    char
    for char in map(chr, range(sys.maxunicode + 1))
    if any(name in unicodedata.name(char, "") for name in SHAPELESS)
}


def hidden(text: str, *, but: str = "") -> set[str]:
    """Return the characters that a terminal obeys, or nobody sees."""
    found = {char for char in text if unicodedata.category(char) in HIDDEN or char in WITHOUT_SHAPE}
    return found - set(but)


@TRIED
@given(texts())
def test_nothing_hidden_is_left_and_what_is_seen_stays(text: str) -> None:
    """On one line, or in its own lines; shown twice is shown once."""
    assert not hidden(visible(text))
    assert not hidden(visible_lines(text), but="\n")
    assert not hidden(one_line(text))
    assert visible(visible(text)) == visible(text)
    assert printable(text).isprintable()
    assert not hidden(printable(text))
    if not hidden(text):
        assert visible(text) == visible_lines(text) == text


def test_every_letter_without_a_shape_is_written_out() -> None:
    """All that Unicode has of them, which Python calls printable: a name of nothing else looks like none."""
    assert len(WITHOUT_SHAPE) >= 270
    for char in WITHOUT_SHAPE:
        assert visible(f"a{char}b") == f"a{char.encode('unicode_escape').decode()}b"
        assert not is_seen(char)
        assert without_unseen_letters(f"a{char}b") == "ab" or not char.isprintable()


def test_hidden_characters_are_written_as_python_writes_them() -> None:
    """ESC, C1, DEL, a turn of direction, a lone surrogate; an ideographic blank and an accent stay."""
    assert visible("\x1b[2J\x9b\x7f\u202e\ud800\U000e0041") == r"\x1b[2J\x9b\x7f\u202e\ud800\U000e0041"
    assert visible("ウェブ\u3000層 o\u0308 שרת") == "ウェブ\u3000層 o\u0308 שרת"
    assert one_line("  two\r\n\tlines\x00 ") == r"two lines\x00"


@TRIED
@given(texts())
def test_json_says_the_same_with_nothing_hidden(text: str) -> None:
    """Written as they are, DEL, C1 and what turns the direction would reach a terminal."""
    document = json.dumps({"reason": text}, ensure_ascii=False, indent=2)
    escaped = escaped_json(document)
    assert not hidden(escaped, but="\n")
    assert json.loads(escaped) == json.loads(json.dumps({"reason": text}))
