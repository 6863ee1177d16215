"""What people write to describe a fleet or a fault, and what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def sentences(error: ValidationError, *, whole: str) -> list[str]:
    """Return a line per problem: its place, the value there, and what is allowed."""
    return [
        f"{'.'.join(str(part) for part in problem['loc']) or whole}: {problem['input']!r}: {problem['msg']}"
        for problem in error.errors()
    ]
