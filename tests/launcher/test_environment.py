"""The environment of a stack's processes: its own, and nothing of the person's that could lead astray."""

from __future__ import annotations

import json
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from airflow.configuration import conf

from launcher.environment import Addresses, process_environment, shell_script
from launcher.home import Home

ADDRESSES = Addresses(airflow_port=8080, aws_port=5555)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Give a home whose path needs quoting."""
    home = Home(tmp_path / "a person's $home")
    home.make()
    return home


@pytest.mark.parametrize(
    "variable",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_ENDPOINT_URL_DYNAMODB",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS",
        "AIRFLOW_CONN_SOMETHING",
        "RECOVERY_AIRFLOW_TOKEN",
        "PYTHONDONTWRITEBYTECODE",
        "CELERY_BROKER_URL",
        "CELERY_RESULT_BACKEND",
        "KOMBU_LOG_DEBUG",
        "API_SERVERS",
    ],
)
def test_what_a_person_works_with_elsewhere_stays_outside(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """A profile of the real AWS, another Airflow, a token for it."""
    monkeypatch.setenv(variable, "elsewhere")
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    assert env.get(variable) != "elsewhere"


def test_every_aws_service_is_the_local_one(home: Home) -> None:
    """The endpoint is for all services, and no profile can name another."""
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    assert env["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5555"
    assert env["AWS_CONFIG_FILE"] == env["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"
    assert env["AWS_ACCESS_KEY_ID"] == "testing"


def test_snapshots_of_the_dags_last_as_long_as_airflows_database(home: Home) -> None:
    """Both in the home: a run of yesterday finds its snapshot, and Airflow itself never removes one."""
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    storage = env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"]
    assert home.path in Path(storage).parents
    assert env["AIRFLOW__DAG_PROCESSOR__STALE_BUNDLE_CLEANUP_INTERVAL"] == "0"


def test_dags_are_served_from_a_versioned_bundle(home: Home) -> None:
    """The class path in Airflow's settings is that of ours."""
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    (bundle,) = json.loads(env["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    module, _, name = bundle["classpath"].rpartition(".")
    assert getattr(import_module(module), name).supports_versioning


def test_airflow_listens_on_this_machine_only(home: Home) -> None:
    """Its default is every interface."""
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    assert env["AIRFLOW__API__HOST"] == "127.0.0.1"


@pytest.mark.parametrize(
    "variable",
    [
        *("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    ],
)
def test_no_proxy_and_no_certificate_of_the_person_keeps_a_stack_from_itself(
    home: Home, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """With ALL_PROXY=socks5://…, no HTTP client of Airflow could even be made."""
    monkeypatch.setenv(variable, "socks5://127.0.0.1:9")
    assert variable not in process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)


def test_an_empty_variable_is_none(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """`RECOVERY_TABLE= make up` is `make up`."""
    monkeypatch.setenv("RECOVERY_TABLE", "")
    assert "RECOVERY_TABLE" not in process_environment(
        home, ADDRESSES, database="postgresql://", dags=home.path
    )


def test_logs_of_tasks_are_for_the_owner_alone(home: Home) -> None:
    """Airflow sets the mode of folders and files by itself, whatever the mask."""
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    modes = {
        name: int(value, 8) for name, value in env.items() if name.startswith("AIRFLOW__LOGGING__FILE_TASK")
    }
    assert sorted(modes.values()) == [0o600, 0o700]
    assert [conf.has_option("logging", name.split("__")[-1].lower()) for name in modes] == [True, True]


def test_a_proxy_is_not_asked_for_this_machine(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever HTTP_PROXY says."""
    monkeypatch.setenv("NO_PROXY", "example.com")
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    assert env["NO_PROXY"] == env["no_proxy"] == "127.0.0.1,localhost"


def test_the_settings_of_recovery_pass(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """`RECOVERY_POLL_SECONDS=2 make up` does what it says."""
    monkeypatch.setenv("RECOVERY_POLL_SECONDS", "2")
    env = process_environment(home, ADDRESSES, database="postgresql://", dags=home.path)
    assert env["RECOVERY_POLL_SECONDS"] == "2"


def test_a_shell_that_reads_the_script_works_with_the_stack(home: Home) -> None:
    """Whatever is in the path of the home."""
    home.shell.write_text(shell_script(home, ADDRESSES))
    asked = 'set -eu; . "$1"; printf "%s\\n" "$AIRFLOW_HOME" "$AWS_ENDPOINT_URL"; command -v python'
    output = subprocess.run(
        ["/bin/sh", "-c", asked, "sh", str(home.shell)],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/bin"},
    ).stdout.splitlines()
    assert output[:2] == [str(home.path), "http://127.0.0.1:5555"]
    assert output[2].endswith("/bin/python")
    assert output[2] != "/bin/python"
