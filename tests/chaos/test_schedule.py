"""Everything random in chaos comes from its seed."""

from __future__ import annotations

from collections import Counter
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import pytest

from drs_recovery.plan import read_plan
from drs_simulator.fleet import read_fleet
from tests.chaos.plans import LANES, PlanFolder, fleet_text, make_plans
from tests.chaos.schedule import (
    AROUND,
    BY_PEOPLE,
    IN_AWS,
    ON_CELERY,
    Kind,
    disturbances,
    kinds_of,
    scenarios,
)

if TYPE_CHECKING:
    from pathlib import Path

RUNS = 30
SEEDS = range(20)


def everything(seed: int) -> tuple[object, ...]:
    """Return all that chaos does with a seed."""
    plans = make_plans(seed)
    return plans, scenarios(seed, RUNS, plans), list(islice(disturbances(seed), 100))


def test_the_same_seed_gives_the_same_schedule() -> None:
    """So a violation can be looked for again."""
    assert everything(7) == everything(7)


def test_another_seed_gives_another_schedule() -> None:
    """Or the seed would decide nothing."""
    assert len({str(everything(seed)) for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_kind_comes_often_enough(seed: int) -> None:
    """People do each of their actions in six of thirty runs or more; what is around comes in turn."""
    made = scenarios(seed, RUNS, make_plans(seed))
    actions = Counter(action.kind for s in made for action in (s.action, s.in_aws) if action)
    assert min(actions[kind] for kind in (*BY_PEOPLE, *IN_AWS)) >= 6
    assert all(s.action.during < 2 for s in made if s.action and s.action.kind is Kind.MARK_RUN)
    assert sum(s.clears for s in made) == 10
    assert sum(s.real for s in made) == 10
    clean_ups = [s for s in made if not s.real and (s.cleans_up or s.plan.clean_up != "never")]
    assert len(clean_ups) >= 10
    assert Counter(d.kind for d in islice(disturbances(seed), len(AROUND))) == dict.fromkeys(AROUND, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_each_run_has_servers_that_can_serve_it(seed: int) -> None:
    """No drill of what was recovered, no server that is gone, and a second recovery says what it replaces."""
    for lane in range(LANES):
        mine = [s for s in scenarios(seed, RUNS, make_plans(seed)) if s.plan.lane == lane]
        for before, after in pairwise(mine):
            if after.plan != before.plan:
                continue
            assert before.in_aws is None or before.in_aws.kind is not Kind.DELETE_SERVER
            assert after.real or not before.real
            assert not after.real or after.conf["replace_recovered"] == after.plan.dag_id
        assert not any("replace_recovered" in s.conf for s in mine[:1])


def test_a_kind_that_is_left_out_never_comes() -> None:
    """And nothing else changes for that."""
    plans = make_plans(1)
    less = scenarios(1, RUNS, plans, [Kind.EDIT_PLAN])
    assert not [s for s in less if s.action and s.action.kind is Kind.EDIT_PLAN]
    assert [s.conf for s in less] == [s.conf for s in scenarios(1, RUNS, plans)]
    few = list(islice(disturbances(1, [Kind.CUT]), 50))
    assert [d for d in islice(disturbances(1), 50) if d.kind is not Kind.CUT] == few[: len(few) - 5]


@pytest.mark.parametrize("seed", SEEDS)
def test_on_celery_there_are_more_kinds(seed: int) -> None:
    """Each comes once in a round; without Celery none of them does."""
    around = {*AROUND, *ON_CELERY}
    first = islice(disturbances(seed, executor="celery"), len(around))
    assert Counter(d.kind for d in first) == dict.fromkeys(around, 1)
    assert not {d.kind for d in islice(disturbances(seed), 100)} & set(ON_CELERY)
    assert set(kinds_of("celery")) - set(kinds_of("local")) == set(ON_CELERY)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_plans_are_plans_of_the_fleet(seed: int, tmp_path: Path) -> None:
    """Each has three waves, servers of its own, and can be read, edited or not."""
    made, folder = scenarios(seed, RUNS, make_plans(seed)), PlanFolder(tmp_path)
    plans = list(dict.fromkeys(scenario.plan for scenario in made))
    (tmp_path / "fleet").write_text(fleet_text(plans))
    fleet = {server.id for server in read_fleet(tmp_path / "fleet").servers}
    named = [server for plan in plans for server in plan.servers]
    assert sorted(named) == sorted(fleet)
    for plan in plans:
        for written in (plan, plan.renamed()):
            folder.write(written)
            assert [w.name for w in read_plan(tmp_path / f"{plan.dag_id}.yaml").waves] == [
                wave.name for wave in written.waves
            ]
