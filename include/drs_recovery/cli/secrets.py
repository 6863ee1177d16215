"""What never reaches a screen, a log or a document: passwords, tokens and keys, wherever they came from."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from drs_recovery.settings import SECRETS
from drs_recovery.text.address import HIDDEN, hide_who_signs_in, who_signs_in

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLES = (
    *(f"RECOVERY_{name.upper()}" for name in sorted(SECRETS)),
    *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
)
FEWEST = 4
"""Fewest characters of a secret that is hidden: a shorter one is part of too many words."""

OF_LOCAL_AWS = "testing"
"""The key of local AWS, which accepts any; it is too common a word to hide."""

_read: set[str] = set()


def remember(secret: str | None) -> None:
    """Note a secret that was read from a file, or typed."""
    if secret:
        _read.add(secret)


def hide(text: str) -> str:
    """Return a text without the secrets that this process has, in any of the forms that errors quote."""
    for secret in sorted(set(_written()), key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return hide_who_signs_in(text)


def _written() -> Iterator[str]:
    """Yield each secret as it is, and as errors quote it."""
    for secret in _known():
        for form in (secret, secret.strip(), *secret.split("\n")):
            if len(form) >= FEWEST and form != OF_LOCAL_AWS:
                yield from (form, repr(form)[1:-1], json.dumps(form)[1:-1], quote(form, safe=""))


def _known() -> Iterator[str]:
    yield from _read
    yield from (os.environ[name] for name in VARIABLES if name in os.environ)
    for name, value in os.environ.items():
        if name.lower().endswith(("_proxy", "_url")) or name.startswith("AWS_ENDPOINT_URL"):
            for password in _passwords(value):
                yield from (password, unquote(password))


def _passwords(url: str) -> Iterator[str]:
    """Yield what may be the password of an address: its path may hold an ``@``, and its password too."""
    yield who_signs_in(url).partition(":")[2]
    with suppress(ValueError):
        yield urlsplit(url if "://" in url else f"http://{url}").password or ""
