"""PostgreSQL from the wheel: started, found, stopped."""

from __future__ import annotations

import re
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from sqlalchemy import create_engine, text

from launcher import postgres
from launcher.errors import StartFailed

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def data() -> Iterator[Path]:
    """Give a folder for data, whose path is one that people have; stopped afterwards."""
    with tempfile.TemporaryDirectory(prefix="a person's data ") as folder:
        data = Path(folder) / "postgresql"
        yield data
        postgres.stop(data)


def ask(url: str, question: str) -> str:
    """Ask the database something."""
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            return str(connection.execute(text(question)).scalar_one())
    finally:
        engine.dispose()


def server(data: Path) -> psutil.Process:
    """Return PostgreSQL's first process."""
    return psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))


def test_it_is_started_once_and_found_again(data: Path) -> None:
    """A second start is the same server."""
    url = postgres.start(data)
    first = server(data)
    assert ask(url, "select 6 * 7") == "42"
    assert postgres.start(data) == url
    assert server(data) == first


def test_its_data_outlive_it(data: Path) -> None:
    """Stopping is shown, and stopping what does not run too."""
    ask(postgres.start(data), "create table kept (); commit; select 1")
    assert [postgres.stop(data), postgres.stop(data)] == [True, False]
    assert not postgres.is_running(data)
    assert ask(postgres.start(data), "select count(*) from kept") == "0"


def test_it_listens_on_no_port_and_lets_no_other_user_in(data: Path) -> None:
    """Whoever reaches the socket is let in without a password; so only the owner reaches it."""
    postgres.start(data)
    assert server(data).net_connections("inet") == []
    assert stat.S_IMODE(data.stat().st_mode) & 0o077 == 0


def test_a_long_path_gets_a_socket_elsewhere_that_is_taken_away_again(data: Path) -> None:
    """A socket's path may have a hundred characters; a checkout's can have more."""
    deep = data.parent / ("x" * 100) / "postgresql"
    deep.parent.mkdir()
    url = postgres.start(deep)
    sockets = Path(re.sub(r".*host=", "", url))
    try:
        assert ask(url, "select 1") == "1"
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        postgres.stop(deep)
    assert not sockets.exists()


def test_a_crash_is_recovered_from(data: Path) -> None:
    """The pid file of a server that was killed stands in nobody's way."""
    url = postgres.start(data)
    killed = server(data)
    for process in (killed, *killed.children()):
        process.kill()
    psutil.wait_procs([killed])
    assert not postgres.is_running(data)
    assert ask(postgres.start(data), "select 1") == "1"
    assert postgres.start(data) == url


def test_data_that_it_cannot_read_are_reported_in_its_own_text(data: Path) -> None:
    """As of another major version."""
    postgres.start(data)
    postgres.stop(data)
    (data / "PG_VERSION").write_text("9\n")
    with pytest.raises(StartFailed, match="initialized by PostgreSQL version 9"):
        postgres.start(data)
