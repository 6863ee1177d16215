"""Whether runs stay on the files that they were started with."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown
from drs_recovery.text.lists import listed
from drs_recovery.text.values import plural

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.airflow_models import Dag
    from drs_recovery.cli.doctor.looks import Installation


def check(it: Installation) -> Iterator[Found]:
    """Yield each bundle that DAGs of the product come from, with or without versions."""
    bundles: dict[str | None, list[Dag]] = defaultdict(list)
    for dag in it.dags:
        if not dag.is_stale:
            bundles[dag.bundle_name].append(dag)
    if not bundles:
        yield unknown("Airflow has no DAG of the product, so no bundle of one", "Let it have one: see DAGs.")
    for name, dags in bundles.items():
        if loose := [one.dag_id for one in dags if one.bundle_version is None]:
            yield fault(
                f"{name} has no versions: an edit of a plan changes runs in flight ({listed(sorted(loose))})",
                "Take a SnapshotDagBundle or a GitDagBundle: docs/production.md, DAG bundles.",
            )
        else:
            yield ok(f"{name} has versions; {plural(len(dags), 'DAG')} of it, each run stays on its own")
