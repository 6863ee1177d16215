"""The values for Airflow's Helm chart fit the image and this Airflow; the chart itself is not here to say."""

from __future__ import annotations

import json
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from drs_recovery.settings import Settings
from launcher.settings_file import read_settings_file

ROOT = Path(__file__).parents[1]
VALUES = yaml.safe_load((ROOT / "infrastructure/kubernetes/values.yaml").read_text())
ENV = {one["name"]: one["value"] for one in VALUES["env"]}
COMPONENTS = {
    "scheduler": VALUES["scheduler"],
    "triggerer": VALUES["triggerer"],
    "dagProcessor": VALUES["dagProcessor"],
    "workers": VALUES["workers"]["celery"],
}
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
    assert VALUES["airflowVersion"] == VALUES["images"]["airflow"]["tag"] == pinned("apache-airflow")


def test_nobody_is_root_and_nothing_is_written_but_to_volumes() -> None:
    """By the image's own user, which needs a number for that."""
    pod, container = VALUES["securityContexts"]["pod"], VALUES["securityContexts"]["containers"]
    assert RECIPE.rstrip().splitlines()[-1] == f"USER {pod['runAsUser']}:{pod['runAsGroup']}"
    assert (VALUES["uid"], VALUES["gid"]) == (pod["runAsUser"], pod["runAsGroup"]) == (50000, 0)
    assert pod["runAsNonRoot"]
    assert container["readOnlyRootFilesystem"]
    assert not container["allowPrivilegeEscalation"]
    assert container["capabilities"] == {"drop": ["ALL"]}
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
    assert component["livenessProbe"]["command"][0] in {"airflow", "sh"}
    assert not component["logGroomerSidecar"]["enabled"]
    assert "/entrypoint" not in str(component)


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
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert {name for name, _ in re.findall(r"^COPY (\S+) (\S+)$", RECIPE, re.MULTILINE)} <= sent
