"""Which proxy the environment names for an address."""

from __future__ import annotations

import ipaddress
import os
from urllib.parse import urlsplit
from urllib.request import proxy_bypass


def proxy_for(url: str) -> tuple[str, str] | None:
    """Return the variable whose proxy is to be used, with its URL; None where none is.

    This machine and link-local addresses are never reached through a proxy.
    """
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    if is_near(host) or proxy_bypass(f"{host}{port}"):
        return None
    for name in (f"{scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            if named := os.environ.get(variable, "").strip():
                return variable, named if "://" in named else f"http://{named}"
    return None


def is_near(host: str) -> bool:
    """Whether a host is this machine, or on its link."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        known = ipaddress.ip_address(host)
    except ValueError:
        return False
    return known.is_loopback or known.is_link_local
