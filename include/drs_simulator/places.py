"""The places of values in a YAML file, so that what is wrong is shown by file, line and column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_simulator.descriptions import Path


class Unreadable(ValueError):
    """A text that is no YAML; the message begins with line and column."""


class Document:
    """The value of a YAML text, and the place of everything in it."""

    def __init__(self, text: str) -> None:
        """Read the text; raises Unreadable."""
        try:
            self.value: Any = YAML(typ="safe").load(text)
            self._root: Node | None = YAML(typ="safe", pure=True).compose(text)
        except MarkedYAMLError as error:
            raise Unreadable(_message(error)) from error
        except YAMLError as error:
            raise Unreadable(f"1:1: not YAML: {error}") from error
        except RecursionError as error:
            raise Unreadable("1:1: nested too deeply") from error

    def place(self, path: Path) -> str:
        """Return line and column of a value; of what it would stand in, where it is absent."""
        mark = self._root.start_mark if self._root else None
        for node in self._nodes(path):
            mark = node.start_mark
        return f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"

    def key_place(self, path: Path) -> str:
        """Return line and column of the key that names a value."""
        *outer, name = path
        holder = [self._root, *self._nodes(tuple(outer))][-1]
        for key, _ in holder.value if isinstance(holder, MappingNode) else []:
            if key.value == name:
                return f"{key.start_mark.line + 1}:{key.start_mark.column + 1}"
        return self.place(path)

    def _nodes(self, path: Path) -> Iterator[Node]:
        node = self._root
        for step in path:
            found = _child(node, step)
            if found is None:
                return
            node = found
            yield node


def _child(node: Node | None, step: str | int) -> Node | None:
    if isinstance(node, MappingNode):
        return next((value for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        child: Node = node.value[step]
        return child
    return None


def _message(error: MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
    message = ", ".join(part for part in (error.context, error.problem) if part)
    return f"{place}: not YAML: {message}"
