"""The environment of every process of a stack."""

from __future__ import annotations

import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from launcher.settings_file import read_settings_file

if TYPE_CHECKING:
    from launcher.home import Home

ROOT = Path(__file__).resolve().parents[2]
AIRFLOW_SETTINGS = ROOT / "airflow.env"
CELERY_SETTINGS = ROOT / "celery.env"
HOST = "127.0.0.1"
PROGRAMS = str(Path(sys.executable).parent)

# Local AWS accepts any credentials; moto calls the account of these 123456789012
LOCAL_AWS_ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # A person's own profiles must neither break a drill on local AWS nor be reached by it
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}
TRADING = "aws://?role_arn=arn%3Aaws%3Aiam%3A%3A210987654321%3Arole%2Frecovery"
"""The Airflow connection to the second account of local AWS, which the example plan `trading` names."""

NOT_INHERITED = (
    "AIRFLOW",
    "AWS_",
    # Celery prefers its variables to its configuration: another Redis would run what is sent there
    "CELERY",
    "KOMBU_",
    # What infrastructure/haproxy.cfg reads
    "API_SERVER",
    "PROXY_BIND",
    "RECOVERY_AIRFLOW_",
    # Among them PYTHONDONTWRITEBYTECODE, with which each process of Airflow takes two seconds longer to start
    "PYTHON",
)
FOR_THE_WORLD_OUTSIDE = re.compile(
    r"(https?|all|ftp|socks)_proxy|ssl_cert_(file|dir)|(requests|curl)_ca_bundle", re.IGNORECASE
)
"""Proxies and certificates: a stack talks to itself alone, and no wrong one must keep it from that."""


@dataclass(frozen=True)
class Addresses:
    """Where a stack is found."""

    airflow_port: int
    aws_port: int

    @property
    def airflow_url(self) -> str:
        """Airflow's API server and UI."""
        return f"http://{HOST}:{self.airflow_port}"

    @property
    def aws_url(self) -> str:
        """Local AWS: the endpoint of every AWS service."""
        return f"http://{HOST}:{self.aws_port}"


def users() -> list[str]:
    """Return the users that the settings file names."""
    named = read_settings_file(AIRFLOW_SETTINGS)["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"]
    return [user.split(":")[0] for user in named.split(",")]


def client_environment(addresses: Addresses) -> dict[str, str]:
    """Return the variables with which ``recovery`` and boto3 work with a stack."""
    return {
        "PYTHONPATH": str(ROOT / "include"),
        "RECOVERY_AIRFLOW_URL": addresses.airflow_url,
        "AWS_ENDPOINT_URL": addresses.aws_url,
        **LOCAL_AWS_ACCOUNT,
    }


def process_environment(
    home: Home, addresses: Addresses, *, database: str, dags: Path, broker: str = ""
) -> dict[str, str]:
    """Return the environment of a stack's processes: the settings files, and what this installation adds.

    ``broker`` is the URL of Redis, where tasks run in workers of Celery.
    """
    celery = read_settings_file(CELERY_SETTINGS) | {"AIRFLOW__CELERY__BROKER_URL": broker}
    return {
        **_inherited(),
        **read_settings_file(AIRFLOW_SETTINGS),
        **(celery if broker else {}),
        **home.secrets(),
        **client_environment(addresses),
        "PATH": os.pathsep.join([PROGRAMS, os.environ.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        # Airflow looks for its cluster policies, `airflow_local_settings`, on the path of Python
        "PYTHONPATH": os.pathsep.join([str(ROOT / "include"), str(ROOT / "config")]),
        # A proxy for the world outside must not be asked for this machine
        "NO_PROXY": f"{HOST},localhost",
        "no_proxy": f"{HOST},localhost",
        "AIRFLOW_HOME": str(home.path),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": database,
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home.snapshots),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(addresses.airflow_port),
        "AIRFLOW__API__BASE_URL": addresses.airflow_url,
        # What the example plan `trading` connects to: another account, and who is told of it
        "AIRFLOW_CONN_AWS_TRADING": TRADING,
        "AIRFLOW_CONN_BRIDGE": addresses.aws_url,
        # For a database of the ledger stands the stack's own
        "AIRFLOW_CONN_LEDGER": database.replace("postgresql+psycopg2:", "postgres:"),
    }


def shell_script(home: Home, addresses: Addresses) -> str:
    """Return what a person's shell reads to work with a stack."""
    variables = {"AIRFLOW_HOME": str(home.path), **client_environment(addresses)}
    lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
    return "\n".join([*lines, f'export PATH={shlex.quote(PROGRAMS)}:"$PATH"']) + "\n"


def keep_apart() -> None:
    """Forget what the person works with elsewhere, in this process too: it talks to the stack alone."""
    for name in list(os.environ):
        if name.startswith(("AWS_", "CELERY", "KOMBU_")) or FOR_THE_WORLD_OUTSIDE.fullmatch(name):
            del os.environ[name]
    for name in ("COLUMNS", "LINES"):
        if not os.environ.get(name, "").strip("0").isdecimal():
            os.environ.pop(name, None)


def _inherited() -> dict[str, str]:
    return {
        name: value
        for name, value in os.environ.items()
        if value and not name.startswith(NOT_INHERITED) and not FOR_THE_WORLD_OUTSIDE.fullmatch(name)
    }
