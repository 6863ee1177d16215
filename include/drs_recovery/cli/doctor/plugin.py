"""Whether Airflow has the product's plugin, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.cli.doctor.finding import Found, ok, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.cli.doctor.answers import PluginFailure
    from drs_recovery.cli.doctor.looks import Installation

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
    return "recovery" in failure.source or "Plugin 'recovery'" in failure.error
