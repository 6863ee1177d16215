"""Whether Airflow has the product's plugin, once."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.answers import PluginFailure
    from drs_recovery.cli.doctor.looks import Installation

FILE = "recovery_plugin.py"
"""In the folder of plugins, where the package is not installed."""

DISTRIBUTION, MODULE = "drs-recovery-plans==", "drs_recovery."
"""How Airflow begins the source of a plugin of a package, and of one that it cannot import from there."""

TWICE = "already registered"
"""In Airflow's words for a second plugin of one name."""


def check(it: Installation) -> Iterator[Found]:
    """Yield where the API server has it from, and where else it lies."""
    ours = [one for one in it.plugin_errors if _is_ours(one)]
    for one in ours:
        yield warning(
            f"the API server could not load it from {one.source}: {one.error}",
            "Remove the file from the folder of plugins: the package that is installed brings it."
            if TWICE in one.error
            else "See what the error says, where the API server runs.",
        )
    if it.plugin_source is None:
        yield warning(
            "the API server has no plugin of the product: a link in its menu and its imports are missing",
            "Install the package where Airflow runs, or put `plugins/` where it looks for plugins.",
        )
    elif not ours:
        yield ok(f"loaded once, from {it.plugin_source}")


def _is_ours(failure: PluginFailure) -> bool:
    source = failure.source
    ours = (PurePath(source).name == FILE, source.startswith(DISTRIBUTION), source.startswith(MODULE))
    return any(ours) or "Plugin 'recovery'" in failure.error
