"""The values for Airflow's Helm chart fit the image and this Airflow; the chart itself is not here to say."""

from __future__ import annotations

import json
import re
import ssl
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from kombu import Connection

from drs_recovery import __version__
from drs_recovery.settings import Settings
from drs_recovery.text.address import base_address
from launcher.settings_file import read_settings_file
from tests.command_lines import parse

ROOT = Path(__file__).parents[1]
VALUES = yaml.safe_load((ROOT / "infrastructure/kubernetes/values.yaml").read_text())
ENV = {one["name"]: one["value"] for one in VALUES["env"]}
COMPONENTS = {
    "scheduler": VALUES["scheduler"],
    "triggerer": VALUES["triggerer"],
    "dagProcessor": VALUES["dagProcessor"],
    "workers": VALUES["workers"]["celery"],
}
PAGE = (ROOT / "docs/production.md").read_text().partition("\n## Kubernetes\n")[2].partition("\n## ")[0]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
(RECIPE,) = (one for one in DOCKERFILE.split("\nFROM ") if one.startswith("base AS kubernetes\n"))


def pinned(name: str) -> str:
    """Return the version that the image has of a package."""
    found = re.search(rf"^{name}==(\S+)", (ROOT / "requirements/kubernetes.txt").read_text(), re.MULTILINE)
    assert found
    return found[1]


def mounted() -> set[str]:
    """Return where the containers may write."""
    volumes = {one["name"] for one in VALUES["volumes"] if "emptyDir" in one}
    assert {one["name"] for one in VALUES["volumeMounts"]} == volumes
    return {one["mountPath"] for one in VALUES["volumeMounts"]}


def test_the_chart_takes_it_for_the_airflow_that_it_is() -> None:
    """It decides much by the version."""
    assert VALUES["airflowVersion"] == pinned("apache-airflow")


def test_what_changes_the_image_changes_its_tag() -> None:
    """Or nodes that have it would keep old plans; no image has the tag of the file."""
    image = VALUES["images"]["airflow"]
    assert image["tag"] == "none"
    assert f"docker build --target kubernetes --tag {image['repository']}:$tag ." in PAGE
    assert "--set-string images.airflow.tag=$tag" in PAGE, "a tag of digits alone is no number"


def test_it_has_an_address() -> None:
    """By it an Airflow knows its own executions, and the chart gives it none."""
    assert base_address(ENV["AIRFLOW__API__BASE_URL"])


def test_the_broker_of_the_page_shows_its_certificate() -> None:
    """As kombu reads the address: `rediss` alone asks for none."""
    (url,) = re.findall(r"^connection=(rediss://\S+)$", PAGE, re.MULTILINE)
    assert Connection(url).ssl == {"ssl_cert_reqs": ssl.CERT_REQUIRED}
    assert "redis://" not in PAGE.replace(url, "")


def test_no_secret_is_on_a_command_line_of_the_page() -> None:
    """Each comes from a file, under the key that the chart reads."""
    assert "--from-literal" not in PAGE
    secrets = set(re.findall(r"create secret generic (\S+) --from-env-file=", PAGE))
    named = [value for key, value in (VALUES | VALUES["data"]).items() if key.endswith("SecretName")]
    assert secrets == set(named)


def test_of_what_is_there_twice_one_stays() -> None:
    """While nodes are drained."""
    twice = [one for one in (*COMPONENTS.values(), VALUES["apiServer"]) if one["replicas"] == 2]
    assert len(twice) == 4
    for component in twice:
        assert component["podDisruptionBudget"] == {"enabled": True, "config": {"maxUnavailable": 1}}


def test_nobody_is_root_and_nothing_is_written_but_to_volumes() -> None:
    """By the image's own user, which needs a number for that."""
    pod, container = VALUES["securityContexts"]["pod"], VALUES["securityContexts"]["containers"]
    assert RECIPE.rstrip().splitlines()[-1] == f"USER {pod['runAsUser']}:{pod['runAsGroup']}"
    assert (VALUES["uid"], VALUES["gid"]) == (pod["runAsUser"], pod["runAsGroup"]) == (50000, 0)
    assert pod["runAsNonRoot"]
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
    exporter = VALUES["statsd"]["securityContexts"]
    assert exporter["container"] == container
    assert exporter["pod"]["runAsNonRoot"]
    assert "securityContext" not in str(COMPONENTS), "one rule for all"


def test_no_disk_is_shared() -> None:
    """Each pod has its own for snapshots, which it fetches; nothing else persists."""
    (bundle,) = json.loads(ENV["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    module, _, name = bundle["classpath"].rpartition(".")
    assert getattr(import_module(module), name)
    assert bundle["kwargs"]["store"].startswith("s3://")
    assert ENV["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"] in mounted()
    claims = [one["persistence"]["enabled"] for one in COMPONENTS.values() if "persistence" in one]
    assert claims == [False, False]


@pytest.mark.parametrize("name", [*COMPONENTS, "apiServer"])
def test_a_container_without_a_volume_for_logs_writes_them_where_it_may(name: str) -> None:
    """The one that waits for the database has none, and Airflow makes the folder when it is imported."""
    component = COMPONENTS.get(name, VALUES["apiServer"])
    (variable,) = component["waitForMigrations"]["env"]
    assert variable["name"] == "AIRFLOW__LOGGING__BASE_LOG_FOLDER"
    assert f"/{Path(variable['value']).parts[1]}" in mounted()
    assert VALUES["apiServer"]["env"] == VALUES["migrateDatabaseJob"]["env"] == [variable]


@pytest.mark.parametrize(("name", "component"), COMPONENTS.items(), ids=COMPONENTS)
def test_the_image_has_what_probes_and_sidecars_start(name: str, component: dict[str, Any]) -> None:
    """The chart's own lean on scripts of the official image, `/entrypoint` and `/clean-logs`."""
    for probe in ("startupProbe", "livenessProbe"):
        if probe in component:
            parse(component[probe]["command"])
    assert not component["logGroomerSidecar"]["enabled"]
    assert "/entrypoint" not in str(component)


def test_a_probe_that_airflow_would_refuse_shows() -> None:
    """A job of no such kind, an option that there is none of; so with Celery."""
    wrong = ("airflow jobs check --job-type SchedulrJob", "airflow jobs check --lokal")
    for command in wrong:
        with pytest.raises(SystemExit):
            parse(command.split())
    with pytest.raises(Exception, match="No such option"):
        parse(["sh", "-c", "exec celery inspect ping --destinatoin x"])


def test_every_setting_is_one() -> None:
    """Of the product; and what airflow.env has is set otherwise, or not at all."""
    ours = {name.removeprefix("RECOVERY_").lower() for name in ENV if name.startswith("RECOVERY_")}
    assert ours <= Settings.model_fields.keys()
    shipped = read_settings_file(ROOT / "airflow.env") | read_settings_file(ROOT / "celery.env")
    assert shipped["AIRFLOW__CORE__EXECUTOR"] == VALUES["executor"]
    assert [name for name, value in ENV.items() if shipped.get(name) == value] == []


def test_the_image_is_built_from_its_lock_and_the_wheel() -> None:
    """Exact versions with their hashes; and only that is sent to the builder."""
    assert re.findall(r"pip install (.*)", RECIPE) == [
        "--no-cache-dir --no-deps --require-hashes -r /opt/recovery/kubernetes.txt",
        "--no-cache-dir --no-deps /opt/recovery/drs_recovery_plans-*.whl",
    ]
    assert re.findall(r"^ARG RELEASE=(.*)$", RECIPE, re.MULTILINE) == [__version__]
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = [name for name, _ in re.findall(r"^COPY (\S+) (\S+)$", RECIPE, re.MULTILINE)]
    wheel = "dist/drs_recovery_plans-${RELEASE}-py3-none-any.whl"
    assert copied.count(wheel) == 1, "one alone: of two wheels of a package pip takes none"
    assert {name.replace("${RELEASE}-py3-none-any", "*") for name in copied} <= sent
