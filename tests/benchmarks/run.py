"""``make bench``: every benchmark, or those named as arguments."""

from __future__ import annotations

import argparse
import os
from importlib import import_module

from rich.console import Console

from launcher.signals import as_exceptions

BENCHMARKS = {
    "handover": "handover",
    "loader": "loader_cost",
    "idle": "idle",
    "polling": "polling",
    "checks": "checks_cost",
    "settings": "settings_cost",
    "reconciler": "reconciler",
    "simulator": "simulator_load",
    "kills": "kills",
    "region": "region",
    "command": "command_time",
    "demo": "demo_time",
}
"""The module of each benchmark, in the order they run."""


def main() -> None:
    """Measure what is asked for, one after the other: together they would measure each other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    names = options.parse_args().names or list(BENCHMARKS)
    if unknown := sorted(set(names) - set(BENCHMARKS)):
        options.error(f"{', '.join(unknown)}: allowed are {', '.join(BENCHMARKS)}")
    console = Console()
    for name in names:
        console.rule(name)
        load = os.getloadavg()[0]
        _measure(name, console)
        console.print(f"Load of the machine before: {load:.1f}, on {os.cpu_count()} cores", highlight=False)


def _measure(name: str, console: Console) -> None:
    """Import a benchmark only for itself: what the others import would count."""
    import_module(f"tests.benchmarks.{BENCHMARKS[name]}").measure(console)


if __name__ == "__main__":
    with as_exceptions():
        main()
