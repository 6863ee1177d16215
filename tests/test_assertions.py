"""Every test asserts something: by itself, or by a helper of the tests that does."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
ASSERTING = {
    "assert",
    *(f"pytest.{name}" for name in ("raises", "warns", "fail")),
    "hypothesis.stateful.run_state_machine_as_test",
    "playwright.sync_api.expect",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: str, tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield the functions of a module; methods and fixtures, which others call without it, as `.name`."""
    for node in tree.body:
        if isinstance(node, Function):
            fixture = any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
            yield f".{node.name}" if fixture else f"{module}.{node.name}", node
        elif isinstance(node, ast.ClassDef):
            yield from ((f".{each.name}", each) for each in node.body if isinstance(each, Function))


def names(module: str, tree: ast.Module) -> dict[str, str]:
    """Return what the names of functions and modules stand for that a module defines or imports."""
    known = {key.rpartition(".")[2]: key for key, _ in functions(module, tree)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            known |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Import):
            known |= {alias.asname or alias.name: alias.name for alias in node.names}
    return known


def calls(function: Function, known: dict[str, str]) -> Iterator[str]:
    """Yield what a function calls, and `assert` where it asserts."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            yield "assert"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield known.get(node.func.id, f".{node.func.id}")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            of = node.func.value
            yield f"{known.get(of.id, '') if isinstance(of, ast.Name) else ''}.{node.func.attr}"


def silent(modules: dict[str, ast.Module]) -> list[str]:
    """Return the tests that assert nothing."""
    called: dict[str, set[str]] = {}
    for module, tree in modules.items():
        known = names(module, tree)
        for key, function in functions(module, tree):
            called.setdefault(key, set()).update(calls(function, known))
    before, helpers = set[str](), set(ASSERTING)
    while before != helpers:
        before = helpers
        helpers = before | {key for key, keys in called.items() if keys & before}
    return [key for key in called if key.rpartition(".")[2].startswith("test_") and key not in helpers]


def test_every_test_asserts_something() -> None:
    files = sorted((ROOT / "tests").rglob("*.py"))
    places = [".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files]
    modules = {place: ast.parse(file.read_text()) for place, file in zip(places, files, strict=True)}
    assert silent(modules) == []


def test_a_test_that_only_calls_something_is_found() -> None:
    helper = "def check(): assert answer()\ndef ask(): return answer()"
    tests = """
import pytest
from tests.helper import ask, check
def test_by_itself(): assert ask()
def test_by_a_helper(): check()
def test_by_an_error():
    with pytest.raises(ValueError): ask()
def test_of_nothing(): ask()
"""
    modules = {"tests.helper": ast.parse(helper), "tests.test_x": ast.parse(tests)}
    assert silent(modules) == ["tests.test_x.test_of_nothing"]
