"""The table of settings in ``docs/configuration.md``; ``python -m`` of this writes it into a file."""

from __future__ import annotations

import ast
import inspect
import sys
from itertools import pairwise
from pathlib import Path

from drs_recovery import settings
from drs_recovery.settings import Settings

BEGIN, END = "<!-- settings: begin -->", "<!-- settings: end -->"
"""Between these lines the page is written by this module."""


def table() -> str:
    """Return the settings as a Markdown table: variable, default, and what it is for."""
    prefix, reasons = Settings.model_config["env_prefix"], _reasons()
    rows = ["| variable | default | means |", "| --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f" `{field.default}`"
        rows.append(f"| `{prefix}{name.upper()}` |{default} | {reasons[name]} |")
    return "\n".join(rows)


def written(page: str) -> str:
    """Return a page with the table in its place."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def _reasons() -> dict[str, str]:
    """Return what stands below each setting in its module."""
    (body,) = [
        node.body
        for node in ast.parse(inspect.getsource(settings)).body
        if isinstance(node, ast.ClassDef) and node.name == Settings.__name__
    ]
    found = {}
    for node, below in pairwise(body):
        if isinstance(node, ast.AnnAssign) and isinstance(below, ast.Expr):
            found[ast.unparse(node.target)] = " ".join(
                ast.literal_eval(below.value).replace("``", "`").split()
            )
    return found


if __name__ == "__main__":
    for file in map(Path, sys.argv[1:]):
        file.write_text(written(file.read_text()))
