"""The page of metrics, the dashboard and the alerts name what there is, as it is sent."""

from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from drs_recovery.tasks.metrics import METRICS, Metric, Tag

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "monitoring.md").read_text()
DASHBOARD = json.loads((DOCS / "monitoring" / "dashboard.json").read_text())
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
RULES = yaml.safe_load(
    re.findall(r"```yaml\n(groups:\n.*?)```", (DOCS / "production.md").read_text(), re.DOTALL)[0]
)["groups"][0]["rules"]
EXPRESSIONS = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in PANELS
    for target in panel.get("targets", ())
} | {rule["alert"]: rule["expr"] for rule in RULES}
OF_GRAFANA = {"$__range", "$__rate_interval", "${datasource}", "$execution_type", "$plan"}


def exported(metric: Metric) -> set[str]:
    """Return what statsd_exporter makes of a metric: timers are summaries."""
    name = f"airflow_{metric.name.replace('.', '_')}"
    return {f"{name}_sum", f"{name}_count"} if metric.kind == "timer" else {name}


EXPORTED = {name: metric for metric in METRICS for name in exported(metric)}


def test_the_page_has_the_table() -> None:
    """Each metric, as it is sent."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{tag.value}`' for tag in one.tags)} | {one.says} |"
        for one in METRICS
    ]
    table = [line.replace("|  |", "| |") for line in rows]
    assert re.findall(r"^\| `recovery\..*$", PAGE, re.MULTILINE) == table


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_every_query_names_metrics_and_tags_that_are_sent(expression: str) -> None:
    """A panel of a metric that nobody sends is empty, and an alert on it silent, for ever."""
    named = set(re.findall(r"\bairflow_\w+", expression))
    assert named
    assert named <= EXPORTED.keys()
    labels = {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")
    } | set(re.findall(r"(\w+)=[~\"]", expression))
    tags = {tag.value for name in named for tag in EXPORTED[name].tags}
    assert labels <= tags <= {tag.value for tag in Tag}
    assert set(re.findall(r"\$\{?\w+\}?", expression)) <= OF_GRAFANA


def test_every_metric_is_on_the_dashboard() -> None:
    """A new one is seen."""
    text = " ".join(target["expr"] for panel in PANELS for target in panel.get("targets", ()))
    shown = {EXPORTED[name].name for name in re.findall(r"\bairflow_\w+", text)}
    assert shown == {metric.name for metric in METRICS}


def test_grafana_takes_the_dashboard() -> None:
    """Unique ids, a place for each panel within 24 columns, a data source that is chosen, and no address."""
    assert (DASHBOARD["id"], DASHBOARD["schemaVersion"] >= 36) == (None, True)
    assert 8 <= len(DASHBOARD["uid"]) <= 40
    assert DASHBOARD["title"]
    ids = [panel["id"] for panel in PANELS]
    assert len(ids) == len(set(ids))
    variables = {variable["name"]: variable["type"] for variable in DASHBOARD["templating"]["list"]}
    assert variables["datasource"] == "datasource"
    for panel in PANELS:
        assert panel["title"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["type"] in {"row", "stat", "timeseries", "bargauge"}
        for source in (panel, *panel.get("targets", ())) if panel["type"] != "row" else ():
            assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert not any(_overlap(one["gridPos"], other["gridPos"]) for one, other in combinations(PANELS, 2))
    assert "://" not in json.dumps(DASHBOARD)


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    above = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not beside and not above


def test_alerts_are_few_and_say_what_is_wrong() -> None:
    """At most five, and each of their texts uses labels that its query keeps."""
    assert len(RULES) <= 5
    for rule in RULES:
        text = rule["annotations"]["summary"]
        kept = {
            tag.value for name in re.findall(r"\bairflow_\w+", rule["expr"]) for tag in EXPORTED[name].tags
        }
        if by := re.findall(r"by \(([^)]*)\)", rule["expr"]):
            kept = set(by[0].replace(" ", "").split(","))
        assert set(re.findall(r"\$labels\.(\w+)", text)) <= kept
