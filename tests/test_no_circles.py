"""No module of the product needs itself, by however many others; imports for types alone count too."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

INCLUDE = Path(__file__).parents[1] / "include"


def modules(package: str) -> dict[str, Path]:
    """Return the files of a package by their names as modules."""
    found = {}
    for file in sorted((INCLUDE / package).rglob("*.py")):
        parts = file.relative_to(INCLUDE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def imports(name: str, file: Path, known: dict[str, Path]) -> set[str]:
    """Return which modules of the package a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
            base = above[: len(above) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            inner = {f"{module}.{alias.name}" for alias in node.names} & known.keys()
            found |= inner or {module}
    return (found & known.keys()) - {name}


@pytest.mark.parametrize("package", ["drs_recovery", "drs_simulator", "launcher"])
def test_no_import_leads_back(package: str) -> None:
    known = modules(package)
    graph = {name: imports(name, file, known) for name, file in known.items()}
    assert sum(map(len, graph.values())) > len(known) / 2
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        pytest.fail(" imports ".join(reversed(circle.args[1])))
