"""`make demo`: its wall time, after set-up."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from rich.table import Table

from launcher.environment import ROOT

if TYPE_CHECKING:
    from rich.console import Console


def measure(console: Console) -> None:
    """Run it once, in sight, and print what it took."""
    begin = time.monotonic()
    code = subprocess.run(["make", "--no-print-directory", "demo"], cwd=ROOT, check=False).returncode
    took = time.monotonic() - begin
    if code:
        raise RuntimeError(f"make demo ended with exit code {code} after {took:.0f} s")
    table = Table("command", "wall seconds", title="Demo, after set-up", title_justify="left")
    table.add_row("make demo", f"{took:.1f}")
    console.print(table)
