"""docker-compose.yaml has no secret; `make env` writes what it asks for."""

from __future__ import annotations

import re
import stat
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from launcher.compose import write_secrets
from launcher.environment import LOCAL_AWS_ACCOUNT
from launcher.settings_file import read_settings_file
from tests.launcher.test_compose import FILE, SERVICES

if TYPE_CHECKING:
    from pathlib import Path

NEEDED = re.compile(r"\$\{(?P<name>\w+):\?(?P<advice>[^}]*)\}")
ASKED = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?P<how>:[?-])?")


def test_no_secret_stands_in_the_file() -> None:
    """Each comes from the environment, and says what to do where it is missing."""
    for name, service in SERVICES.items():
        for variable, value in service["environment"].items():
            secret = re.search(r"PASSWORD|SECRET|FERNET|SQL_ALCHEMY_CONN|BROKER_URL|CLI_AUTH", variable)
            if secret and variable not in LOCAL_AWS_ACCOUNT:
                assert NEEDED.search(value), f"{name}: {variable}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_secret_goes_into_the_environment_alone(service: str) -> None:
    """Whoever lists processes sees commands, those of health checks too."""
    elsewhere = {key: value for key, value in SERVICES[service].items() if key != "environment"}
    assert not NEEDED.search(str(elsewhere))


def test_make_env_writes_every_secret_that_is_asked_for(tmp_path: Path) -> None:
    """For the owner's eyes only; a second time it changes nothing, as the data depend on them."""
    file = tmp_path / ".env"
    needed = NEEDED.findall(FILE.read_text())
    assert {advice for _, advice in needed} == {"run make env first"}
    assert write_secrets(Console(quiet=True), file) == 0
    written = file.read_text()
    assert {name for name, _ in needed} == set(read_settings_file(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    write_secrets(Console(quiet=True), file)
    assert file.read_text() == written


def test_make_env_adds_what_an_earlier_release_did_not_ask_for(tmp_path: Path) -> None:
    """And changes nothing else."""
    file = tmp_path / ".env"
    file.write_text("POSTGRES_PASSWORD=mine")
    write_secrets(Console(quiet=True), file)
    assert file.read_text().startswith("POSTGRES_PASSWORD=mine\nREDIS_PASSWORD=")
    assert {name for name, _ in NEEDED.findall(FILE.read_text())} == set(read_settings_file(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_what_is_no_secret_has_a_default() -> None:
    """Compose would put nothing in its place, with a mere warning."""
    for asked in ASKED.finditer(FILE.read_text()):
        assert asked["how"], asked.group()
