"""Handles incoming cloudwatch requests: tells DRS first which of its metrics are wanted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.responses import CloudWatchResponse

from drs_simulator.drs.metrics import DIMENSION, Wanted, latest, wanting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from moto.core.responses import ActionResult


class MetricsResponse(CloudWatchResponse):
    """moto's handler; without this, each look at any metric would work out those of all servers."""

    def get_metric_statistics(self) -> ActionResult:
        metric = {"Namespace": self._get_param("Namespace"), "Dimensions": self._get_param("Dimensions", [])}
        with wanting(self._wanted([metric])):
            return super().get_metric_statistics()

    def get_metric_data(self) -> ActionResult:
        queries = self._get_param("MetricDataQueries", [])
        with wanting(
            self._wanted([query["MetricStat"]["Metric"] for query in queries if "MetricStat" in query])
        ):
            return super().get_metric_data()

    def list_metrics(self) -> ActionResult:
        metric = {"Namespace": self._get_param("Namespace"), "Dimensions": self._get_param("Dimensions", [])}
        wanted = self._wanted([metric])
        namespaces = wanted.namespaces if metric["Namespace"] else Wanted.namespaces
        with wanting(replace(Wanted(), namespaces=namespaces, servers=wanted.servers, since=latest())):
            return super().list_metrics()

    def _wanted(self, metrics: Iterable[dict[str, Any]]) -> Wanted:
        """Return what a request about these metrics wants of DRS."""
        named = [
            {d.get("Value") for d in metric.get("Dimensions", []) if d["Name"] == DIMENSION} - {None}
            for metric in metrics
        ]
        return Wanted(
            namespaces=frozenset(metric["Namespace"] for metric in metrics),
            servers=frozenset().union(*named) if all(named) else None,
            since=self._get_param("StartTime"),
            until=self._get_param("EndTime"),
        )
