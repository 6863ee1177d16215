"""What AWS says when it denies a right: which action, on what, to whom; and what is done about it."""

from __future__ import annotations

import re

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""Codes of such an answer, as services spell them."""

_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")


def cure_of(code: str | None, answer: str) -> str:
    """Return what follows an answer of AWS in a sentence: the cure of a denial, and nothing for any other."""
    if code not in DENIED:
        return ""
    named = _ACTION.search(answer)
    allow = f"allow {named[1]} to the role that is named" if named else "allow it to the role that asked"
    return f"; {allow}: docs/production.md, The policies"
