"""What AWS says when it denies a right: which action, on what, to whom; and what is done about it."""

from __future__ import annotations

import re

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
"""Codes of such an answer, as services spell them."""

POLICIES = "docs/production.md, The policies"
"""Where it stands which role needs which right."""

_ACTION = re.compile(r"not authorized to perform: ([\w-]+:\w+)")
_CODE = re.compile(rf"\b({'|'.join(sorted(DENIED))})\b")

EXPLICIT = "explicit deny"
"""In the answer where a policy forbids it: what others allow is of no use then."""


def cure_of(code: str | None, answer: str) -> str:
    """Return what follows an answer of AWS in a sentence: the cure of a denial, and nothing for any other."""
    if code not in DENIED:
        return ""
    if EXPLICIT in answer:
        return f"; a policy denies it, as the answer says: take that away: {POLICIES}"
    named = _ACTION.search(answer)
    allow = f"allow {named[1]} to the role that is named" if named else "allow it to the role that asked"
    return f"; {allow}: {POLICIES}"


def tells_of_denial(text: str) -> bool:
    """Whether a text, such as a failure on record, has the code of a denial."""
    return _CODE.search(text) is not None
