"""The page of metrics names what there is, as it is sent."""

from __future__ import annotations

import re
from pathlib import Path

from drs_recovery.tasks.metrics import METRICS

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "monitoring.md").read_text()


def test_the_page_has_the_table() -> None:
    """Each metric, as it is sent."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(f'`{tag.value}`' for tag in one.tags)} | {one.says} |"
        for one in METRICS
    ]
    table = [line.replace("|  |", "| |") for line in rows]
    assert re.findall(r"^\| `recovery\..*$", PAGE, re.MULTILINE) == table
