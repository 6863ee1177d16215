"""The user as whom the command line signs in to Airflow, and where the password comes from."""

from __future__ import annotations

import base64
import binascii
import getpass
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from drs_recovery.cli.exits import UsageError
from drs_recovery.cli.secrets import remember
from drs_recovery.settings import settings
from drs_recovery.text.visible import visible

PASSWORDS_FILE = "simple_auth_manager_passwords.json.generated"


LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class SignInNeeded(UsageError):
    """User or password is missing, and there is no terminal to ask for it."""


@dataclass(frozen=True)
class Credentials:
    """A user with a password, or a token."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def credentials(user: str | None = None, *, ask: bool = True) -> Credentials:
    """Return how to sign in; raises SignInNeeded if something is missing and cannot be asked for.

    In this order: a token (unless another user is named), the password of the settings, the passwords of a
    local Airflow, a question.
    """
    given = settings()
    if given.airflow_token and user is None:
        return Credentials(token=_fit_for_a_header(given.airflow_token))
    name = user or given.airflow_user or _asked_user(ask=ask)
    known = given.airflow_password if name == given.airflow_user else None
    password = known or local_password(name) or _asked_password(name, ask=ask)
    remember(password)
    if not password.isprintable():
        raise SignInNeeded(
            f"The password of {name!r} (not shown) has a line break in it, or a character that cannot be "
            "printed: set RECOVERY_AIRFLOW_PASSWORD again"
        )
    return Credentials(user=name, password=password)


def _fit_for_a_header(token: str) -> str:
    """Return a token that can be sent in a header; an error does not quote it."""
    if token.isascii() and token.isprintable() and " " not in token:
        return token
    raise SignInNeeded(
        "RECOVERY_AIRFLOW_TOKEN (not shown) has a blank, a line break or a letter in it that no token has: "
        "set it again"
    )


def local_password(user: str) -> str | None:
    """Return the user's password from the file that a local Airflow writes for its users."""
    if urlsplit(settings().airflow_url).hostname not in LOCAL_HOSTS:
        return None
    file = Path(os.environ.get("AIRFLOW_HOME") or ".airflow") / PASSWORDS_FILE
    try:
        password = json.loads(file.read_text()).get(user)
    except (OSError, ValueError, AttributeError):
        return None
    return password if isinstance(password, str) else None


def claims(token: str) -> dict[str, Any]:
    """Return the claims of a JSON web token, unverified; none for a token of another kind."""
    try:
        payload = token.split(".")[1]
        decoded = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, binascii.Error):
        return {}
    return decoded if isinstance(decoded, dict) else {}


def interactive() -> bool:
    """Whether a person at a terminal can be asked."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stderr))


def _asked_user(*, ask: bool) -> str:
    name = ""
    if ask and interactive():
        sys.stderr.write("Airflow user: ")
        sys.stderr.flush()
        name = sys.stdin.readline().strip()
    if not name:
        raise SignInNeeded("No Airflow user is given: use --user NAME, or set RECOVERY_AIRFLOW_USER")
    return name


def _asked_password(user: str, *, ask: bool) -> str:
    if not (ask and interactive()):
        raise SignInNeeded(
            f"No password of {user!r} is known: set RECOVERY_AIRFLOW_PASSWORD or RECOVERY_AIRFLOW_TOKEN, "
            "or ask from a terminal"
        )
    return getpass.getpass(f"Airflow password of {visible(user)}: ", stream=sys.stderr)
