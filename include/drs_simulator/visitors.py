"""Who may ask: programs on this machine and beside it, but no page of the web in somebody's browser.

A page cannot read an answer, but it can send requests: a form or an image is enough to set a fault or to
terminate instances. Browsers say where such a request comes from (``Origin``, ``Sec-Fetch-Site``). A page
that lets its own name lead to this machine (DNS rebinding) says nothing of the kind, but asks for that name
(``Host``), which is one of the public DNS.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

NOT_PUBLIC = frozenset({"localhost", "local", "internal", "test"})
"""Top-level domains that nobody can have a name in (RFC 2606, RFC 6761, RFC 6762; ICANN for ``internal``)."""


def refusal(environ: WSGIEnvironment) -> str | None:
    """Return why a request is refused; None for one that is answered."""
    host = environ.get("HTTP_HOST", "")
    if not _is_private(_name(f"//{host}")):
        names = ", ".join(f"*.{name}" for name in sorted(NOT_PUBLIC))
        return f"Host {host!r}: allowed are addresses, names without a dot, and {names}"
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None:
        is_ours = origin.partition("://")[2] == host or _is_loopback(_name(origin))
        return None if is_ours else f"Origin {origin!r}: a page of the web asks for nothing here"
    if environ.get("HTTP_SEC_FETCH_SITE") == "cross-site":
        return "Sec-Fetch-Site 'cross-site': a page of the web asks for nothing here"
    return None


def _name(url: str) -> str | None:
    """Return the host of a URL; empty for one that names none, None for what is no URL."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return None


def _is_private(name: str | None) -> bool:
    """Whether a host is an address, or a name that no public DNS knows; HTTP/1.0 names none."""
    if name is None:
        return False
    return "." not in name.strip(".") or name.split(".")[-1] in NOT_PUBLIC or _address(name) is not None


def _is_loopback(name: str | None) -> bool:
    address = _address(name or "")
    if address is not None:
        return address.is_loopback
    return name == "localhost" or bool(name and name.endswith(".localhost"))


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None
