"""``make env``: the secrets that docker-compose.yaml asks for."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from launcher.environment import ROOT
from launcher.home import new_secrets, write_private

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.console import Console

FILE = ROOT / ".env"


def write_secrets(console: Console, file: Path = FILE) -> int:
    """Write the file that Compose reads by itself; one that is there is kept, as the data depend on it."""
    if file.exists():
        console.print(f"{file} is there already, and kept.", highlight=False, soft_wrap=True)
        return 0
    made = {"POSTGRES_PASSWORD": secrets.token_urlsafe(24), **new_secrets()}
    write_private(file, "".join(f"{name}={value}\n" for name, value in made.items()))
    console.print(f"{file} is written; only you can read it.", highlight=False, soft_wrap=True)
    return 0
