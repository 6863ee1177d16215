"""Texts of a plan in which ``{{ … }}`` stands for what is known of an execution when they are used.

Only the plan's author writes a template. What DRS, AWS or a person says, a hostname, a reason, is data in it:
it is put where it is asked for, and never read as a template, however often it is passed on.

Two walls keep a template to its data. Its grammar is a list, ``_ALLOWED``: no calls, no macros, no imports,
no arithmetic that multiplies. And Jinja's immutable sandbox looks nothing up but keys of mappings and places
of lists: no attribute of a Python object is ever read, so there is nothing to break out through.

A text that is one expression and nothing else becomes the value of that expression, a list for example; any
other text stays text.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from drs_recovery.errors import TemplateRefused
from drs_recovery.text.lists import quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jinja2 import Environment, nodes

LONGEST_RESULT = 100_000
"""Characters that a template may become; Systems Manager and Lambda take no more."""


_ALLOWED = frozenset(
    {
        *("Template", "Output", "TemplateData", "For", "If"),
        *("Name", "Const", "List", "Tuple", "Dict", "Pair", "Keyword", "Getattr", "Getitem", "Slice"),
        *("Filter", "Test", "Compare", "Operand", "And", "Or", "Not", "CondExpr", "Concat", "Add", "Sub"),
    }
)
"""The nodes of Jinja's grammar that a template may have; all others are refused by name."""

_FILTERS = ("default", "first", "join", "last", "length", "list", "lower", "map", "reject", "rejectattr")
_MORE_FILTERS = ("replace", "select", "selectattr", "sort", "trim", "unique", "upper")
_TESTS = ("defined", "undefined", "eq", "equalto", "ne", "in", "lt", "gt", "le", "ge")
_OF_A_LOOP = frozenset({"first", "index", "index0", "last", "length"})
Place = tuple[str | int, ...]


def is_template(text: str) -> bool:
    """Whether anything in a text is not just text."""
    return any(mark in text for mark in ("{{", "{%", "{#"))


def texts_in(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Yield the texts in plain data, each with the keys and indexes that lead to it."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts_in(inner, (*place, key))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from texts_in(inner, (*place, index))


def render(value: Any, context: Mapping[str, Any]) -> Any:
    """Return plain data with each template in it filled in, once; keys of mappings are no templates.

    ``context`` is plain data too. Raises TemplateRefused for a name that is not known, and for a value that
    cannot stand where it is asked for.
    """
    if isinstance(value, str):
        return _rendered(value, context) if is_template(value) else value
    if isinstance(value, Mapping):
        return {key: render(inner, context) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [render(inner, context) for inner in value]
    return value


def _rendered(text: str, context: Mapping[str, Any]) -> Any:
    tree = parsed(text)
    try:
        if (alone := _one_expression(tree)) is not None:
            return _plain(_value_of(alone, context))
        result = _environment().from_string(tree).render(context)
    except TemplateRefused:
        raise
    except Exception as error:  # whatever a filter raises: of a value that does not fit
        raise TemplateRefused(f"{quoted(text)}: {error}") from error
    return _bounded(result)


def _value_of(expression: nodes.Expr, context: Mapping[str, Any]) -> Any:
    """Return the value of an expression as Jinja's own ``compile_expression`` finds it, of parsed code."""
    from jinja2 import nodes  # noqa: PLC0415 - most plans have no template
    from jinja2.environment import TemplateExpression  # noqa: PLC0415

    result = nodes.Assign(nodes.Name("result", "store", lineno=1), expression, lineno=1)
    template = _environment().from_string(nodes.Template([result], lineno=1))
    return TemplateExpression(template, undefined_to_none=False)(dict(context))


def _one_expression(tree: nodes.Template) -> nodes.Expr | None:
    from jinja2 import nodes  # noqa: PLC0415

    match tree.body:
        case [nodes.Output(nodes=[inner])] if not isinstance(inner, nodes.TemplateData):
            return inner
    return None


def _plain(value: Any) -> Any:
    """Return a value as plain data; TemplateRefused if it is none, or not known."""
    from jinja2 import Undefined  # noqa: PLC0415

    if isinstance(value, Undefined):
        raise TemplateRefused(value._undefined_message)  # noqa: SLF001 - as `str` of it would raise it
    if isinstance(value, str):
        return _bounded(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | Iterator):
        return [_plain(inner) for inner in value]
    raise TemplateRefused(f"a template becomes text, a number, a list or a mapping, and not {value!r}")


def _as_text(value: Any) -> str:
    """Return a value that stands in a text; what would be shown in Python's own way is refused."""
    plain = _plain(value)
    if isinstance(plain, list | dict):
        raise TemplateRefused("a list or a mapping stands in a text; use `join` or `tojson`")
    return str(plain)


def _bounded(text: str) -> str:
    if len(text) > LONGEST_RESULT:
        raise TemplateRefused(
            f"a template becomes {len(text)} characters; at most {LONGEST_RESULT} are allowed"
        )
    return text


@cache
def parsed(text: str) -> nodes.Template:
    """Return a template as a tree; TemplateRefused for what is no template of ours."""
    from jinja2 import TemplateSyntaxError, nodes  # noqa: PLC0415

    try:
        tree = _environment().parse(text)
    except (TemplateSyntaxError, RecursionError) as error:
        raise TemplateRefused(f"{quoted(text)} is no template: {error}") from error
    for node in tree.find_all(nodes.Node):
        if complaint := _complaint_of_node(node):
            raise TemplateRefused(f"{quoted(text)}: {complaint}")
    return tree


def _complaint_of_node(node: nodes.Node) -> str | None:
    kind, name = type(node).__name__, getattr(node, "name", None)
    if kind not in _ALLOWED:
        return f"{kind} is not allowed in a template of a plan"
    if kind == "Filter" and name not in _environment().filters:
        return f"the filter {quoted(str(name))} is not allowed; there are {_names(_environment().filters)}"
    if kind == "Test" and name not in _environment().tests:
        return f"the test {quoted(str(name))} is not allowed; there are {_names(_environment().tests)}"
    return None


def _names(known: Iterable[str]) -> str:
    return ", ".join(sorted(known))


@cache
def _environment() -> Environment:
    from jinja2 import StrictUndefined  # noqa: PLC0415
    from jinja2.filters import FILTERS  # noqa: PLC0415
    from jinja2.runtime import LoopContext  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415
    from jinja2.tests import TESTS  # noqa: PLC0415

    class OnlyData(ImmutableSandboxedEnvironment):
        """Looks up keys and places, and no attribute of anything but a loop's."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, LoopContext) and attribute in _OF_A_LOOP:
                return getattr(obj, attribute)
            return self.getitem(obj, attribute)

        def getitem(self, obj: Any, argument: Any) -> Any:
            if isinstance(obj, Mapping | list | tuple | str) and not isinstance(obj, type):
                try:
                    return obj[argument]
                except (LookupError, TypeError):
                    pass
            return self.undefined(f"{quoted(str(argument))} is not known", obj=obj, name=argument)

        def is_safe_callable(self, obj: Any) -> bool:
            return False

    # Not `autoescape`, which knows HTML: what a template becomes is text, a request's or a command's
    environment = OnlyData(
        undefined=StrictUndefined,
        finalize=_as_text,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.globals.clear()
    own = {
        "shell": lambda value: shlex.quote(_as_text(value)),
        "tojson": lambda value: json.dumps(_plain(value)),
    }
    environment.filters = {name: FILTERS[name] for name in (*_FILTERS, *_MORE_FILTERS)} | own
    environment.tests = {name: TESTS[name] for name in _TESTS}
    return environment
