"""The way to Airflow: directly, or through the proxy that the environment names, with its certificates.

httpx would read the environment itself, but it makes a client for every proxy named there, used or not, and
raises the error of the first bad one.
"""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import certifi
import httpx

from drs_recovery.cli.proxies import proxy_for
from drs_recovery.errors import AirflowUnreachable
from drs_recovery.text.address import check_legible, without_who_signs_in

AUTHORITIES = "SSL_CERT_FILE"
"""Variable that names the file of the certificate authorities to trust."""

FOLDER_OF_AUTHORITIES = "SSL_CERT_DIR"


def client_for(url: str, timeout: float) -> httpx.Client:
    """Return a client for one server; raises AirflowUnreachable that names the variable to correct."""
    proxy = proxy_for(url)
    encrypted = "https://" in url or (proxy is not None and proxy[1].startswith("https://"))
    trusted = trust() if encrypted else False
    headers = {"Accept": "application/json"}
    if proxy is None:
        return httpx.Client(timeout=timeout, headers=headers, trust_env=False, verify=trusted)
    variable, named = proxy
    try:
        check_legible(named)
        return httpx.Client(timeout=timeout, headers=headers, trust_env=False, verify=trusted, proxy=named)
    except ImportError as error:
        why = "it names a SOCKS proxy, for which the package socksio is not installed"
        raise _no_way(url, variable, why) from error
    except (ValueError, httpx.InvalidURL) as error:
        raise _no_way(url, variable, "it is no URL of a proxy, such as http://proxy.example:3128") from error


def trust() -> ssl.SSLContext:
    """Return which certificates are trusted: those that the environment names, or the usual ones."""
    file, folder = (os.environ.get(name, "").strip() or None for name in (AUTHORITIES, FOLDER_OF_AUTHORITIES))
    try:
        if file and not Path(file).is_file():
            raise AirflowUnreachable(f"{AUTHORITIES}={file}: there is no such file of certificates")
        return ssl.create_default_context(cafile=file or (None if folder else certifi.where()), capath=folder)
    except OSError as error:
        raise AirflowUnreachable(
            f"{AUTHORITIES}={file}: no certificates can be read from it: {error}"
        ) from error


def _no_way(url: str, variable: str, why: str) -> AirflowUnreachable:
    host = urlsplit(url).hostname
    return AirflowUnreachable(
        f"Airflow at {without_who_signs_in(url)} cannot be used: {variable} is of no use: {why}\n"
        f"Name an HTTP proxy there, or have {host} reached straight: NO_PROXY={host}"
    )
