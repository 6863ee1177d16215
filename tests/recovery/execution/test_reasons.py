"""A reason is something that a person can read, wherever one is given."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drs_recovery.errors import ParamsError
from drs_recovery.record.params import RunParams
from drs_recovery.record.reasons import check_reason, given_reason

UNSEEN = (
    " \t\n\r\x00\x1b\x7f\x85\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u180e\u2000\u200a\u200b\u200c\u200d\u200e"
)
UNSEEN += (
    "\u202e\u2028\u2029\u2060\u2064\u2066\u206f\u2800\u3000\u3164\ufe0f\ufeff\uffa0\ufff9\U000e0001\U000e0100"
)


@given(st.text(st.sampled_from(UNSEEN)))
def test_what_shows_nothing_is_no_reason(text):
    """Blanks, zero-width letters, marks of direction, fillers, controls: however many."""
    assert given_reason(text) is None
    assert RunParams.read({"reason": text}).reason is None
    with pytest.raises(ParamsError, match="3 characters or more that can be read"):
        check_reason(text)


@pytest.mark.parametrize("text", ["ok", "a\u200bb", "a  b", "\u200b\u200bx\u200b\u200b\u200b"])
def test_what_says_too_little_is_none_where_one_is_required(text):
    """What is between its letters does not count."""
    with pytest.raises(ParamsError):
        check_reason(text)


@given(st.text(st.sampled_from(UNSEEN)), st.text(st.sampled_from(UNSEEN)))
def test_what_is_around_a_reason_goes(before, after):
    """What is in it stays as it was said."""
    assert check_reason(f"{before}drill of\u00a0May{after}") == "drill of\u00a0May"


@pytest.mark.parametrize("text", ["abc", "障害だ", "нет связи", "💥💥💥"])
def test_whatever_can_be_read_is_a_reason(text):
    """In any script."""
    assert check_reason(text) == text
