"""Addresses, and who signs in there: what stands before the ``@`` of a URL is shown to nobody."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

HIDDEN = "***"
ILLEGIBLE = (
    "an @ stands behind what is no host and no port: in a user name or a password "
    "write / as %2F, # as %23, ? as %3F and @ as %40"
)
_IN_A_TEXT = re.compile(r"(?<=://)(?:[^/?#\s:]*:(?!\d+[/?#])\S*|[^/?#\s]*)@")
"""User information in a text: up to the last ``@``; behind a port, to that before the path."""


def who_signs_in(url: str) -> str:
    """Return the user information of an address, with any content: all up to the last ``@``."""
    return _parts(url)[1]


def without_who_signs_in(url: str) -> str:
    """Return an address without its user information."""
    before, _, host = _parts(url)
    return before + host


def hide_who_signs_in(text: str) -> str:
    """Return a text in which the user information of each address is hidden."""
    return _IN_A_TEXT.sub(f"{HIDDEN}@", text)


def base_address(value: str | None) -> str | None:
    """Return the address by which a server is known, without a slash at its end; None where it names no host.

    A path alone (``/airflow``) may be that of any server.
    """
    address = (value or "").strip().rstrip("/")
    return address if address.partition("://")[2] else None


def check_legible(url: str) -> None:
    """Raise a ValueError, without the address, where it is not plain what signs in and what is the host."""
    if "@" not in url:
        return
    try:
        place = urlsplit(url).netloc
    except ValueError:
        raise ValueError(ILLEGIBLE) from None
    if "@" not in place or "@" in url.partition(place)[2]:
        raise ValueError(ILLEGIBLE)


def _parts(url: str) -> tuple[str, str, str]:
    """Return what stands before the user information of an address, that, and what stands behind it."""
    scheme, mark, rest = url.partition("://") if "://" in url else ("", "", url)
    signs_in, _, host = rest.rpartition("@")
    return scheme + mark, signs_in, host
