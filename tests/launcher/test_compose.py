"""docker-compose.yaml: valid, without secrets, and the same installation as that of `make up`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from launcher import postgres
from launcher.components import BROKER, DISTRIBUTED, INITIALISE, LOCAL_AWS, MIGRATE, PROXY
from launcher.distributed import HAPROXY, PROXY_SETTINGS, REDIS_SETTINGS, find, proxy_environment
from launcher.environment import (
    AIRFLOW_SETTINGS,
    CELERY_SETTINGS,
    ROOT,
    Addresses,
    process_environment,
)
from launcher.home import Home
from launcher.settings_file import read_settings_file
from tests.command_lines import parse

if TYPE_CHECKING:
    from pathlib import Path

FILE = ROOT / "docker-compose.yaml"
COMPOSE = yaml.safe_load(FILE.read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES = COMPOSE["services"]
OF_OTHERS = ("postgres", BROKER, PROXY)
OURS = {name: service for name, service in SERVICES.items() if name not in OF_OTHERS}
SETTINGS = read_settings_file(AIRFLOW_SETTINGS) | read_settings_file(CELERY_SETTINGS)

# Where containers and a laptop's processes must differ: folders, addresses, the database
PLACES = {
    "AIRFLOW_CONN_BRIDGE",
    "AIRFLOW_CONN_LEDGER",
    "AIRFLOW_HOME",
    "AIRFLOW__API__HOST",
    "AIRFLOW__API__PORT",
    "AIRFLOW__CELERY__BROKER_URL",
    "AIRFLOW__CORE__DAGS_FOLDER",
    "AIRFLOW__CORE__PLUGINS_FOLDER",
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AWS_ENDPOINT_URL",
    "PYTHONPATH",
}


def settings_of(service: str) -> dict[str, str]:
    """Return the variables of a service's containers."""
    return dict(SERVICES[service]["environment"])


def test_it_is_valid() -> None:
    """By the Compose specification's own schema."""
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(FILE)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_the_validator_would_tell(tmp_path: Path) -> None:
    """A misspelt key, of the kind that Compose would refuse."""
    wrong = tmp_path / "docker-compose.yaml"
    wrong.write_text(FILE.read_text().replace("healthcheck:", "health_check:"))
    command = [
        sys.executable,
        "-m",
        "check_jsonschema",
        "--builtin-schema",
        "vendor.compose-spec",
        str(wrong),
    ]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 1
    assert "health_check" in checked.stdout


@pytest.mark.parametrize("component", DISTRIBUTED, ids=lambda component: component.name)
def test_each_component_runs_by_the_launchers_command(component: Any) -> None:
    """One list of components, and of how many there are; what is left out here, or added there, shows."""
    assert tuple(SERVICES[component.name]["command"]) == component.command
    assert SERVICES[component.name].get("deploy", {"replicas": 1}) == {"replicas": component.copies}


def test_there_is_nothing_but_the_launchers_components() -> None:
    """And what each needs once."""
    assert set(SERVICES) == {
        *(component.name for component in DISTRIBUTED),
        *OF_OTHERS,
        "local-aws",
        "airflow-init",
    }
    assert tuple(SERVICES["local-aws"]["command"][:3]) == LOCAL_AWS


def test_what_is_made_first_is_what_the_launcher_makes_first() -> None:
    """Airflow's tables, then table and pool of the recovery plans."""
    steps = SERVICES["airflow-init"]["command"][-1].splitlines()
    assert steps[0] == " ".join(MIGRATE)
    assert steps[-1].startswith(" ".join(INITIALISE))


@pytest.mark.parametrize("service", [*(one.name for one in DISTRIBUTED), "airflow-init"])
def test_all_of_airflow_runs_with_the_settings_files(service: str) -> None:
    """Those of Celery after the others, as the launcher reads them; no service sets anything otherwise."""
    files = [ROOT / name for name in SERVICES[service]["env_file"]]
    assert files == [AIRFLOW_SETTINGS, CELERY_SETTINGS]
    assert not settings_of(service).keys() & SETTINGS.keys()


def test_what_the_settings_file_leaves_open_is_what_the_launcher_sets(tmp_path: Path) -> None:
    """The same variables, and the same values but for places and secrets."""
    home = Home(tmp_path)
    launched = process_environment(
        home, Addresses(8080, 5555), database="postgresql://", dags=tmp_path, broker="redis://"
    )
    composed = settings_of("scheduler")
    ours = {name for name in launched if name.startswith(("AIRFLOW_", "AWS_", "RECOVERY_"))}
    files_of_a_person = {"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"}
    missing = ours - composed.keys() - SETTINGS.keys()
    assert missing == files_of_a_person
    assert {name: launched[name] for name in SETTINGS} == SETTINGS
    for name in (
        composed.keys() - PLACES - home.secrets().keys() - {"AIRFLOW__CORE__EXECUTION_API_SERVER_URL"}
    ):
        assert composed[name].replace("${AIRFLOW_PORT:-8080}", "8080") == launched[name], name


def test_snapshots_of_the_dags_are_where_every_component_sees_them() -> None:
    """On the one volume that all of them mount, and that outlives them."""
    for component in DISTRIBUTED:
        storage = settings_of(component.name)["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"]
        assert storage.startswith("/opt/airflow/")
        assert "airflow:/opt/airflow" in SERVICES[component.name]["volumes"]


def test_the_database_is_of_the_version_that_the_launcher_starts() -> None:
    """The wheel's PostgreSQL and the image's, to the minor version."""
    output = subprocess.run(
        [postgres.PROGRAMS / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert SERVICES["postgres"]["image"] == f"postgres:{output.split()[-1]}"
    (connections,) = re.findall(r"max_connections = \d+", postgres.SETTINGS)
    assert SERVICES["postgres"]["command"] == ["postgres", "-c", connections.replace(" ", "")]


def test_redis_keeps_nothing_and_asks_for_a_password() -> None:
    """As that of the launcher: nothing is lost with it that Airflow would not queue again."""
    shell, script = SERVICES[BROKER]["command"][:2], SERVICES[BROKER]["command"][2]
    assert shell == ["sh", "-ec"]
    first, *settings, last = script.splitlines()
    assert (first, last) == ("exec redis-server - <<SETTINGS", "SETTINGS")
    assert settings == ["requirepass $$REDISCLI_AUTH", 'save ""', "appendonly no"]
    assert 'save ""\nappendonly no\n' in REDIS_SETTINGS
    assert "ports" not in SERVICES[BROKER]
    assert SERVICES[BROKER]["user"] == "redis", "its entrypoint leaves root to whoever starts no redis-server"


def test_redis_gets_its_password_from_the_environment() -> None:
    """As the shell fills it into the settings that Redis reads; Compose itself has put it nowhere else."""
    script = SERVICES[BROKER]["command"][2].replace("$$", "$").replace("exec redis-server -", "cat")
    env = {"PATH": os.environ["PATH"], "REDISCLI_AUTH": "s3cret-_"}
    read = subprocess.run(["sh", "-ec", script], env=env, capture_output=True, text=True, check=True).stdout
    assert read == 'requirepass s3cret-_\nsave ""\nappendonly no\n'


@pytest.mark.parametrize("service", OF_OTHERS)
def test_what_others_build_is_pinned(service: str) -> None:
    """To a version of its own; a name without one is whatever was newest when it was fetched."""
    assert re.fullmatch(r"[a-z]+:\d+(\.\d+)+", SERVICES[service]["image"])


def test_the_proxy_runs_with_the_launchers_file() -> None:
    """And tasks find the API servers behind it, as people do."""
    name = PROXY_SETTINGS.relative_to(ROOT)
    assert SERVICES[PROXY]["volumes"] == [f"./{name}:/usr/local/etc/haproxy/haproxy.cfg:ro"]
    asked = set(re.findall(r"\$\{(\w+)\}", PROXY_SETTINGS.read_text()))
    launched = proxy_environment(1, (2, 3))
    assert settings_of(PROXY).keys() | launched.keys() == asked
    assert settings_of("worker")["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://proxy:8080/execution/"
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["local-aws", PROXY]


@pytest.mark.skipif(not find(HAPROXY), reason="no HAProxy on this machine")
@pytest.mark.parametrize(
    "where", [proxy_environment(1, (2, 3)), settings_of(PROXY)], ids=["launcher", "compose"]
)
def test_the_proxys_file_is_one_that_haproxy_reads(where: dict[str, str]) -> None:
    """Whichever way it is told where the API servers are."""
    check = [find(HAPROXY), "-c", "-f", str(PROXY_SETTINGS)]
    checked = subprocess.run(check, env=where, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_the_images_are_named_after_their_airflow() -> None:
    """And built from a stage each; the one of production is not local AWS's."""
    (release,) = re.findall(r"^apache-airflow==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    for name, service in OURS.items():
        stage = "local-aws" if name == "local-aws" else "airflow"
        assert (
            service["image"]
            == {"airflow": "recovery-plans", "local-aws": "recovery-plans-local-aws"}[stage] + f":{release}"
        )
        assert service["build"] == {"context": ".", "target": stage}


@pytest.mark.parametrize(
    ("stage", "lock"), [("airflow", "requirements.txt"), ("local-aws", "requirements-dev.txt")]
)
def test_an_image_is_built_from_its_lock_alone(stage: str, lock: str) -> None:
    """Exact versions with their hashes, sent to the builder, and nobody is root in it."""
    (recipe,) = (one for one in DOCKERFILE.split("\nFROM ") if one.startswith(f"base AS {stage}\n"))
    assert re.findall(r"pip install (.*)", recipe) == [
        f"--no-cache-dir --no-deps --require-hashes -r /opt/recovery/{lock}"
    ]
    assert f"!{lock}" in (ROOT / ".dockerignore").read_text().splitlines()
    assert recipe.rstrip().splitlines()[-1] == "USER " + SERVICES["scheduler"]["user"]
    assert re.search(r"^FROM python:3\.1[123]\.\d+-slim-\w+ AS base$", DOCKERFILE, re.MULTILINE)


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_open_to_this_machine_only(service: str) -> None:
    """Docker's default is every interface, past the firewall."""
    for port in SERVICES[service].get("ports", ()):
        assert port.startswith("127.0.0.1:")


@pytest.mark.parametrize("service", OURS)
def test_containers_run_without_privileges(service: str) -> None:
    """No root, no capabilities, and code that they cannot change."""
    uid, _ = SERVICES[service]["user"].split(":")
    assert int(uid) > 0
    assert SERVICES[service]["cap_drop"] == ["ALL"]
    mounts = [volume for volume in SERVICES[service]["volumes"] if volume.startswith("./")]
    assert mounts
    assert all(mount.endswith(":ro") for mount in mounts)


@pytest.mark.parametrize("service", [name for name in SERVICES if name != "airflow-init"])
def test_what_lasts_is_checked_and_comes_back(service: str) -> None:
    """A health check each, and a restart."""
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", ["scheduler", "dag-processor", "triggerer", "worker"])
def test_a_health_check_is_a_command_that_there_is(service: str) -> None:
    """As Airflow and Celery read it."""
    parse(SERVICES[service]["healthcheck"]["test"])


def test_nothing_starts_before_what_it_needs() -> None:
    """Tables before Airflow; the API server before who talks to it, or tasks would fail at their start."""
    needs = {name: service.get("depends_on", {}) for name, service in SERVICES.items()}
    healthy, done = {"condition": "service_healthy"}, {"condition": "service_completed_successfully"}
    assert needs["airflow-init"] == {"postgres": healthy, "redis": healthy, "local-aws": healthy}
    assert needs[PROXY] == {"api-server": healthy}
    for component in DISTRIBUTED:
        api = {PROXY: healthy} if component.needs_api else {}
        assert needs[component.name] == {"airflow-init": done} | api


def test_all_that_read_snapshots_of_the_dags_are_one_user() -> None:
    """Nobody but who wrote them can read them."""
    users = {
        service["user"]
        for service in SERVICES.values()
        if "airflow:/opt/airflow" in service.get("volumes", [])
    }
    assert len(users) == 1
    assert settings_of("scheduler")["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"].startswith(
        "/opt/airflow/"
    )
