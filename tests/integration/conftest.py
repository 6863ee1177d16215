"""One running stack for all integration tests, with the example plans, the tests' own, and broken ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from launcher.environment import AIRFLOW_SETTINGS
from launcher.settings import read_settings
from launcher.stack import Stack
from tests.integration.evidence import evidence
from tests.integration.running_stack import World

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

ROOT = Path(__file__).parents[2]
TRADING = (
    'AIRFLOW_CONN_AWS_TRADING={"conn_type": "aws", '
    '"extra": {"role_arn": "arn:aws:iam::210987654321:role/dr", "region_name": "eu-central-1"}}'
)
"""A connection to the second account of the fleet: by a role in it."""

LONGEST = frozenset({"test_trading", "test_actions", "test_three_waves"})
"""Files whose tests take a minute or two each."""

LONGEST_SECONDS = 1200
"""Of a test on the stack: it waits for several things, none for longer than LIMIT."""

PLANS = ("dags/plans", "tests/plans/stack", "tests/plans/invalid")
GROUPS = ("dags/groups", "tests/plans/groups")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what needs the stack last, since what is quick to fail fails first; of that the longest first.

    Otherwise two stacks have nothing to do while the third runs one of those. And give them time.
    """
    for item in items:
        if "stack" in item.keywords:
            item.add_marker(pytest.mark.timeout(LONGEST_SECONDS))
    items.sort(key=lambda item: ("stack" in item.keywords, item.path.stem not in LONGEST))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Have the stack speak in the report of a test that failed on it."""
    report = yield
    world = item.funcargs.get("running_world") if isinstance(item, pytest.Function) else None
    if report.failed and isinstance(world, World):
        report.sections.append(("stack", evidence(world)))
    return report


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A stack in a home of its own, on free ports, beside whatever else runs; EXECUTOR says with what."""
    # Not in pytest's folder: for root, PostgreSQL runs as another user, whom pytest keeps out of it
    with TemporaryDirectory(prefix="recovery-stack-") as folder:
        home = Path(folder)
        plans = home / "plans"
        for source in PLANS:
            shutil.copytree(ROOT / source, plans, dirs_exist_ok=True)
        for source in GROUPS:
            shutil.copytree(ROOT / source, home / "groups", dirs_exist_ok=True)
        shutil.copytree(ROOT / "tests" / "dags", home / "dags", ignore=shutil.ignore_patterns("__pycache__"))
        settings = tmp_path_factory.mktemp("settings") / "airflow.env"
        named = AIRFLOW_SETTINGS.read_text().replace("eve:op", "eve:op,uma:user,vera:viewer")
        settings.write_text(f"{named}\n{TRADING}\n")
        with pytest.MonkeyPatch.context() as patch:
            # A deployment is done in less here, and no test waits three minutes
            patch.setenv("RECOVERY_DELETED_MINUTES", "0.2")
            # Beside those of the product, a user of each lesser role
            patch.setattr("launcher.environment.AIRFLOW_SETTINGS", settings)
            executor = read_settings().executor
            with Stack(home, speed="immediate", plans=plans, executor=executor) as running:
                yield running


@pytest.fixture(scope="session")
def running_world(stack: Stack) -> Iterator[World]:
    """The stack as tests see it."""
    world = World(stack)
    yield world
    world.close()


@pytest.fixture
def world(running_world: World) -> World:
    """The same, without faults and at the speed `immediate`."""
    running_world.control.clear_faults()
    running_world.control.set_speed("immediate")
    return running_world
