"""Whatever clients ask for, in any order, and however time passes, DRS keeps its own rules."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.budgets import examples
from tests.simulator.machine import LONGEST, SERVERS, Clients


@pytest.fixture
def clients(local_aws, drs):
    """Give the machine, with what its clients need."""
    Clients.drs, Clients.control = drs, local_aws.control
    Clients.met.clear()
    return Clients


def test_the_rules_hold_whatever_clients_do(clients):
    """Any order of starts, terminations, deletions, tags and faults, with any time between them."""
    run_state_machine_as_test(
        clients,
        settings=settings(
            max_examples=examples(15),
            stateful_step_count=12,
            phases=(Phase.explicit, Phase.reuse, Phase.generate),  # each step costs requests; no shrinking
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


def test_the_machine_meets_what_it_is_about(clients):
    """Without this it might never launch, conflict or exceed, and prove nothing."""
    machine = clients()
    machine.begin([], old=False)
    assert machine.refusal_of(SERVERS[:4]) == "ServiceQuotaExceededException"
    machine.start(SERVERS[:2], is_drill=True)
    machine.jobs_keep_the_rules()
    assert machine.refusal_of(SERVERS[1:3]) == "ConflictException"
    machine.start(SERVERS[1:3], is_drill=True)
    machine.start(SERVERS[2:5], is_drill=False)
    assert machine.refusal_of(SERVERS[5:]) == "ServiceQuotaExceededException"
    machine.start(SERVERS[5:], is_drill=True)
    machine.let_pass(LONGEST)
    assert len(machine.instances()) == 5
    assert machine.met == {None: 2, "ConflictException": 1, "ServiceQuotaExceededException": 1}
    machine.jobs_keep_the_rules()
    machine.instances_belong_to_one_job()
    machine.teardown()
