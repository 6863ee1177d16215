"""Whether Airflow's settings are such as the product leans on, as a worker has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, fault, ok, unknown, warning
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.airflow_settings import LEANED_ON, misfits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation
    from drs_recovery.report.worker import WorkerReport


def check(it: Installation) -> Iterator[Found]:
    """Yield each that does not fit. Airflow's API shows none where ``[api] expose_config`` is off."""
    if (said := it.report) is None:
        yield unknown(
            f"no worker has said how Airflow is set: {MAINTENANCE} has not run, or runs an earlier release",
            "Let it run, and ask again.",
        )
        return
    host, report = said
    odd = list(misfits(report.settings, bundle_of(it, report)))
    for leaned, value in odd:
        say = fault if leaned.breaks else warning
        yield say(f"{leaned.name} is {value} on {host}: {leaned.otherwise}", f"`{leaned.variable}`.")
    if not odd:
        yield ok(
            f"{len(LEANED_ON)} of Airflow's settings fit, as the worker on {host} has them; of other "
            "components they are not seen"
        )


def bundle_of(it: Installation, report: WorkerReport) -> str | None:
    """Return the class of the bundle that the maintenance comes from; None if it is not known."""
    name = it.maintenance.bundle_name if it.maintenance else None
    return next((one.classpath for one in report.bundles if one.name == name), None)
