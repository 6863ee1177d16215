"""What ``EXECUTOR=celery`` needs besides Airflow: Redis and HAProxy, both from the machine."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from launcher.environment import HOST, ROOT
from launcher.errors import SettingRefused
from launcher.home import write_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    from launcher.home import Home

REDIS, HAPROXY = "redis-server", "haproxy"
PROXY_SETTINGS = ROOT / "infrastructure" / "haproxy.cfg"

SYSTEM = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Where Debian puts HAProxy, and where the PATH of a person does not look."""

# Nothing is kept: what is lost with Redis, Airflow queues again
REDIS_SETTINGS = """\
bind {host}
port {port}
requirepass {password}
save ""
appendonly no
dir {folder}
"""


def require_programs() -> None:
    """Raise SettingRefused with the cure where the machine lacks a program."""
    missing = [name for name in (REDIS, HAPROXY) if not find(name)]
    if missing:
        raise SettingRefused(
            f"EXECUTOR=celery needs {' and '.join(missing)}, which this machine does not have. Install "
            f"{'it' if len(missing) == 1 else 'them'} (Debian, Ubuntu: apt-get install -y "
            f"--no-install-recommends {' '.join(missing)}), or leave EXECUTOR out"
        )


def configure_redis(home: Home, port: int, password: str) -> None:
    """Write the settings of Redis."""
    settings = REDIS_SETTINGS.format(host=HOST, port=port, password=password, folder=f'"{home.path}"')
    write_private(home.redis, settings)


def redis_command(home: Home) -> tuple[str, ...]:
    """Return the command that runs Redis with its settings."""
    return (find(REDIS), str(home.redis))


def proxy_command() -> tuple[str, ...]:
    """Return the command that runs HAProxy, by the file that Compose runs it with."""
    return (find(HAPROXY), "-db", "-f", str(PROXY_SETTINGS))


def proxy_environment(port: int, api_ports: Sequence[int]) -> dict[str, str]:
    """Return where HAProxy listens, and where it finds the API servers."""
    first, second = api_ports
    return {
        "PROXY_BIND": f"{HOST}:{port}",
        "API_SERVER_1": f"{HOST}:{first}",
        "API_SERVER_2": f"{HOST}:{second}",
    }


def find(program: str) -> str:
    """Return the path of a program; empty where the machine has none."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *SYSTEM])
    return shutil.which(program, path=path) or ""
