"""How far replication lags is in CloudWatch: LagDuration and Backlog of ``AWS/DRS``, by SourceServerID."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from drs_simulator.clock import clock
from tests.simulator.drs.replicating import HOUR, NEW

DB1 = "s-000000000000db001"
MIB = 1024**2


@pytest.fixture
def cloudwatch(aws):
    """Give a client of CloudWatch."""
    return aws.client("cloudwatch")


@pytest.fixture
def statistics(cloudwatch):
    """Give a function that asks for the values of a metric around now, the earliest first."""

    def asked(metric, server_id=NEW, hours=1.0, statistic="Maximum", period=60):
        now = clock.date(clock.now())
        points = cloudwatch.get_metric_statistics(
            Namespace="AWS/DRS",
            MetricName=metric,
            Dimensions=[{"Name": "SourceServerID", "Value": server_id}],
            StartTime=now - timedelta(hours=hours),
            EndTime=now + timedelta(minutes=1),
            Period=period,
            Statistics=[statistic],
        )["Datapoints"]
        return [point[statistic] for point in sorted(points, key=lambda point: point["Timestamp"])]

    return asked


def test_a_healthy_server_has_a_value_each_minute(add, statistics):
    """There is no lag, and no backlog; the hour before has a value for each minute."""
    add()
    for metric in ("LagDuration", "Backlog"):
        values = statistics(metric)
        assert set(values) == {0}
        assert len(values) in {60, 61}
    assert statistics("LagDuration", hours=2, period=3600, statistic="SampleCount")[0] == 60


def test_a_stall_shows_as_it_does_in_drs(local_aws, add, seen, statistics, wait):
    """The lag grows with the time that passes, and the backlog with it, up to what DRS tells."""
    add()
    fault = local_aws.control.stall_server(NEW)
    wait(2 * HOUR)
    (disk,) = seen()["replicatedDisks"]
    assert statistics("LagDuration")[-1] == pytest.approx(2 * HOUR, abs=60)
    assert statistics("Backlog")[-1] == pytest.approx(disk["backloggedStorageBytes"], abs=61 * MIB)
    assert disk["backloggedStorageBytes"] == pytest.approx(2 * HOUR * MIB, rel=0.01)
    local_aws.control.remove_fault(fault)
    wait(2 * HOUR)
    assert statistics("LagDuration", statistic="Minimum")[-1] == 0


def test_a_lag_is_remembered_when_it_is_over(local_aws, add, statistics, let_pass):
    """What was published stays: the past does not change with the fault."""
    add()
    fault = local_aws.control.lag_server(NEW, 900)
    let_pass(HOUR)
    local_aws.control.remove_fault(fault)
    let_pass(HOUR)
    assert statistics("LagDuration")[-1] == pytest.approx(900, abs=0.01)
    assert statistics("LagDuration", statistic="Minimum")[-1] == 0
    assert set(statistics("LagDuration")[:-2]) == {0}


def test_what_does_not_replicate_has_no_values(add, statistics, let_pass):
    """A server whose initiation is under way has neither lag nor backlog."""
    add("INITIATING")
    let_pass(200)
    assert statistics("LagDuration") == statistics("Backlog") == []


def test_what_is_synchronised_first_is_backlog(add, seen, statistics, let_pass):
    """User guide: the amount of data yet to be synced; there is no lag before there is a copy."""
    add("INITIAL_SYNC")
    let_pass(120)
    (disk,) = seen()["replicatedDisks"]
    left = disk["totalStorageBytes"] - disk["replicatedStorageBytes"]
    assert statistics("Backlog", statistic="Minimum")[-1] == pytest.approx(left, rel=0.3)
    assert statistics("LagDuration") == []


def test_metric_data_are_of_the_servers_that_are_asked_for(add, cloudwatch):
    """GetMetricData answers several queries at once; the other metrics of an account are there as before."""
    add(replication={"state": "STALLED", "lag_seconds": 7200})
    cloudwatch.put_metric_data(Namespace="Own", MetricData=[{"MetricName": "Own", "Value": 7}])
    now = datetime.now(UTC)
    lag = {"Namespace": "AWS/DRS", "MetricName": "LagDuration"}
    wanted = {
        "lost": lag | {"Dimensions": [{"Name": "SourceServerID", "Value": NEW}]},
        "well": lag | {"Dimensions": [{"Name": "SourceServerID", "Value": DB1}]},
        "own": {"Namespace": "Own", "MetricName": "Own"},
    }
    results = cloudwatch.get_metric_data(
        MetricDataQueries=[
            {"Id": name, "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Maximum"}}
            for name, metric in wanted.items()
        ],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
    )["MetricDataResults"]
    values = {result["Id"]: max(result["Values"]) for result in results}
    assert values == {"lost": pytest.approx(7200, abs=60), "well": 0, "own": 7}


def test_the_metrics_are_listed_with_their_dimension(cloudwatch):
    """ListMetrics finds the servers of the Region."""
    listed = cloudwatch.list_metrics(Namespace="AWS/DRS", MetricName="Backlog")["Metrics"]
    assert {"Name": "SourceServerID", "Value": DB1} in [d for metric in listed for d in metric["Dimensions"]]
    assert len(listed) == 16
