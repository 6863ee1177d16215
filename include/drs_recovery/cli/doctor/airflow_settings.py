"""Whether Airflow's settings are such as the product leans on, as workers have them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown, warning
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.airflow_settings import judged
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.airflow_models import Dag
    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.report.airflow_settings import Leaned
    from drs_recovery.report.worker import BundleSaid, WorkerReport


def check(it: Installation) -> Iterator[Found]:
    """Yield each that does not fit. Airflow's API shows none where ``[api] expose_config`` is off."""
    found = {host: judged(report.settings, _kind_of_bundle(it, report)) for host, report in it.reports}
    if not any(found.values()):
        yield unknown(
            f"no worker has said how Airflow is set: {MAINTENANCE} has not run, or runs an earlier release",
            "Let it run, and ask again.",
        )
        return
    odd: dict[tuple[Leaned, str], list[str]] = defaultdict(list)
    for host, settings in found.items():
        for leaned, value in settings.items():
            if value is not None:
                odd[leaned, value].append(host)
    for (leaned, value), hosts in odd.items():
        say = fault if leaned.breaks else warning
        yield say(f"{leaned.name} is {value} on {listed(hosts)}: {leaned.otherwise}", f"`{leaned.variable}`.")
    if not odd:
        seen = {host: len(settings) for host, settings in found.items() if settings}
        yield ok(
            f"{min(seen.values())} of Airflow's settings fit, as the worker on {listed(seen)} has them; of "
            "other components they are not seen"
        )


def _kind_of_bundle(it: Installation, report: WorkerReport) -> str | None:
    bundle = bundle_of(it.maintenance, report) if it.maintenance else None
    return bundle.classpath if bundle else None


def bundle_of(dag: Dag, report: WorkerReport) -> BundleSaid | None:
    """Return the bundle that a DAG comes from, as a worker has it; None if that knows none of its name."""
    return next((one for one in report.bundles if one.name == dag.bundle_name), None)
