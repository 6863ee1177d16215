"""Recovery snapshots are taken and kept as the point in time policy of the server's replication says."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from drs_simulator.clock import clock
from drs_simulator.drs.snapshots import LATEST
from tests.simulator.drs.replicating import HOUR, NEW

MINUTE, DAY = 60, 86_400
MINUTES = {"units": "MINUTE", "interval": 10, "retentionDuration": 60, "enabled": True}
HOURS = {"units": "HOUR", "interval": 1, "retentionDuration": 24, "enabled": True}
DAYS = {"units": "DAY", "interval": 1, "retentionDuration": 7, "enabled": True}


@pytest.fixture
def described(drs):
    """Give a function that lists the added server's snapshots, oldest first, and ages of those taken."""

    def ages():
        items = drs.describe_recovery_snapshots(sourceServerID=NEW, order="ASC")["items"]
        now = clock.date(clock.now())
        taken = [datetime.fromisoformat(item["timestamp"]) for item in items if "timestamp" in item]
        return [(now - date).total_seconds() for date in taken], items

    return ages


@pytest.fixture
def add_healthy(add):
    """Let a server replicate."""
    add()


@pytest.fixture
def keep(drs):
    """Give a function that sets the added server's policy."""
    return lambda *rules: drs.update_replication_configuration(sourceServerID=NEW, pitPolicy=list(rules))


def test_the_default_policy_is_that_of_the_user_guide(add, described):
    """One per 10 minutes for an hour, one per hour for 24 hours, one per day for 7 days."""
    add()
    ages, items = described()
    assert len([age for age in ages if age < HOUR]) == 6
    assert len([age for age in ages if HOUR <= age < DAY]) == 23
    assert len([age for age in ages if age >= DAY]) == 6
    gaps = {round(older - newer) for older, newer in pairwise(ages)}
    assert {10 * MINUTE, HOUR, DAY} <= gaps
    assert max(ages) < 7 * DAY
    dates = [item["expectedTimestamp"] for item in items]
    assert dates == sorted(dates)


def test_a_snapshot_has_an_ebs_snapshot_for_each_volume_once_it_is_taken(add, described):
    """User guide, "What are Point in Time Snapshots?"; the next one has neither these nor a timestamp."""
    add(disks_gib=(50, 500))
    *taken, coming = described()[1]
    assert {len(set(item["ebsSnapshots"])) for item in taken} == {2}
    assert (coming["ebsSnapshots"], "timestamp" in coming) == ([], False)


def test_time_thins_out_what_was_taken(add, described, let_pass):
    """What is an hour old is kept if it is of a whole hour, what is a day old if it is of a whole day."""
    add()
    before = {item["snapshotID"]: item for item in described()[1]}
    let_pass(DAY)
    after = {item["snapshotID"] for item in described()[1]}
    left = [before[found]["expectedTimestamp"] for found in before if found in after]
    assert 6 <= len(left) <= 7
    assert len(after) == len(before)


def test_a_policy_of_more_days_brings_nothing_back(add, described, keep, let_pass):
    """UpdateReplicationConfiguration takes effect at once, and only on what is there."""
    add()
    keep(MINUTES, HOURS, DAYS | {"retentionDuration": 3})
    assert 2 * DAY < max(described()[0]) < 3 * DAY
    keep(MINUTES, HOURS, DAYS | {"retentionDuration": 365})
    assert max(described()[0]) < 3 * DAY
    before = [item["snapshotID"] for item in described()[1]]
    let_pass(10 * DAY)
    kept = [item["snapshotID"] for item in described()[1]]
    assert kept[0] == before[0]
    assert len(kept) == len(before) + 10


def test_a_fleet_says_how_many_days_are_kept(add, described, drs):
    """``snapshot_days`` is the retention of the policy's rule of days, as people set it in the console."""
    add(snapshot_days=2)
    assert DAY < max(described()[0]) < 2 * DAY
    *_, days = drs.get_replication_configuration(sourceServerID=NEW)["pitPolicy"]
    assert (days["units"], days["retentionDuration"]) == ("DAY", 2)


def test_a_rule_that_is_not_enabled_takes_nothing(add, described, keep, let_pass):
    """Each rule can be switched off; without any, no snapshot is taken, and none is expected."""
    add()
    keep(MINUTES | {"enabled": False}, HOURS, DAYS)
    let_pass(2 * HOUR)
    items = described()[1]
    assert len(items) == 24 + 6 + 1
    expected = datetime.fromisoformat(items[-1]["expectedTimestamp"])
    assert -LATEST < (expected - clock.date(clock.now())).total_seconds() <= HOUR
    del (silent := dict(DAYS))["enabled"]
    keep(MINUTES | {"enabled": False}, HOURS | {"enabled": False}, silent)
    assert described()[1] == []


@pytest.mark.usefixtures("add_healthy")
@pytest.mark.parametrize(
    ("rules", "reported"),
    [
        ((MINUTES, HOURS, HOURS), "MINUTE, HOUR, HOUR"),
        ((MINUTES | {"interval": 5}, HOURS, DAYS), r"pitPolicy\[0\]\.interval 5: .* 10"),
        ((MINUTES, HOURS | {"retentionDuration": 48}, DAYS), r"pitPolicy\[1\]\.retentionDuration 48: .* 24"),
        ((MINUTES, HOURS, DAYS | {"interval": 2}), r"pitPolicy\[2\]\.interval 2: .* 1"),
        ((MINUTES, HOURS, DAYS | {"retentionDuration": 366}), r"retentionDuration 366: .* 1 to 365"),
    ],
    ids=["units", "minutes", "hours", "interval of days", "days"],
)
def test_another_policy_than_the_user_guide_allows_is_refused(drs, described, keep, rules, reported):
    """Exactly one rule of each unit; only how many days are kept is anybody's choice; nothing changes."""
    before = described()[1]
    with pytest.raises(drs.exceptions.ValidationException, match=reported):
        keep(*rules)
    assert described()[1] == before


@pytest.mark.parametrize("state", ["STALLED", "PAUSED", "BACKLOG", "INITIATING", "INITIAL_SYNC", "STOPPED"])
def test_a_state_that_is_not_healthy_takes_none(add, described, state):
    """Snapshots are of healthy replication; what is older than its end is kept as the policy says."""
    lost = state in {"STALLED", "PAUSED", "BACKLOG"}
    add(replication={"state": state, "lag_seconds": 2 * HOUR} if lost else {"state": state})
    ages, items = described()
    assert all("timestamp" in item for item in items)
    assert min(ages, default=2 * HOUR) >= 2 * HOUR
    assert bool(items) == lost


def test_a_server_that_stays_stalled_loses_its_snapshots(add, described, let_pass):
    """Nothing says that one is kept longer than the policy says: the last day's goes with its rule."""
    add("STALLED")
    let_pass(6 * DAY)
    assert described()[1]
    let_pass(2 * DAY)
    assert described()[1] == []
