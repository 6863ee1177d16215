"""The home of a stack: secrets and passwords."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from cryptography.fernet import Fernet

from launcher.environment import users
from launcher.errors import SettingRefused
from launcher.home import PASSWORDS, Home
from launcher.stack import Stack
from launcher.state import locked

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give an empty home."""
    return Home(tmp_path)


def mode(file: Path) -> int:
    """Return who may do what with a file."""
    return stat.S_IMODE(file.stat().st_mode)


def test_secrets_are_made_once_and_only_the_owner_can_read_them(home: Home, tmp_path: Path) -> None:
    """Another fernet key would make what Airflow has encrypted unreadable."""
    made = home.secrets()
    assert home.secrets() == made
    assert mode(tmp_path / "secrets.env") == 0o600


def test_each_home_has_secrets_of_its_own(tmp_path: Path) -> None:
    """None is a constant."""
    homes = [Home(tmp_path / name) for name in "ab"]
    for one in homes:
        one.make()
    first, second = (one.secrets() for one in homes)
    assert not set(first.values()) & set(second.values())


def test_the_fernet_key_is_one(home: Home) -> None:
    """Airflow would start with any text, and fail at the first connection."""
    assert Fernet(home.secrets()["AIRFLOW__CORE__FERNET_KEY"])


def test_every_user_of_the_settings_file_has_a_password_that_stays(home: Home, tmp_path: Path) -> None:
    """In the file that Airflow's simple auth manager reads, for the owner's eyes only."""
    made = home.passwords(users())
    assert list(made) == ["admin", "alice", "bob", "eve"]
    assert len(set(made.values())) == len(made)
    assert json.loads((tmp_path / PASSWORDS).read_text()) == made
    assert mode(tmp_path / PASSWORDS) == 0o600
    assert home.passwords([*users(), "mallory"]) | made == home.passwords([*users(), "mallory"])


def test_a_password_that_a_person_wrote_is_kept(home: Home, tmp_path: Path) -> None:
    """The file is theirs to edit."""
    (tmp_path / PASSWORDS).write_text('{"alice": "wonderland"}')
    assert home.passwords(["alice", "bob"])["alice"] == "wonderland"


def test_a_broken_file_of_passwords_is_named_with_the_remedy(home: Home, tmp_path: Path) -> None:
    """Not overwritten: it may hold passwords that somebody wants back."""
    (tmp_path / PASSWORDS).write_text("{alice")
    with pytest.raises(SettingRefused, match=r"generated is no JSON .*: remove it"):
        home.passwords(["alice"])
    assert (tmp_path / PASSWORDS).read_text() == "{alice"


def test_what_an_earlier_release_left_open_is_closed_at_the_next_start(home: Home, tmp_path: Path) -> None:
    """Folders 0700, files 0600; what a link leads to is not ours, and PostgreSQL closes its own."""
    outside = tmp_path.parent / "outside"
    outside.touch(mode=0o644)
    home.make()
    for folder in ("logs/dag_id=web_shop", "dag_bundles/newest", "postgresql"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "file").touch(mode=0o666)
        (tmp_path / folder / "file").chmod(0o666)
        (tmp_path / folder).chmod(0o775)
    (tmp_path / "airflow.cfg").touch(mode=0o644)
    (tmp_path / "link").symlink_to(outside)
    tmp_path.chmod(0o755)
    home.make()
    home.close()
    mine = [path for path in tmp_path.rglob("*") if path.parent != home.database and not path.is_symlink()]
    wanted = {True: 0o700, False: 0o600}
    assert {path for path in mine if mode(path) != wanted[path.is_dir()]} == {home.database}
    assert mode(tmp_path) == 0o700
    assert mode(outside) == 0o644


def test_what_is_in_a_home_in_use_is_not_looked_at(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stack that runs makes and removes files at any moment: nobody who stops it stumbles over one."""
    home.make()
    (tmp_path / "logs/dag_id=web_shop").mkdir()
    (tmp_path / "logs/dag_id=web_shop").chmod(0o775)
    tmp_path.chmod(0o755)
    with locked(home):
        assert mode(tmp_path) == 0o700
        assert mode(tmp_path / "logs/dag_id=web_shop") == 0o775
    monkeypatch.setattr(Stack, "_bring_up", lambda *_: pytest.fail("it went on"))
    with pytest.raises(pytest.fail.Exception, match="it went on"):
        Stack(tmp_path).start()
    assert mode(tmp_path / "logs/dag_id=web_shop") == 0o700


def test_a_new_home_is_closed_whatever_the_mask(tmp_path: Path) -> None:
    """Also the folders on the way to it that are made for it."""
    before = os.umask(0)
    try:
        Home(tmp_path / "home").make()
        Home(tmp_path / "home").secrets()
    finally:
        os.umask(before)
    assert mode(tmp_path / "home") == mode(tmp_path / "home/logs") == 0o700
    assert mode(tmp_path / "home/stack.lock") == mode(tmp_path / "home/secrets.env") == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives PostgreSQL a user of its own")
def test_the_way_to_the_data_of_another_user_stays_open(tmp_path: Path) -> None:
    """PostgreSQL, which is no root, would stop at its next checkpoint; nobody sees what is in the home."""
    home = Home(tmp_path / "home")
    home.make()
    home.database.mkdir()
    os.chown(home.database, 12345, 12345)
    home.path.chmod(0o755)
    home.make()
    assert mode(home.path) == 0o701
    assert mode(home.logs) == 0o700
