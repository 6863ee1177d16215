"""Fixtures of all tests: a local AWS that listens, and clients that reach it as they would reach AWS."""

from __future__ import annotations

import gc
import os
import random
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import boto3
import botocore.retryhandler
import pytest
from hypothesis import settings

from drs_simulator.client import Control
from drs_simulator.fleet import Fleet, read_fleet
from drs_simulator.server import Server
from tests import conformance, shared_parts
from tests.budgets import NIGHTLY, examples

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"

shared_parts.share()
conformance.install()

# As often as ever, but without pauses: a table that is away would be waited for 25 s in each test of that
botocore.retryhandler.delay_exponential = lambda **_: 0.0


def pytest_configure(config: pytest.Config) -> None:
    """Let every run draw the same, so that a failure is the change's; only a nightly run draws again.

    Its seed is its own, which the header tells, and which workers find in their environment.
    """
    settings.register_profile("same", derandomize=True, deadline=None)
    settings.load_profile("same")
    if NIGHTLY:
        settings.register_profile(
            "nightly", derandomize=False, max_examples=examples(100), print_blob=True, deadline=None
        )
        settings.load_profile("nightly")
        if config.option.hypothesis_seed is None:
            drawn = str(random.SystemRandom().randrange(2**32))
            config.option.hypothesis_seed = os.environ.setdefault("NIGHTLY_SEED", drawn)


def pytest_xdist_auto_num_workers() -> int:
    """Run two processes a core: half of the time of one, its client waits for its own server."""
    return 2 * (os.cpu_count() or 1)


def pytest_report_header(config: pytest.Config) -> str | None:
    """Tell the seed of a nightly run."""
    return f"nightly: --hypothesis-seed={config.option.hypothesis_seed}" if NIGHTLY else None


def pytest_collection_finish() -> None:
    """Keep the collector from walking through all of Airflow again and again."""
    gc.collect()
    gc.freeze()


# Airflow reads its home when it is first imported, and writes to it.
_AIRFLOW_HOME = TemporaryDirectory(prefix="airflow-home-")
os.environ["AIRFLOW_HOME"] = _AIRFLOW_HOME.name
# By it an Airflow knows its own executions.
os.environ["AIRFLOW__API__BASE_URL"] = "http://airflow.example"


@dataclass(frozen=True)
class LocalAws:
    """A running simulator."""

    url: str
    control: Control

    def client(self, service: Any, region: str = REGION, **options: Any) -> Any:
        """Return a boto3 client; the endpoint comes from the environment, as in production."""
        return boto3.client(service, region_name=region, **options)


@pytest.fixture(autouse=True)
def _answers_conform() -> Iterator[None]:
    """Fail a test in which DRS gave an answer that its service model forbids, whoever swallowed that."""
    yield
    wrong = conformance.found.copy()
    conformance.found.clear()
    conformance.expected.clear()
    assert not wrong, "\n".join(wrong)


def servers_alone() -> Fleet:
    """Return the fleet without its networks, functions and zones: moto makes each again for every test."""
    return read_fleet().model_copy(update={"networks": (), "functions": (), "hosted_zones": {}})


@pytest.fixture(scope="session")
def running_simulator() -> Iterator[LocalAws]:
    """Start a simulator for the whole session; tests use ``local_aws``."""
    with Server(speed="immediate", fleet=servers_alone()) as server, Control(server.url) as control:
        yield LocalAws(server.url, control)


@pytest.fixture
def local_aws(running_simulator: LocalAws, monkeypatch: pytest.MonkeyPatch) -> LocalAws:
    """Give a local AWS as after its start, at the speed ``immediate``, with an environment to reach it."""
    running_simulator.control.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_simulator.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    for variable in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"):
        monkeypatch.delenv(variable, raising=False)
    return running_simulator
