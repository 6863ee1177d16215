"""Durations read as people say them."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path

import pytest

import drs_recovery
from drs_recovery.text.durations import compact, duration_text, lasting, roughly


@pytest.mark.parametrize(
    ("seconds", "texts", "rough", "letters", "two"),
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
def test_a_duration_has_four_ways_to_be_stated(
    seconds: int, texts: str, rough: str, letters: str, two: str
) -> None:
    """In sentences to the second or roughly; in tables in letters, to the second or in two units."""
    duration = timedelta(seconds=seconds)
    assert (duration_text(duration), roughly(duration)) == (texts, rough)
    assert (compact(duration), lasting(duration)) == (letters, two)


def test_a_second_that_has_begun_counts_where_it_is_written_to_the_second() -> None:
    """A lag of 1.2 s is no lag of 1 s."""
    duration = timedelta(seconds=1, milliseconds=200)
    assert (compact(duration), duration_text(duration)) == ("2s", "2 seconds")
    assert (lasting(duration), roughly(duration)) == ("1s", "1 second")


def named_durations(*trees: ast.Module) -> set[str]:
    """Return the names that stand for a timedelta in some modules."""
    found = {"response_timeout", "retry_delay", "execution_timeout"}
    for tree in trees:
        for node in ast.walk(tree):
            match node:
                case ast.AnnAssign(target=ast.Name(id=name) | ast.Attribute(attr=name), annotation=kind):
                    found |= {name} if _is_duration(kind) else set()
                case ast.arg(arg=name, annotation=kind) if kind is not None:
                    found |= {name} if _is_duration(kind) else set()
                case ast.FunctionDef(name=name, returns=kind) if kind is not None:
                    found |= {name} if _is_duration(kind) else set()
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="timedelta"))):
                    found.add(name)
    return found


def _is_duration(kind: ast.expr) -> bool:
    return any(word in {"timedelta", "Duration"} for word in ast.unparse(kind).split(" | "))


def shown_raw(tree: ast.Module, attributes: set[str]) -> list[str]:
    """Return the values of f-strings that are a duration as Python writes it: 4:00:00."""
    names = named_durations(tree)
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue)
        and (
            (isinstance(node.value, ast.Attribute) and node.value.attr in attributes)
            or (isinstance(node.value, ast.Name) and node.value.id in names)
        )
    ]


def test_no_text_shows_a_duration_as_python_writes_it() -> None:
    """Everywhere in the package a duration goes through this module before it is said."""
    trees = {path: ast.parse(path.read_text()) for path in Path(drs_recovery.__path__[0]).rglob("*.py")}
    attributes = named_durations(*trees.values())
    assert {"gate_timeout", "window", "timeout", "LONGEST_WAIT"} <= attributes
    raw = {path.name: lines for path, tree in trees.items() if (lines := shown_raw(tree, attributes))}
    assert raw == {}
    assert shown_raw(ast.parse("f'within {plan.gate_timeout}'"), attributes)
    assert shown_raw(ast.parse("window = timedelta(hours=1); f'within {window}'"), attributes)
