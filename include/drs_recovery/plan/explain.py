"""What is wrong with a plan file, in our own text and with its place."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, Tag, ValidationError

from drs_recovery.names import MOST_WAVES
from drs_recovery.plan.action_rules import forbidden_operators
from drs_recovery.plan.document import NUMBER, UNREADABLE, Node
from drs_recovery.plan.groups import ONE, SEVERAL, GroupFile
from drs_recovery.plan.models import BROKEN_RULES, PlanFile
from drs_recovery.plan.problems import MOST_PROBLEMS, Problem, Rejected
from drs_recovery.plan.rules import findings, sketch
from drs_recovery.text.lists import did_you_mean, quoted, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from drs_recovery.plan.problems import Place

DUE = {
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "union_tag_not_found": "a list of source server ids, or {tags: {key: value}},",
}
"""What is due where pydantic complains of the type."""


OF_GROUPS = (ONE, SEVERAL)


def content_of(root: Node) -> PlanFile:
    """Return what the root node of a plan file says; raises Rejected with every problem."""
    try:
        content = PlanFile.model_validate(root.value | _few(root.value))
    except ValidationError as error:
        raise Rejected(*_of_values(root, error, PlanFile), *_of_rules(root), *_of_settings(root)) from error
    if forbidden := _of_settings(root):
        raise Rejected(*forbidden)
    return content


def group_of(root: Node) -> GroupFile:
    """Return what the root node of a group's file says; raises Rejected with every problem."""
    try:
        return GroupFile.model_validate(root.value)
    except ValidationError as error:
        raise Rejected(*_of_values(root, error, GroupFile)) from error


def _few(content: dict[str, Any]) -> dict[str, Any]:
    """Return the waves that are looked at one by one: all that a plan may have, and one too many."""
    waves = content.get("waves")
    return {"waves": waves[: MOST_WAVES + 1]} if isinstance(waves, list) else {}


def _of_values(root: Node, error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    some = error.errors(include_url=False, include_input=False)[: MOST_PROBLEMS + 1]
    places = [
        (details, _Located(root, details["loc"])) for details in some if details["type"] != BROKEN_RULES
    ]
    return [_problem(details, at, model) for details, at in places if not _is_reported(details, at.node)]


def _is_reported(details: ErrorDetails, node: Node) -> bool:
    """Whether the parser, or another error, reports it: pydantic does not count the entries it refuses."""
    return node.value is UNREADABLE or (details["type"] == "too_short" and bool(node.value))


def _of_rules(root: Node) -> list[Problem]:
    """Ask the rules of what is readable, as pydantic asks them only once each value is right by itself."""
    some = islice(findings(sketch(root.value)), MOST_PROBLEMS + 1)
    return [Problem(_Located(root, place).node.mark, message) for place, message in some]


def _of_settings(root: Node) -> list[Problem]:
    """Ask what is allowed here and now of a file, and of no plan that runs already."""
    found = islice(forbidden_operators(root.value), MOST_PROBLEMS + 1)
    return [Problem(_Located(root, place).node.mark, message) for place, message in found]


class _Located:
    """A place in the file: its node, the key that leads to it, and the place of that key."""

    def __init__(self, root: Node, place: Place) -> None:
        self.node, self.key, self.key_mark = root, "", root.mark
        for part in place:
            # pydantic adds parts of its own: a missing key, the kind of servers
            if part in self.node.children:
                self._step(part)

    def _step(self, part: str | int) -> None:
        if isinstance(part, str):
            self.key, self.key_mark = shortened(part), self.node.key_marks[part]
        self.node = self.node.children[part]


def _problem(details: ErrorDetails, at: _Located, model: type[BaseModel]) -> Problem:
    last = str(details["loc"][-1])
    match details["type"]:
        case "missing":
            return Problem(
                at.node.mark, f"the key {last!r} is missing: {_fields(details, model)[last].description}"
            )
        case "extra_forbidden":
            allowed = [*_fields(details, model), *(OF_GROUPS if _is_of_wave(details["loc"]) else ())]
            return Problem(at.key_mark, _unknown_key(last, allowed))
        case _ if last == "[key]":
            return Problem(at.key_mark, f"the key {quoted(at.key)} {_rest(details)}")
    return Problem(at.node.mark, f"{at.key}: {_complaint(details, at.node)}")


def _is_of_wave(place: Place) -> bool:
    """Whether a place is in the servers of a wave, where groups may stand: not in what is optional."""
    return place[0] == "waves" and place[-3:-1] == ("servers", "by tags")


def _complaint(details: ErrorDetails, node: Node) -> str:
    kind, context = details["type"], details.get("ctx", {})
    if kind in DUE:
        is_number_or_boolean = node.value is NUMBER or isinstance(node.value, int)
        hint = "; in quotes it is text" if kind == "string_type" and is_number_or_boolean else ""
        return f"{node} where {DUE[kind]} is due{hint}"
    if kind == "literal_error":
        return f"{node} where {context['expected']} is due"
    if kind == "too_short":
        return f"{node} without entries; at least one is due"
    return f"{node} {_rest(details)}"


def _rest(details: ErrorDetails) -> str:
    context = details.get("ctx", {})
    match details["type"]:
        case "value_error":
            return str(context["error"])
        case "string_too_short":
            return f"is too short; at least {context['min_length']} character is due"
        case "string_too_long":
            return f"is too long; at most {context['max_length']} characters are allowed"
    return f"is not allowed: {details['msg']}"


def _unknown_key(key: str, allowed: list[str]) -> str:
    return f"unknown key {quoted(key)}{did_you_mean(key, allowed) or ';'} allowed here: {', '.join(allowed)}"


def _fields(details: ErrorDetails, model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of the model that complains, which is part of another."""
    return _by_key(model_at(model, details["loc"][:-1]))


def model_at(root: type[BaseModel], place: Place) -> type[BaseModel]:
    """Return the model that a place leads to, as pydantic names it: keys, indexes, and kinds of a union."""
    kind: Any = root
    for part in place:
        kind = _inside(kind, part)
    return next(_models(kind))


def _inside(kind: Any, part: str | int) -> Any:
    """Return the type of what a part of a place leads to; an index leads to what its list is of."""
    if (one := _tagged(kind, part)) is not None:
        return one
    fields = (_by_key(model).get(str(part)) for model in _models(kind))
    return next((field.annotation for field in fields if field is not None), kind)


def _by_key(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by the keys that stand for them in a file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tagged(kind: Any, tag: str | int) -> Any:
    """Return the member of a union that a tag stands for; None if there is none in this type."""
    if any(isinstance(note, Tag) and note.tag == tag for note in getattr(kind, "__metadata__", ())):
        return kind
    found = (_tagged(member, tag) for member in get_args(kind))
    return next((one for one in found if one is not None), None)


def _models(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for member in get_args(kind):
        yield from _models(member)
