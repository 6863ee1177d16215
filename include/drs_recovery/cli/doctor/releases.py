"""Whether everything is of one release of the product."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drs_recovery import __version__
from drs_recovery.cli.doctor.finding import Found, ok, unknown, warning
from drs_recovery.names import MAINTENANCE
from drs_recovery.report.worker import maker_of
from drs_recovery.text.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.looks import Installation

UNTOLD = "triggerers do not say theirs"
EARLIER = "one before 0.3"
"""A release that does not say what it is."""


def check(it: Installation) -> Iterator[Found]:
    """Yield who has another release than this command."""
    if silent := [one.host for one in it.workers if not (one.report or one.early)]:
        yield unknown(
            f"what the worker on {listed(silent)} said of itself cannot be read",
            f"Let {MAINTENANCE} run there, and ask again.",
        )
    releases = dict(_releases(it))
    others = {who: release for who, release in releases.items() if release != __version__}
    if not releases:
        yield unknown(
            f"no worker has said its release: {MAINTENANCE} has not run; this command is {__version__}",
            "Let it run, and ask again.",
        )
    elif others:
        known = listed(f"{who} has {release}" for who, release in others.items())
        everybody = len(others) == len(releases) and len(set(others.values())) == 1
        yield warning(
            f"this command is of release {__version__}, and {known}; {UNTOLD}",
            "Install that release here too."
            if everybody
            else "Install one release everywhere, and restart what runs another.",
        )
    else:
        yield ok(f"{__version__}: this command, {listed(releases)}; {UNTOLD}")


def _releases(it: Installation) -> Iterator[tuple[str, str]]:
    for worker in it.workers:
        if worker.report or worker.early:
            yield f"the worker on {worker.host}", worker.report.release if worker.report else EARLIER
    if (dag := it.maintenance) is not None and not dag.is_stale:
        yield "the DAG processor", maker_of(dag.doc_md or "") or EARLIER
    # A plugin from a folder does not say it, one of a package does
    if source := re.match(r"drs-recovery-plans==([^:]+):", it.plugin_source or ""):
        yield "the API server", source[1]
