"""What people write to describe a fleet, a fault or a setting, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a value."""

Problem = tuple[Path, Any, str]
"""The path of a value, the value, and what is allowed in its place."""

_MESSAGES = {
    "missing": "is required",
    "model_type": "allowed is a mapping of keys to values",
    "model_attributes_type": "allowed is a mapping of keys to values",
    "dict_type": "allowed is a mapping of keys to values",
    "tuple_type": "allowed is a list",
    "list_type": "allowed is a list",
    "string_type": "allowed is text, in quotes",
    "int_type": "allowed is a whole number",
    "int_parsing": "allowed is a whole number",
    "int_from_float": "allowed is a whole number",
    "float_type": "allowed is a number",
    "float_parsing": "allowed is a number",
}
_OUR_TEXT = {
    "Value error, ": "",
    "Input should be ": "allowed is ",
    "String should match pattern ": "allowed is ",
    "Tuple should have ": "allowed is ",
}


class Strict(BaseModel):
    """Something that is described by the keys that it has, and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def contradicted(problems: Iterable[Problem]) -> None:
    """Raise ValidationError where there are problems; their paths begin at the value that is validated."""
    if found := list(problems):
        raise ValidationError.from_exception_data(
            "contradictions",
            [
                InitErrorDetails(
                    type="value_error", loc=path, input=value, ctx={"error": ValueError(message)}
                )
                for path, value, message in found
            ],
        )


def sentences(error: ValidationError, model: type[BaseModel], *, whole: str) -> list[str]:
    """Return a line per problem: its place, the value there, and what is allowed."""
    return [
        f"{'.'.join(str(part) for part in problem['loc']) or whole}: {problem_text(problem, model)}"
        for problem in error.errors()
    ]


def problem_text(problem: ErrorDetails, model: type[BaseModel]) -> str:
    """Return the value, where it is short, and what is allowed in its place."""
    if problem["type"] == "extra_forbidden":
        return f"allowed are {', '.join(_keys(model, tuple(problem['loc'])))}"
    message = _MESSAGES.get(problem["type"], problem["msg"])
    for text, ours in _OUR_TEXT.items():
        message = message.replace(text, ours)
    value = (
        problem["input"].decode(errors="replace") if isinstance(problem["input"], bytes) else problem["input"]
    )
    is_shown = problem["type"] != "missing" and not (isinstance(value, dict | list) and value)
    return f"{value!r}: {message}" if is_shown else message


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    """Return the keys that are allowed beside the last one of a path."""
    for step in path[:-1]:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        if step in fields:
            model = _model_in(fields[str(step)].annotation) or model
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the model that values of a type are, or have in them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in get_args(annotation) if (found := _model_in(inner))), None)
