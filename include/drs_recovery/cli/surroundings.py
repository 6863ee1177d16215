"""The environment of a command: variables, streams and screens of every kind, made fit for use once.

An empty variable is none: ``AWS_PROFILE=`` names no profile. This machine, and the
link-local addresses that AWS gives credentials at, are reached through no proxy, whichever library asks.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from contextlib import suppress

READ_BY_LIBRARIES = (
    *("AWS_", "RECOVERY_", "AIRFLOW_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("SSL_CERT_", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "COLUMNS", "LINES", "TERMINAL_WIDTH"),
)
"""Prefixes of the variables that this package or its libraries read; those of proxies in lower case too."""

KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Credentials that are pasted: a line break at the end would make a header that no HTTP client sends."""

NEAR = ("127.0.0.1", "localhost", "::1", "[::1]", "169.254.169.254", "169.254.170.2", "169.254.170.23")
EVERYTHING = "*"
"""In NO_PROXY: nothing is reached through a proxy. It means this only where it stands alone."""

SIZES = ("COLUMNS", "LINES", "TERMINAL_WIDTH")
NARROWEST, WIDEST = 40, 1000
"""Limits of the width of lines; a narrower terminal breaks them, and nothing is lost."""

SIGNS = {"✗": "x", "→": "->", "⚠": "!", "⏸": "||", "—": "-", "…": "...", "•": "*"}
"""Replacements of the signs used here, for a screen that lacks them."""


def prepare() -> None:
    """Make variables and streams fit for use, for this process and what it starts."""
    for name, value in list(os.environ.items()):
        if name.upper().startswith(READ_BY_LIBRARIES) and not value.strip():
            del os.environ[name]
    for name in KEYS:
        if name in os.environ:
            os.environ[name] = os.environ[name].strip()
    asked = (os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or "").strip()
    straight = asked if asked == EVERYTHING else ",".join([*([asked] if asked else []), *NEAR])
    os.environ["no_proxy"] = os.environ["NO_PROXY"] = straight
    for name in SIZES:
        if name in os.environ and size(name) is None:
            del os.environ[name]
    # Of what Airflow's hooks log while DRS is asked, the result has what matters
    os.environ.setdefault("AIRFLOW__LOGGING__LOGGING_LEVEL", "ERROR")
    _prepare_streams()


def size(name: str) -> int | None:
    """Return a size of the screen from a variable, within limits; None if it holds none."""
    value = os.environ.get(name, "").strip()
    if not (value.isascii() and value.isdecimal() and len(value) <= len(str(WIDEST)) + 2 and int(value)):
        return None
    return max(NARROWEST, min(int(value), WIDEST)) if name != "LINES" else int(value)


def silence(descriptor: int) -> None:
    """Discard what is still written to a stream that accepts no more."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


class _Closed(io.BufferedIOBase):
    """Standard output of a command that was started without one (``>&-``): every write fails."""

    def writable(self) -> bool:
        """Whether it may be tried."""
        return True

    def write(self, _: object) -> int:
        """Refuse, as the system does."""
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _prepare_streams() -> None:
    codecs.register_error("recovery.signs", _spell)
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), encoding="utf-8", write_through=True)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for as long as the process lives
    if sys.stdin is None:
        sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="recovery.signs")


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Return characters that a stream's encoding lacks, spelt in ones that it has, instead of ``?``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    spelt = "".join(SIGNS.get(sign) or sign.encode("ascii", "backslashreplace").decode() for sign in lacking)
    return spelt, error.end
