"""Durations read as people say them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from recovery.text.durations import brief, in_words, lasting, roughly


@pytest.mark.parametrize(
    ("seconds", "words", "rough", "letters", "two"),
    [
        (0, "0 seconds", "0 seconds", "0s", "0s"),
        (-5, "0 seconds", "0 seconds", "0s", "0s"),
        (1, "1 second", "1 second", "1s", "1s"),
        (90, "1 minute 30 seconds", "1 minute 30 seconds", "1m 30s", "1m 30s"),
        (303, "5 minutes 3 seconds", "5 minutes 3 seconds", "5m 3s", "5m 03s"),
        (3600, "1 hour", "1 hour", "1h", "1h 00m"),
        (4 * 3600 + 61, "4 hours 1 minute 1 second", "4 hours 1 minute", "4h 1m 1s", "4h 01m"),
        (86400, "24 hours", "24 hours", "1d", "1d 00h"),
        (2 * 86400, "2 days", "2 days", "2d", "2d 00h"),
        (36558 * 60, "25 days 9 hours 18 minutes", "25 days 9 hours", "25d 9h 18m", "25d 09h"),
    ],
)
def test_a_duration_has_four_ways_to_be_said(
    seconds: int, words: str, rough: str, letters: str, two: str
) -> None:
    """In sentences to the second or roughly; in tables in letters, to the second or in two units."""
    duration = timedelta(seconds=seconds)
    assert (in_words(duration), roughly(duration)) == (words, rough)
    assert (brief(duration), lasting(duration)) == (letters, two)


def test_a_second_that_has_begun_counts_where_it_is_said_to_the_second() -> None:
    """A lag of 1.2 s is no lag of 1 s."""
    duration = timedelta(seconds=1, milliseconds=200)
    assert (brief(duration), in_words(duration)) == ("2s", "2 seconds")
    assert (lasting(duration), roughly(duration)) == ("1s", "1 second")
