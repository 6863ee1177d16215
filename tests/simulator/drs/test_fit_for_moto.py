"""What could be sent to moto: the code of DRS knows nothing of the simulator around it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import drs_simulator.drs

ROOT = Path(drs_simulator.drs.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
OLDEST = (3, 10)
"""The oldest Python that moto 5 runs on, by its own classifiers."""

ALLOWED = {"botocore", "dateutil", "moto"}
"""What moto itself depends on, and what DRS needs of that."""

YOUNGER = {
    "asyncio": {"Barrier", "Runner", "TaskGroup", "timeout", "timeout_at"},
    "contextlib": {"chdir"},
    "datetime": {"UTC"},
    "enum": {
        "CONTINUOUS", "EJECT", "EnumCheck", "FlagBoundary", "KEEP", "NAMED_FLAGS", "ReprEnum", "STRICT",
        "StrEnum", "UNIQUE", "global_enum", "member", "nonmember", "property", "verify",
    },
    "hashlib": {"file_digest"},
    "inspect": {"getmembers_static", "markcoroutinefunction"},
    "itertools": {"batched"},
    "logging": {"getLevelNamesMapping", "getHandlerByName"},
    "math": {"cbrt", "exp2", "fma", "sumprod"},
    "operator": {"call"},
    "re": {"NOFLAG"},
    "typing": {
        "LiteralString", "Never", "NotRequired", "ReadOnly", "Required", "Self", "TypeAliasType",
        "TypeIs", "TypeVarTuple", "Unpack", "assert_never", "assert_type", "clear_overloads",
        "dataclass_transform", "get_overloads", "get_protocol_members", "is_protocol", "override",
        "reveal_type",
    },
}  # fmt: skip
"""Names that modules of the standard library have since 3.11 or later."""

YOUNGER_BUILTINS = {"BaseExceptionGroup", "ExceptionGroup", "EncodingWarning", "PythonFinalizationError"}


def read(module: Path) -> ast.Module:
    """Parse a module as the oldest Python does."""
    return ast.parse(module.read_text(encoding="utf-8"), module.name, feature_version=OLDEST)


def imports(tree: ast.Module) -> list[tuple[str, str]]:
    """Return what a module imports from outside its package: modules, and names of them."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found += [(str(node.module), alias.name) for alias in node.names]
    return found


def attributes(tree: ast.Module) -> set[tuple[str, str]]:
    """Return what a module takes of others by a dot."""
    return {
        (node.value.id, node.attr)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_needs_what_moto_has(module):
    """It imports the standard library, moto, and what moto depends on; nothing of the simulator."""
    packages = {name.partition(".")[0] for name, _ in imports(read(module))}
    assert packages - set(sys.stdlib_module_names) <= ALLOWED


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.stem)
def test_a_module_needs_no_python_younger_than_moto_does(module):
    """Neither its syntax nor a name of the standard library is younger."""
    tree = read(module)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used = attributes(tree) | set(imports(tree))
    younger = {f"{name}.{attribute}" for name, attribute in used if attribute in YOUNGER.get(name, ())}
    assert not younger
    assert not names & YOUNGER_BUILTINS
    assert "tomllib" not in {name for name, _ in imports(tree)}


def test_a_date_is_not_read_by_what_older_pythons_read_otherwise():
    """``datetime.fromisoformat`` takes the ``Z`` of AWS since 3.11 only."""
    assert not [module.name for module in MODULES if "fromisoformat" in module.read_text(encoding="utf-8")]


def test_the_service_comes_to_be_without_the_simulator():
    """It is imported without a module of the simulator beside it, and without pydantic."""
    code = (
        "import sys, drs_simulator.drs.responses\n"
        "ours = {name for name in sys.modules if name.startswith('drs_simulator.')}\n"
        "others = {name for name in ours if not name.startswith('drs_simulator.drs')}\n"
        "print(sorted(others | ({'pydantic'} & set(sys.modules))))"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT.parents[1])}
    reported = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert reported.stdout.strip() == "[]"


def test_the_page_on_an_offer_names_what_there_is():
    """Each file and folder of ours that it names exists."""
    page = (ROOT.parent / "OFFER.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/*]+(?:\.py|/))`", page))
    ours, theirs = ROOT.parents[2], {"scripts/update_backend_index.py"}
    folders = (ROOT, ROOT.parent, ours, ours / "tests/simulator/drs")
    missing = {name for name in named - theirs if not any(list(folder.glob(name)) for folder in folders)}
    assert named
    assert not missing
