"""The README's list of what DRS does: each item says from where it is known."""

from __future__ import annotations

import re
from pathlib import Path

import drs_simulator

README = Path(drs_simulator.__file__).with_name("README.md").read_text(encoding="utf-8")
LABELS = ("recorded", "documented", "inferred", "decided here")
_LABEL = re.compile(rf"\*\(({'|'.join(LABELS)})\)\*")


def behaviours():
    """Return the items of the list, each in one line."""
    (section,) = re.findall(r"^## What DRS does here\n(.*?)^### ", README, re.DOTALL | re.MULTILINE)
    items = re.split(r"^- ", section, flags=re.MULTILINE)[1:]
    return [" ".join(item.split()) for item in items]


def test_each_behaviour_says_from_where_it_is_known():
    """A label covers all before it: an item that ends in one leaves nothing open."""
    assert len(behaviours()) > 10
    open_ends = [item for item in behaviours() if not re.search(_LABEL.pattern + r"\.?$", item)]
    assert not open_ends, f"each item ends in one of {', '.join(f'*({label})*' for label in LABELS)}"


def test_no_behaviour_stands_outside_the_list():
    """What stands elsewhere would need no label."""
    assert len(re.findall(r"^- ", README, flags=re.MULTILINE)) == len(behaviours())


def test_each_label_is_one_of_four():
    """No other word stands in its place, and the README says what each means."""
    reported = set(re.findall(r"\*\(([^)]*)\)\*", README))
    assert reported == set(LABELS)
