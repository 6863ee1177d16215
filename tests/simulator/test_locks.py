"""Locks: one request of a service at a time, and all services apart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillWaiting
from contextlib import nullcontext

import pytest

from drs_simulator.locks import ServiceLocks


@pytest.fixture
def locks():
    """Give locks that have been used before."""
    locks = ServiceLocks()
    for service in ("drs", "dynamodb", "ec2"):
        with locks.hold(service):
            pass
    return locks


def _enter(context):
    with context:
        return True


def _waits(held, wanted):
    """Tell whether another thread has to wait until what is held is given back."""
    with ThreadPoolExecutor(1) as other:
        with held:
            entered = other.submit(_enter, wanted)
            try:
                waited = not entered.result(timeout=0.1)
            except StillWaiting:
                waited = True
        assert entered.result(timeout=5)
    return waited


@pytest.mark.parametrize(
    ("held", "wanted", "waits"),
    [
        ("dynamodb", "dynamodb", True),
        ("dynamodb", "drs", False),
        ("drs", "ec2", True),
        ("ec2", "drs", True),
        ("new", "newer", False),
    ],
)
def test_a_service_waits_for_itself_and_for_no_other(locks, held, wanted, waits):
    """Only DRS and EC2 share a lock: recovery instances are EC2 instances."""
    assert _waits(locks.hold(held), locks.hold(wanted)) is waits


@pytest.mark.parametrize("service", ["drs", "dynamodb", "new"])
def test_a_reset_waits_for_everyone_and_everyone_for_it(locks, service):
    """Nothing is answered from a half reset state."""
    assert _waits(locks.hold_all(), locks.hold(service))
    assert _waits(locks.hold(service), locks.hold_all())
    assert not _waits(nullcontext(), locks.hold_all())
