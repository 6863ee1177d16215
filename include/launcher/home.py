"""The home of a stack: a folder with everything that belongs to one installation."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from launcher.errors import SettingRefused
from launcher.settings_file import read_settings_file

if TYPE_CHECKING:
    from pathlib import Path

PASSWORDS = "simple_auth_manager_passwords.json.generated"
PRIVATE = 0o600


@dataclass(frozen=True)
class Home:
    """Where a stack keeps its files; ``path`` is AIRFLOW_HOME."""

    path: Path

    @property
    def logs(self) -> Path:
        """One log per component; Airflow keeps those of tasks below."""
        return self.path / "logs"

    @property
    def database(self) -> Path:
        """PostgreSQL's data."""
        return self.path / "postgresql"

    @property
    def snapshots(self) -> Path:
        """Snapshots of the DAGs, each as old as the first run that was started with it."""
        return self.path / "dag_bundles"

    @property
    def state(self) -> Path:
        """What runs: processes and ports."""
        return self.path / "stack.json"

    @property
    def lock(self) -> Path:
        """Locked while a stack of this home is started or stopped."""
        return self.path / "stack.lock"

    @property
    def shell(self) -> Path:
        """What a person's shell reads to work with this stack."""
        return self.path / "shell"

    def make(self) -> None:
        """Make the folders."""
        self.logs.mkdir(parents=True, exist_ok=True)

    def log(self, name: str) -> Path:
        """Return the log of a component."""
        return self.logs / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """Return Airflow's secrets, made at the first call and kept."""
        file = self.path / "secrets.env"
        if not file.exists():
            write_private(file, "".join(f"{key}={value}\n" for key, value in new_secrets().items()))
        return read_settings_file(file)

    def passwords(self, users: list[str]) -> dict[str, str]:
        """Return the password of each user; who has none yet gets one.

        The file is the simple auth manager's own. Airflow would make it too, but readable by everyone, and
        would print the passwords to a log.
        """
        file = self.path / PASSWORDS
        known = _read_passwords(file) if file.exists() else {}
        missing = [user for user in users if user not in known]
        if missing:
            known |= {user: secrets.token_urlsafe(12) for user in missing}
            write_private(file, json.dumps(known) + "\n")
        return {user: known[user] for user in users}


def new_secrets() -> dict[str, str]:
    """Return fresh values for everything that Airflow signs or encrypts with."""
    return {
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__API__SECRET_KEY": secrets.token_urlsafe(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(64),
    }


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, all of it or nothing."""
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    draft.touch(mode=PRIVATE)
    draft.write_text(text)
    draft.replace(file)


def _read_passwords(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text() or "{}")
    except ValueError as error:
        raise SettingRefused(f"{file} is no JSON ({error}): remove it, and new passwords are made") from error
    return {str(user): str(password) for user, password in known.items()}
