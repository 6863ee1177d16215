"""What a stack consists of: one of each, or with Celery two of what recoveries wait for."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from drs_recovery.dag import preload
from launcher import distributed
from launcher.components import COMPONENTS, DISTRIBUTED
from launcher.environment import CELERY_SETTINGS, Addresses, process_environment
from launcher.errors import SettingRefused
from launcher.layout import Layout, Stage, inner_ports
from launcher.settings_file import read_settings_file
from launcher.stack import Stack
from launcher.state import read_state

if TYPE_CHECKING:
    from pathlib import Path

    from launcher.home import Home

PORTS = {"AIRFLOW_PORT": 1, "LOCAL_AWS_PORT": 2, "redis": 3, "api-server-1": 4, "api-server-2": 5}


@pytest.fixture
def celery(home: Home) -> Layout:
    """Give what runs with Celery."""
    return Layout("celery", home, PORTS)


def test_alone_there_is_one_of_each(home: Home) -> None:
    """By the commands of the components, with nothing of their own: as it always was."""
    layout = Layout("local", home, {"AIRFLOW_PORT": 1, "LOCAL_AWS_PORT": 2})
    made = [(one.name, one.command) for one in layout.instances]
    assert made == [(one.name, one.command) for one in COMPONENTS]
    assert inner_ports("local") == layout.workers == ()
    assert (layout.broker, layout.api_ports) == ("", (1,))


def test_with_celery_there_are_two_of_what_a_recovery_waits_for(celery: Layout) -> None:
    """Redis and HAProxy stand around, the rest is Airflow's."""
    names = [one.name for one in celery.instances]
    copies = [name for one in DISTRIBUTED for name in one.names]
    assert names == ["redis", "proxy", *copies]
    assert [one.name for one in DISTRIBUTED if one.copies == 1] == ["dag-processor"]
    assert celery.workers == ("worker-1", "worker-2")
    around = [one.name for one in celery.instances if one.stage is Stage.AROUND]
    assert around == ["redis", "proxy"]


def test_copies_do_not_get_into_each_others_way(celery: Layout) -> None:
    """On one machine an API server needs a port of its own, a worker a name; people see one port."""
    made = {one.name: one for one in celery.instances}
    ports = [made[name].env["AIRFLOW__API__PORT"] for name in ("api-server-1", "api-server-2")]
    assert ports == ["4", "5"]
    assert made["worker-2"].command[-2:] == ("--celery-hostname", "worker-2")
    assert made["proxy"].env == {
        "PROXY_BIND": "127.0.0.1:1",
        "API_SERVER_1": "127.0.0.1:4",
        "API_SERVER_2": "127.0.0.1:5",
    }
    assert celery.addresses == Addresses(1, 2)
    assert set(PORTS) == {"AIRFLOW_PORT", "LOCAL_AWS_PORT", *inner_ports("celery")}


def test_redis_listens_here_and_lets_in_who_knows_its_password(celery: Layout, home: Home) -> None:
    """The password stands in a file for the owner alone, and on no command line; each start has another."""
    distributed.configure_redis(home, PORTS["redis"], celery.password)
    settings = dict(line.split(" ", 1) for line in home.redis.read_text().splitlines())
    assert (settings["bind"], settings["port"], settings["requirepass"]) == (
        "127.0.0.1",
        "3",
        celery.password,
    )
    assert celery.broker == f"redis://:{celery.password}@127.0.0.1:3/0"
    assert home.redis.stat().st_mode & 0o077 == 0
    assert all(celery.password not in word for one in celery.instances for word in one.command)
    assert Layout("celery", home, PORTS).password != celery.password
    assert celery.password not in repr(celery)


def test_celerys_settings_go_before_the_others_and_only_with_it(home: Home) -> None:
    """The executor is one of them."""
    addresses = Addresses(1, 2)
    local = process_environment(home, addresses, database="postgresql://", dags=home.path)
    env = process_environment(home, addresses, database="postgresql://", dags=home.path, broker="redis://")
    celery = read_settings_file(CELERY_SETTINGS)
    assert env.items() >= celery.items()
    assert not [name for name in local if "CELERY" in name]
    changed = {name for name in local if env[name] != local[name]}
    assert changed == {"AIRFLOW__CORE__EXECUTOR"}


def test_workers_import_what_tasks_need_before_they_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    """Celery imports this module when a worker starts, and nothing calls our listener there."""
    extra = json.loads(read_settings_file(CELERY_SETTINGS)["AIRFLOW__CELERY__EXTRA_CELERY_CONFIG"])
    called: list[str] = []
    monkeypatch.setattr(preload, "prepare", lambda: called.append("prepare"))
    for name in extra["imports"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
        import_module(name)
    assert called == ["prepare"]


@pytest.mark.parametrize("missing", [("redis-server",), ("haproxy",), ("redis-server", "haproxy")], ids=str)
def test_what_the_machine_lacks_is_named_with_its_cure(
    missing: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is started."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in {"redis-server", "haproxy"} - {*missing}:
        (programs / name).touch(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setattr(distributed, "SYSTEM", ())
    stack = Stack(tmp_path / "home", executor="celery")
    with pytest.raises(SettingRefused) as refused:
        stack.start()
    said = str(refused.value)
    assert said.startswith(f"EXECUTOR=celery needs {' and '.join(missing)}, which")
    assert f"apt-get install -y --no-install-recommends {' '.join(missing)})" in said
    assert not stack.home.path.exists()


def test_programs_are_found_where_debian_puts_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The PATH of a person has no /usr/sbin."""
    (tmp_path / "haproxy").touch(0o755)
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(distributed, "SYSTEM", (str(tmp_path),))
    assert distributed.find("haproxy") == str(tmp_path / "haproxy")


def test_a_state_of_an_earlier_release_is_one_without_celery(home: Home) -> None:
    """So that `make down` after an upgrade stops it."""
    home.state.write_text('{"airflow_port": 1, "aws_port": 2}')
    state = read_state(home)
    assert state
    assert state.executor == "local"
