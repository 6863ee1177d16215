"""What is imported is named in ``requirements.in``: nothing comes by the accident of what others need."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("config", "dags", "include", "plugins", "tests")
NAMED = {
    re.sub(r"[-_.]+", "-", name).lower()
    for name in re.findall(r"^([\w.-]+)(?:\[.*\])?==", (ROOT / "requirements.in").read_text(), re.MULTILINE)
}
BY_EXTRAS = ("mypy-boto3-", "types-aiobotocore-", "pydantic-core", "apache-airflow-")
"""Stubs of services that are named as extras, and parts of what is named, in the version it demands."""


def imported() -> dict[str, set[str]]:
    """Return the modules that are imported and not ours or Python's, each with where."""
    ours = {path.stem for folder in FOLDERS for path in (ROOT / folder).rglob("*")} | {*FOLDERS}
    found: dict[str, set[str]] = {}
    for path in (file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in {name.partition(".")[0] for name in names} - sys.stdlib_module_names - ours:
                found.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return found


KNOWN = packages_distributions()


@pytest.mark.parametrize(("module", "files"), sorted(imported().items()), ids=sorted(imported()))
def test_what_is_imported_is_named(module: str, files: set[str]) -> None:
    """By the distribution that has the module."""
    have = {re.sub(r"[-_.]+", "-", name).lower() for name in KNOWN.get(module, ())}
    assert have & NAMED or any(name.startswith(BY_EXTRAS) for name in have), sorted(files)[:3]
