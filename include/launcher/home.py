"""The home of a stack: a folder with everything that belongs to one installation."""

from __future__ import annotations

import base64
import json
import secrets
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.errors import SettingRefused
from launcher.settings_file import read_settings_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORDS = "simple_auth_manager_passwords.json.generated"
OTHERS = stat.S_IRWXG | stat.S_IRWXO
"""The rights of group and others: they have none on what is in a home."""
MAY_BE_FIRST = {"dags", "groups", "plans"}
"""What may lie in a home before its first start: folders that a stack is to run."""


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
    def redis(self) -> Path:
        """The settings of Redis, with its password."""
        return self.path / "redis.conf"

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
        """Make the folders, and close them to others; raises SettingRefused for a folder of something else.

        What else is in a home is left alone: it may be in use, and be gone in the next moment.
        """
        there = {path.name for path in self.path.iterdir()} if self.path.exists() else set()
        if there - MAY_BE_FIRST and self.lock.name not in there:
            raise SettingRefused(
                f"{self.path} is there and is not the home of a stack: nothing in it is changed. Move or "
                "remove it"
            )
        self.path.mkdir(parents=True, exist_ok=True)
        self.lock.touch()
        self.logs.mkdir(exist_ok=True)
        _close(self.path, but=self._passage)
        _close(self.lock)
        _close(self.logs)

    def close(self) -> None:
        """Close to others what an earlier release left open in a home that nothing runs in.

        But for PostgreSQL's data, which it closes itself.
        """
        for path in _below(self.path, but=self.database):
            _close(path)

    @property
    def _passage(self) -> int:
        """What others may do with the home itself: pass through, where PostgreSQL runs as a user of its own.

        Under root it does, and stops at its next checkpoint when the way to its data is closed.
        """
        try:
            own = self.database.stat().st_uid == self.path.stat().st_uid
        except FileNotFoundError:
            return 0
        return 0 if own else stat.S_IXOTH

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
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
        draft.write(text)
    Path(draft.name).replace(file)


def _below(folder: Path, *, but: Path | None = None) -> Iterator[Path]:
    """Yield what is below a folder; links are not followed."""
    for path in folder.iterdir():
        if path == but or path.is_symlink():
            continue
        yield path
        if path.is_dir():
            yield from _below(path)


def _close(path: Path, but: int = 0) -> None:
    """Take from others what they may do with a file or a folder."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & OTHERS & ~but:
        path.chmod(mode & ~(OTHERS & ~but))


def _read_passwords(file: Path) -> dict[str, str]:
    try:
        known = json.loads(file.read_text() or "{}")
    except ValueError as error:
        raise SettingRefused(f"{file} is no JSON ({error}): remove it, and new passwords are made") from error
    return {str(user): str(password) for user, password in known.items()}
