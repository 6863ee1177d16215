"""Where files are kept for all machines: a folder that all see, or object storage.

Object storage is reached as Airflow's ObjectStoragePath does, by the file system that a provider brings for
the scheme and by an Airflow connection; but with limits of our own, since DAGs and tasks wait for answers.
Whatever goes wrong is the error of the purpose, which says which store, what it answered, and what to do.
People are shown the first error of a chain: it has none before it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from drs_recovery.text.address import hide_who_signs_in, who_signs_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.errors import RecoveryError

PATIENCE: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 10, "retries": {"total_max_attempts": 1}}
"""How long S3 is waited for, in seconds, each time."""

TRIES = 2

CURE = "See that this machine reaches it with the rights that docs/production.md lists. "
"""What every store needs; what follows it is the purpose's own."""

_FILES = "file"


@dataclass(frozen=True)
class Purpose:
    """What a store is for, as its errors say it.

    ``things`` it holds; ``store`` and ``connection`` are what people call its address, and where secrets go.
    """

    things: str
    store: str
    connection: str
    cure: str
    error: type[RecoveryError]


class Place(Protocol):
    """Objects by name, all below one address."""

    @property
    def shown(self) -> str:
        """The address, as people are shown it."""

    def read(self, name: str, most: int) -> bytes | None:
        """Return an object, or the first bytes of it if there are more; None if there is none."""

    def write(self, name: str, content: bytes) -> None:
        """Write an object, all at once and for good, also in the place of another."""

    def names(self) -> list[str]:
        """Return the names of all objects."""

    def written(self, name: str) -> float:
        """Return when an object was written last, in seconds since 1970."""

    def remove(self, name: str) -> None:
        """Remove an object."""


def place_of(store: str, conn_id: str | None, folder: str, purpose: Purpose) -> Place:
    """Return the place of a folder in a store; raises ValueError if the store is none.

    ``store`` is an absolute path, or an address as ``s3://bucket/folder``.
    """
    scheme, mark, path = store.rpartition("://")
    if mark and scheme != _FILES:
        if who_signs_in(store):
            raise ValueError(
                f"{purpose.store} names somebody before an @: name an Airflow connection in "
                f"{purpose.connection} instead, where secrets are kept"
            )
        if not path.strip("/"):
            raise ValueError(f"{purpose.store} {store!r} names no bucket: s3://bucket/folder is allowed")
        return ObjectStorage(f"{store.rstrip('/')}/{folder}", conn_id, purpose)
    if not Path(path).is_absolute():
        raise ValueError(
            f"{purpose.store} {store!r} is neither an absolute path of a folder nor an address of "
            f"object storage: /mnt/{purpose.things.lower()} and s3://bucket/folder are allowed"
        )
    return Folder(Path(path), folder, purpose)


class Folder:
    """A folder of a folder that is there: one that is not mounted is not made in its place."""

    def __init__(self, root: Path, name: str, purpose: Purpose) -> None:
        self._root, self._path, self._purpose = root, root / name, purpose

    @property
    def shown(self) -> str:
        return str(self._path)

    def read(self, name: str, most: int) -> bytes | None:
        with self._asked("read in"):
            self._root.stat()
            try:
                with (self._path / name).open("rb") as file:
                    return file.read(most)
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        with self._asked("stored in"):
            self._path.mkdir(mode=0o700, exist_ok=True)
            draft = self._path / f".{name}.{os.getpid()}"
            with draft.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.rename(self._path / name)
            _keep_names(self._path)

    def names(self) -> list[str]:
        with self._asked("listed in"):
            self._root.stat()
            return [path.name for path in self._path.iterdir()] if self._path.is_dir() else []

    def written(self, name: str) -> float:
        with self._asked("read in"):
            return (self._path / name).stat().st_mtime

    def remove(self, name: str) -> None:
        with self._asked("removed from"):
            (self._path / name).unlink(missing_ok=True)

    @contextmanager
    def _asked(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise _unavailable(self._purpose, self.shown, what, error) from None


class ObjectStorage:
    """A prefix in a bucket."""

    def __init__(self, address: str, conn_id: str | None, purpose: Purpose) -> None:
        self._address, self._conn_id, self._purpose = address, conn_id, purpose
        self._made: tuple[int, Any] | None = None

    @property
    def shown(self) -> str:
        return self._address

    def read(self, name: str, most: int) -> bytes | None:
        with self._asked("read in") as files:
            try:
                return bytes(files.cat_file(self._of(name), start=0, end=most))
            except FileNotFoundError as error:
                if _code(error) == "NoSuchBucket":
                    raise
                return None

    def write(self, name: str, content: bytes) -> None:
        with self._asked("stored in") as files:
            files.pipe_file(self._of(name), content)

    def names(self) -> list[str]:
        with self._asked("listed in") as files:
            files.invalidate_cache()
            return [path.rpartition("/")[2] for path in files.find(self._address)]

    def written(self, name: str) -> float:
        with self._asked("read in") as files:
            return float(files.modified(self._of(name)).timestamp())

    def remove(self, name: str) -> None:
        with self._asked("removed from") as files:
            files.rm_file(self._of(name))

    def _of(self, name: str) -> str:
        return f"{self._address}/{name}"

    @contextmanager
    def _asked(self, what: str) -> Iterator[Any]:
        """Give the file system; whatever a provider raises, it is the store that cannot be used."""
        try:
            yield self._files()
        except Exception as error:  # noqa: BLE001 - each provider raises what it likes
            by = f" by the connection {self._conn_id!r}" if self._conn_id else ""
            raise _unavailable(self._purpose, self.shown + by, what, error) from None

    def _files(self) -> Any:
        """Return the file system of this process: one that was made before a fork is of no use after it."""
        # Most processes need nothing of a store: what they need is here already
        from airflow.sdk.io import get_fs  # noqa: PLC0415

        if self._made is None or self._made[0] != os.getpid():
            scheme = self._address.partition("://")[0]
            is_s3 = scheme.startswith("s3")
            files = get_fs(scheme, self._conn_id, dict(PATIENCE) if is_s3 else None)
            if is_s3:
                files.retries = TRIES
            self._made = (os.getpid(), files)
        return self._made[1]


def _keep_names(folder: Path) -> None:
    """Have the names of a folder on disk too: what was stored is there after a crash of the machine."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _code(error: BaseException) -> str:
    """Return the code that AWS answered with, if an error stands for such an answer."""
    response = getattr(error.__cause__, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _unavailable(purpose: Purpose, where: str, what: str, error: Exception) -> RecoveryError:
    code = _code(error)
    answer = f"{code}: {error}" if code else f"{type(error).__name__}: {error}"
    return purpose.error(
        f"{purpose.things} cannot be {what} {where}. "
        f"It answered: {hide_who_signs_in(answer).rstrip('.')}. {purpose.cure}"
    )
