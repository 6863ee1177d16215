"""The YAML text of a plan file as nodes that know their place.

No object is constructed from a tag and nothing is expanded: the events of libyaml (PyYAML's ``CSafeLoader``)
are read one by one, and anchors, aliases and tags are refused as they come. So is nesting deeper than any
plan's: libyaml needs minutes for 250,000 open brackets. Scalars mean what YAML 1.2 says, so ``yes`` is text.

The events of a plan take 0.05 ms. The nodes of ruamel.yaml, which know their places too, take 1.8 ms.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import yaml

from drs_recovery.plan.problems import MOST_PROBLEMS, Mark, Problem, Rejected
from drs_recovery.text.lists import quoted, shortened

DEEPEST = 20
"""Levels of nesting that are read; a plan has six."""

EMPTY = "the file is empty; a {} is a mapping of keys to values"
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
NULLS = frozenset({"", "~", "null", "Null", "NULL"})
NUMBERS = re.compile(
    r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"
    r"|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
)
WHOLE_NUMBERS = re.compile(r"[0-9]{1,9}")
NOT_YAML = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

NUMBER = object()
"""Stands for any number but a plain whole one: no key of a plan takes it, so it is never converted."""

UNREADABLE = object()
"""Stands for a value whose problem is reported already."""


@dataclass(slots=True)
class Node:
    """A value of the file: plain data for the models, and the places of all that is in it."""

    mark: Mark
    text: str
    """A scalar as it is written; the name of the kind, for anything else."""

    value: Any
    children: dict[str | int, Node] = field(default_factory=dict)
    key_marks: dict[str | int, Mark] = field(default_factory=dict)

    def __str__(self) -> str:
        return quoted(self.text) if isinstance(self.value, str) else shortened(self.text)


def parse(text: str, noun: str = "plan") -> tuple[Node, list[Problem]]:
    """Return the root of a text, a mapping, and the problems found on the way; raises Rejected.

    ``noun`` is what one file of this kind is.
    """
    if strange := list(islice(NOT_YAML.finditer(text), MOST_PROBLEMS + 1)):
        raise Rejected(*[_not_yaml(text, match) for match in strange])
    composer = _Composer(text, noun)
    try:
        return composer.document(), composer.problems
    except yaml.MarkedYAMLError as error:
        raise Rejected(*composer.problems, _syntax(text, error)) from error
    except Rejected as rejected:
        raise Rejected(*composer.problems, *rejected.problems) from rejected


def place_of(text: str, offset: int) -> Mark:
    """Return the place of a character of a text."""
    return Mark(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _not_yaml(text: str, match: re.Match[str]) -> Problem:
    message = f"the character U+{ord(match.group()):04X} may not stand in a YAML file"
    return Problem(place_of(text, match.start()), message)


def _syntax(text: str, error: yaml.MarkedYAMLError) -> Problem:
    message = f"not YAML: {error.problem}"
    if error.context:
        start = f", which starts in line {error.context_mark.line + 1}" if error.context_mark else ""
        message += f" {error.context}{start}"
    lines = text.splitlines()
    if "\t" in _indentation(lines[error.problem_mark.line :][:1]):
        message += "; a tab stands in the indentation, where YAML takes spaces only"
    return Problem(Mark(error.problem_mark.line + 1, error.problem_mark.column + 1), message)


def _indentation(lines: list[str]) -> str:
    return "".join(line[: len(line) - len(line.lstrip())] for line in lines)


class _Composer:
    def __init__(self, text: str, noun: str) -> None:
        self._noun = noun
        self.problems: list[Problem] = []
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)

    def document(self) -> Node:
        next(self._events)
        if isinstance(next(self._events), yaml.StreamEndEvent):
            raise Rejected(Problem(Mark(), EMPTY.format(self._noun)))
        root = self._node(next(self._events), depth=1)
        next(self._events)
        if not isinstance(another := next(self._events), yaml.StreamEndEvent):
            raise Rejected(
                Problem(_mark(another), f"a second document starts here; one file is one {self._noun}")
            )
        if root.value is None:
            raise Rejected(Problem(Mark(), EMPTY.format(self._noun)))
        if not isinstance(root.value, dict):
            raise Rejected(
                Problem(root.mark, f"{root} where a {self._noun}, a mapping of keys to values, is due")
            )
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEEPEST:
            raise Rejected(
                Problem(_mark(event), f"nested deeper than {DEEPEST} levels; a {self._noun} has six")
            )
        if isinstance(event, yaml.AliasEvent):
            self._complain(event, f"the alias *{shortened(event.anchor)} is not read; write the value itself")
            return Node(_mark(event), "an alias", UNREADABLE)
        if event.anchor is not None:
            self._complain(event, f"the anchor &{shortened(event.anchor)} is not read; leave it out")
        if event.tag is not None:
            self._complain(event, f"the tag {_tag(event)} is not read; leave it out")
        if isinstance(event, yaml.ScalarEvent):
            return _scalar(event)
        compose = self._sequence if isinstance(event, yaml.SequenceStartEvent) else self._mapping
        return compose(_mark(event), depth + 1)

    def _sequence(self, mark: Mark, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            item = self._node(event, depth)
            if item.value is None:
                self._complain(event, "an entry of a list has no value; write one, or leave the entry out")
                item.value = UNREADABLE
            items.append(item)
        return Node(mark, "a list", [item.value for item in items], dict(enumerate(items)))

    def _mapping(self, mark: Mark, depth: int) -> Node:
        mapping = Node(mark, "a mapping", {})
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, depth)
            value = self._node(next(self._events), depth)
            if not isinstance(event, yaml.ScalarEvent):
                self._complain(event, f"{key} where a key, which is text, is due")
            elif key.text in mapping.value:
                line = mapping.key_marks[key.text].line
                self._complain(event, f"duplicate key {quoted(key.text)}; it stands in line {line} already")
            else:
                self._enter(mapping, key, value)
        return mapping

    def _enter(self, mapping: Node, key: Node, value: Node) -> None:
        if value.value is None:
            self._report(key.mark, f"{shortened(key.text)} has no value; write one, or leave the key out")
            value.value = UNREADABLE
        mapping.value[key.text] = value.value
        mapping.children[key.text] = value
        mapping.key_marks[key.text] = key.mark

    def _complain(self, event: Any, message: str) -> None:
        self._report(_mark(event), message)

    def _report(self, mark: Mark, message: str) -> None:
        """Keep a problem; a file with more of them than are shown is not read to its end."""
        self.problems.append(Problem(mark, message))
        if len(self.problems) > MOST_PROBLEMS:
            raise Rejected


def _scalar(event: Any) -> Node:
    text: str = event.value
    if event.tag is not None:
        return Node(_mark(event), text, UNREADABLE)
    is_plain = event.implicit[0]
    return Node(_mark(event), text, _meaning(text) if is_plain else text)


def _meaning(plain: str) -> object:
    if plain in NULLS:
        return None
    if plain in BOOLEANS:
        return BOOLEANS[plain]
    if WHOLE_NUMBERS.fullmatch(plain):
        return int(plain)
    return NUMBER if NUMBERS.fullmatch(plain) else plain


def _mark(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _tag(event: Any) -> str:
    return shortened(event.tag.replace("tag:yaml.org,2002:", "!!"))
