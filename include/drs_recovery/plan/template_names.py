"""What templates of a plan may name, and what they name that nobody knows: found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from drs_recovery.errors import TemplateRefused
from drs_recovery.plan.templates import is_template, parsed
from drs_recovery.text.lists import did_you_mean, listed, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import nodes


class Each(NamedTuple):
    """A list in the context, by the keys that each of its members has."""

    keys: frozenset[str]


Context = Mapping[str, "frozenset[str] | Each"]
"""What a template may name, by the keys of each."""

_SERVER = frozenset({"id", "hostname", "name", "launch_status", "recovery_instance_id", "private_ip"})

OF_A_PLAN: Context = {
    "plan": frozenset({"id", "name", "owner"}),
    "execution": frozenset({"id", "type", "reason", "requested_by", "url"}),
    "servers": Each(_SERVER),
}
"""What an action before or after a whole plan may name; ``servers`` are those of all waves.

What is not known, such as the address of a server that is not launched, is absent: to name it is an error
then, unless it has a ``default``.
"""

OF_A_WAVE: Context = {**OF_A_PLAN, "wave": frozenset({"name", "attempt", "region"})}
"""What an action of a wave may name; ``servers`` are those of the wave."""

OF_A_SERVER: Context = {**OF_A_WAVE, "server": _SERVER}
"""What a check of a launched server may name."""

_KEEPS_LIST = frozenset({"list", "reject", "rejectattr", "select", "selectattr", "sort", "unique"})
_TAKES_KEY = {"map": "attribute", "sort": "attribute", "unique": "attribute", "join": "attribute"}
_TAKES_FIRST = frozenset({"rejectattr", "selectattr"})


def complaint_of(text: str, context: Context) -> str | None:
    """Return what is wrong with a template where it may name this; None as far as that can be known."""
    if not is_template(text):
        return None
    try:
        tree = parsed(text)
    except TemplateRefused as error:
        return str(error)
    return next(_unknown(tree, context), None)


def _unknown(tree: nodes.Template, context: Context) -> Iterator[str]:
    """Yield what a template names and is not in the context."""
    from jinja2 import meta  # noqa: PLC0415

    for name in sorted(meta.find_undeclared_variables(tree) - context.keys()):
        yield f"{quoted(name)} is not known here{_hint(name, context)} known are {listed(context)}"
    yield from _unknown_keys(tree, dict(context))


def _unknown_keys(node: nodes.Node, known: dict[str, Any]) -> Iterator[str]:
    """Yield the keys that are asked of something that has others, wherever that can be seen."""
    if type(node).__name__ == "For":
        members = _members(node.iter, known)  # type: ignore[attr-defined] # a node is what its name says
        known = known | {getattr(node.target, "name", ""): members}  # type: ignore[attr-defined]
    for of, key in _asked(node, known):
        if isinstance(of, frozenset) and isinstance(key, str) and key not in of:
            yield f"{quoted(key)} is not known here{_hint(key, of)} known are {listed(sorted(of))}"
    for child in node.iter_child_nodes():
        yield from _unknown_keys(child, known)


def _hint(word: str, known: Iterable[str]) -> str:
    return did_you_mean(word, sorted(known)) or ";"


def _asked(node: Any, known: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """Yield of what a node asks which key, such as ``(the keys of a server, "hostname")``."""
    kind = type(node).__name__
    if kind == "Getattr":
        yield _kind(node.node, known), node.attr
    elif kind == "Getitem":
        yield _kind(node.node, known), getattr(node.arg, "value", None)
    elif kind == "Filter" and node.node is not None:
        members = _members(node.node, known)
        if node.name in _TAKES_FIRST and node.args:
            yield members, getattr(node.args[0], "value", None)
        for keyword in node.kwargs:
            if keyword.key == _TAKES_KEY.get(node.name):
                yield members, getattr(keyword.value, "value", None)


def _kind(node: Any, known: Mapping[str, Any]) -> Any:
    """Return the keys of what an expression is, or of each of its members; None where nobody can say."""
    kind = type(node).__name__
    if kind == "Name":
        return known.get(node.name)
    if kind == "Getitem" and isinstance(getattr(node.arg, "value", None), int):
        return _members(node.node, known)
    if kind == "Filter" and node.node is not None:
        if node.name in {"first", "last"}:
            return _members(node.node, known)
        return _kind(node.node, known) if node.name in _KEEPS_LIST else None
    return None


def _members(node: Any, known: Mapping[str, Any]) -> frozenset[str] | None:
    kind = _kind(node, known)
    return kind.keys if isinstance(kind, Each) else None
