"""Pages that stay complete and without repeats while items come and go.

moto's own paginator names the next item, and fails when that one is gone: a recovery instance may be
terminated between two pages. Here a token holds the position of the last item that was given.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeVar

from .lookup import invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .exceptions import ValidationException

Item = TypeVar("Item")
Position = int | str

PAGE = 200
"""Items in a page at most."""


class Ordered(list[Item]):
    """Items that are in order already: thousands need not be sorted for each page."""


def paginate(
    items: Iterable[Item],
    position: Callable[[Item], Any],
    max_results: int | None,
    next_token: str | None,
) -> tuple[list[Item], str | None]:
    """Return the page that a token asks for, and the next token; ``position`` is an item's place in order."""
    after = _read(next_token) if next_token else None
    ordered = items if isinstance(items, Ordered) else sorted(items, key=position)
    try:
        begin = 0 if after is None else bisect_right(ordered, after, key=position)
    except TypeError as error:
        raise _refusal(next_token) from error
    end = begin + min(max_results or PAGE, PAGE)
    page = ordered[begin:end]
    return page, _write(position(page[-1])) if len(ordered) > end else None


def _write(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()


def _read(token: str) -> Position:
    try:
        position = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, binascii.Error) as error:
        raise _refusal(token) from error
    if not isinstance(position, int | str):
        raise _refusal(token)
    return position


def _refusal(token: str | None) -> ValidationException:
    return invalid("nextToken", f"nextToken {token!r} was not given by this operation.")
