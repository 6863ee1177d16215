"""Finding what a request names."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dateutil.parser import isoparse

from .exceptions import ValidationException

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

Found = TypeVar("Found")


def select(known: dict[str, Found], wanted: list[str] | None) -> list[Found]:
    """Return what is wanted by id, without those that are not known; everything, when no ids are given."""
    if not wanted:
        return list(known.values())
    return [known[found] for found in dict.fromkeys(wanted) if found in known]


def require(known: dict[str, Found], wanted: str, field: str) -> Found:
    """Return what has this id; raises ValidationException.

    For the operations that take ids and declare no ResourceNotFoundException.
    """
    if wanted not in known:
        raise invalid(field, f"{field} {wanted} does not exist.")
    return known[wanted]


def between(
    items: list[Found], date: Callable[[Found], datetime], since: str | None, until: str | None
) -> list[Found]:
    """Return what lies between two dates, both included; either may be absent."""
    first = _read_date("filters.from", since) if since else None
    last = _read_date("filters.to", until) if until else None
    if first is not None:
        items = [item for item in items if date(item) >= first]
    if last is not None:
        items = [item for item in items if date(item) <= last]
    return items


def invalid(field: str, message: str) -> ValidationException:
    """Return the error that blames one field of a request."""
    return ValidationException(message, "fieldValidationFailed", [(field, message)])


def _read_date(field: str, text: str) -> datetime:
    try:
        date: datetime = isoparse(text)
    except ValueError as error:
        raise invalid(field, f"{field} {text}: {error}") from error
    return date
