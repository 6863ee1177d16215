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
    """Write the file that Compose reads by itself; what is in it is kept, as the data depend on it."""
    there = file.read_text() if file.exists() else ""
    made = {name: secrets.token_urlsafe(24) for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD")}
    known = {line.partition("=")[0].strip() for line in there.splitlines()}
    missing = {name: value for name, value in (made | new_secrets()).items() if name not in known}
    if not missing:
        console.print(f"{file} is there already, and kept.", highlight=False, soft_wrap=True)
        return 0
    there += "\n" if there and not there.endswith("\n") else ""
    write_private(file, there + "".join(f"{name}={value}\n" for name, value in missing.items()))
    added = f"{', '.join(missing)} added, the rest is kept" if there else "it is written"
    console.print(f"{file}: {added}; only you can read it.", highlight=False, soft_wrap=True)
    return 0
