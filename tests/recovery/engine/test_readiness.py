"""The checks before a start, as functions of facts: no state and no mix of states goes unseen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, get_args

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from mypy_boto3_drs.literals import DataReplicationStateType

from drs_recovery.aws.utils.errors import said
from drs_recovery.engine.readiness import CHECKS, report
from drs_recovery.engine.readiness.facts import Facts, ServerFacts, Unknown, server_facts
from drs_recovery.engine.readiness.quotas import JOBS, SERVERS_IN_ALL_JOBS, SERVERS_IN_JOB
from drs_recovery.plan import Plan, Preflight, SourceServer

STATES = get_args(DataReplicationStateType)
MINUTE = timedelta(minutes=1)


def plan(waves: int = 1, *, depends_on: Any = None, **fields: Any) -> Plan:
    """Return a plan; its waves stand in a row, or wait for what is given."""
    content = {
        "id": "shop",
        "name": "Shop",
        "description": "For tests.",
        "owner": "tests",
        "region": "eu-west-1",
        "waves": [
            {"name": f"W{number}", "servers": [f"s-{number:017}"]}
            | ({} if depends_on is None else {"depends_on": depends_on[number]})
            for number in range(waves)
        ],
    }
    return Plan.model_validate(content | fields)


def server(number: int = 0, **recorded: Any) -> ServerFacts:
    """Return a healthy source server, but for what is given."""
    known = SourceServer(source_server_id=f"s-{number:017}", hostname=f"host-{number}")
    return ServerFacts(
        known, **({"state": "CONTINUOUS", "lag": timedelta(0), "direction": "FAILOVER"} | recorded)
    )


def found(facts: Facts, shop: Plan | None = None, *, drill: bool = True) -> dict[str, list[str]]:
    """Return the messages of each check, however strict the plan is."""
    result = report(shop or plan(), [facts], drill=drill)
    messages: dict[str, list[str]] = {}
    for problem in (*result.blocking, *result.warning):
        messages.setdefault(problem.check, []).append(problem.message)
    return messages


def denied(operation: str) -> ClientError:
    """Return the error of AWS for who may not."""
    return ClientError({"Error": {"Code": "AccessDeniedException", "Message": "not yours"}}, operation)


servers = st.builds(
    server,
    st.integers(0, 9),
    state=st.sampled_from([*STATES, "HIBERNATING", None]),
    lag=st.none() | st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds)),
    direction=st.sampled_from(["FAILOVER", "FAILBACK", None]),
    trouble=st.sampled_from([None, "NOT_CONVERGING: too slow"]),
)


def test_every_check_has_its_key_in_a_plan_and_every_key_its_check() -> None:
    """In one order: a check without a key could not be made stricter, a key alone would do nothing."""
    assert list(CHECKS) == list(Preflight.model_fields)


@given(st.lists(st.lists(servers, min_size=1, max_size=4), min_size=1, max_size=3))
def test_every_server_that_is_not_continuous_is_named_once(waves: list[list[ServerFacts]]) -> None:
    """By `servers` if nothing can be launched from it, else by `replication`; one that is, by neither."""
    facts = Facts(tuple(map(tuple, waves)))
    messages = found(facts, plan(len(waves)))
    recorded = [m for check in ("servers", "replication") for m in messages.get(check, [])]
    for one in facts.all_servers:
        naming = [message for message in recorded if str(one.server) in message and str(one.state) in message]
        assert bool(naming) is (one.state not in {"CONTINUOUS", None}), (one, recorded)
    ready = all(one.state == "CONTINUOUS" for one in facts.all_servers)
    assert bool(recorded) is not ready
    assert ("direction" in messages) is any(one.direction == "FAILBACK" for one in facts.all_servers)


@given(
    st.lists(servers, min_size=1, max_size=5, unique_by=lambda one: one.server.source_server_id),
    st.sampled_from(["block", "block_drills", "warn"]),
    st.booleans(),
)
def test_what_is_found_blocks_or_warns_as_the_plan_says(found_of, strictness, drill) -> None:
    """No problem is lost between the two, and the checks find the same however strict the plan is."""
    facts = Facts((tuple(found_of),))
    lenient = report(plan(preflight=dict.fromkeys(Preflight.model_fields, "warn")), [facts], drill=drill)
    strict = report(plan(preflight=dict.fromkeys(Preflight.model_fields, strictness)), [facts], drill=drill)
    assert lenient.blocking == ()
    assert (*strict.blocking, *strict.warning) == lenient.warning
    assert bool(strict.blocking) is (
        bool(lenient.warning) and (strictness == "block" or (drill and strictness == "block_drills"))
    )


@pytest.mark.parametrize(
    ("state", "lag", "check"),
    [
        ("STOPPED", None, "servers"),
        ("INITIATING", None, "servers"),
        ("INITIAL_SYNC", None, "servers"),
        ("CREATING_SNAPSHOT", None, "servers"),
        ("CREATING_SNAPSHOT", MINUTE, "replication"),
        ("STALLED", None, "servers"),
        ("STALLED", MINUTE, "replication"),
        ("DISCONNECTED", None, "servers"),
        ("DISCONNECTED", MINUTE, "replication"),
        ("PAUSED", MINUTE, "replication"),
        ("BACKLOG", None, "replication"),
        ("RESCAN", MINUTE, "replication"),
        ("HIBERNATING", None, "replication"),
        (None, None, "replication"),
    ],
)
def test_a_server_without_data_differs_from_one_with_old_data(state, lag, check) -> None:
    """In an outage everything is DISCONNECTED and lags, and can be launched all the same."""
    messages = found(Facts(((server(state=state, lag=lag),),)))
    assert list(messages) == [check]
    assert "host-0" in messages[check][0]


def test_an_outage_blocks_no_recovery_and_no_drill() -> None:
    """By default: a source that is down is what recoveries are for."""
    down = [server(number, state="DISCONNECTED", lag=timedelta(hours=3)) for number in range(3)]
    facts = Facts((tuple(down),))
    for drill in (True, False):
        result = report(plan(rpo="15m"), [facts], drill=drill)
        assert result.blocking == ()
        assert [problem.check for problem in result.warning] == ["replication", "lag"]


def test_the_trouble_that_drs_names_is_shown() -> None:
    """What is wrong with the replication of a server, beside its name."""
    trouble = "NOT_CONVERGING: the network is slow"
    messages = found(Facts(((server(state="STALLED", lag=MINUTE, trouble=trouble),),)))
    assert messages == {"replication": [f"replication is STALLED: s-{0:017} (host-0): {trouble}"]}


def test_a_lag_that_drs_does_not_give_is_not_zero() -> None:
    """The warning is that nobody knows; a plan without an RPO has nothing to compare with."""
    facts = Facts(((server(0, lag=20 * MINUTE), server(1, lag=None), server(2, lag=15 * MINUTE)),))
    late, unknown = found(facts, plan(rpo="15m"))["lag"]
    assert late == f"above the RPO of 15m: s-{0:017} (host-0): lags 20m"
    assert unknown.startswith("DRS gives no lag, nobody knows whether the RPO of 15m is met")
    assert "host-1" in unknown
    assert found(facts) == {}
    lag = report(plan(), [facts], drill=True).lag
    assert (lag.seconds, lag.unknown) == (1200, 1)


@pytest.mark.parametrize(
    ("written", "lag"),
    [
        ("PT12.5S", timedelta(seconds=12.5)),
        ("P1DT2H3M", timedelta(days=1, hours=2, minutes=3)),
        ("PT0S", timedelta(0)),
        ("soon", None),
        (None, None),
    ],
)
def test_lags_are_read_as_drs_writes_them(written, lag) -> None:
    """ISO 8601 durations; what cannot be read is not known."""
    info = {} if written is None else {"lagDuration": written}
    item = {"sourceServerID": "s-1", "dataReplicationInfo": info}
    assert server_facts(SourceServer(source_server_id="s-1"), item).lag == lag  # type: ignore[arg-type]


def test_what_drs_leaves_out_is_absent() -> None:
    """Every member of a source server is optional in the service model."""
    facts = server_facts(SourceServer(source_server_id="s-1"), {})
    assert (facts.state, facts.lag, facts.direction, facts.trouble) == (None, None, None, None)


def test_r14_the_instances_that_a_launch_replaces_are_named() -> None:
    """Those of drills, real ones, and those that do not say; not those that are gone."""
    of = f"s-{0:017}"
    instances = [
        {"recoveryInstanceID": "i-1", "sourceServerID": of, "isDrill": True, "ec2InstanceState": "RUNNING"},
        {"recoveryInstanceID": "i-2", "sourceServerID": of, "isDrill": False, "ec2InstanceState": "STOPPED"},
        {"recoveryInstanceID": "i-3", "sourceServerID": of},
        {
            "recoveryInstanceID": "i-4",
            "sourceServerID": of,
            "isDrill": True,
            "ec2InstanceState": "TERMINATED",
        },
    ]
    drills, real = found(Facts(((server(),),), instances=tuple(instances)))["recovery_instances"]  # type: ignore[arg-type]
    assert drills == f"a launch replaces these of drills: i-1 of {of} (host-0)"
    assert "real" in real
    assert "i-2" in real
    assert "i-3" in real


def job(number: int, *ids: int, **recorded: Any) -> Any:
    """Return a running job of servers."""
    taking = [{"sourceServerID": f"s-{id_:017}"} for id_ in ids]
    return {"jobID": f"drsjob-{number}", "status": "STARTED", "participatingServers": taking} | recorded


def test_r02_a_job_that_holds_a_server_is_named() -> None:
    """With what it does and whose it is; jobs of other servers are left out."""
    tags = {"recovery:execution": "e-9"}
    jobs = (job(1, 0, initiatedBy="TERMINATE_RECOVERY_INSTANCES", tags=tags), job(2, 7))
    (recorded,) = found(Facts(((server(),),), jobs=jobs))["active_jobs"]
    assert recorded == (
        f"drsjob-1 (TERMINATE_RECOVERY_INSTANCES, execution e-9) runs, and holds s-{0:017} (host-0)"
    )


def fleet(*counts: int) -> tuple[tuple[ServerFacts, ...], ...]:
    """Return waves of so many servers."""
    numbers = iter(range(sum(counts)))
    return tuple(tuple(server(next(numbers)) for _ in range(count)) for count in counts)


@pytest.mark.parametrize(
    ("depends_on", "recorded"),
    [
        (None, None),
        ([[], [], []], "'W0', 'W1', 'W2' may run together and need 600"),
        ([[], ["W0"], ["W0"]], None),
        ([[], [], ["W0"]], None),
    ],
    ids=["in a row", "at once", "two after one", "one beside a row"],
)
def test_a2_only_waves_that_may_run_together_are_added(depends_on, recorded) -> None:
    """600 servers in three waves are too many at once, and fine one wave after the other."""
    messages = found(Facts(fleet(200, 200, 200)), plan(3, depends_on=depends_on)).get("quotas", [])
    assert messages == (
        [f"the quota of source servers in all jobs (L-05AFA8C6, as AWS publishes it) is 500; {recorded}"]
        if recorded
        else []
    )


def test_a2_what_runs_already_is_counted_with_it() -> None:
    """Jobs of anybody, and the servers in them; batches of 100 are a job each."""
    quotas = {JOBS.code: 5.0, SERVERS_IN_ALL_JOBS.code: 260.0, SERVERS_IN_JOB.code: 100.0}
    facts = Facts(fleet(250), quotas=quotas, jobs=(job(1, 901, 902, 903), job(2, *range(910, 918))))
    assert found(facts)["quotas"] == [
        "the quota of source servers in all jobs (L-05AFA8C6) is 260; 'W0' needs 250, beside 11 now"
    ]
    facts = Facts(fleet(250), quotas=quotas | {JOBS.code: 4.0}, jobs=facts.jobs)
    assert found(facts)["quotas"][0] == (
        "the quota of concurrent jobs in progress (L-D88FAC3A) is 4; 'W0' needs 3, beside 2 now"
    )


def test_a_job_that_is_larger_than_one_may_be_is_named() -> None:
    """Waves are cut into jobs of 100; an account may have less."""
    facts = Facts(fleet(120, 30), quotas={SERVERS_IN_JOB.code: 50.0})
    assert found(facts, plan(2))["quotas"] == [
        "the quota of source servers in one job (L-B827C881) is 50; jobs of waves have 'W0' 100"
    ]


@pytest.mark.parametrize("drill", [True, False])
def test_a3_what_cannot_be_asked_does_not_pass(drill) -> None:
    """A problem of its own, in AWS's words, for each check that needed it; no real recovery is kept out."""
    facts = Facts(
        fleet(1),
        jobs=Unknown("what runs in DRS", denied("DescribeJobs")),
        instances=Unknown("recovery instances", denied("DescribeRecoveryInstances")),
        quotas=Unknown("the quotas of DRS", denied("ListServiceQuotas")),
    )
    result = report(plan(), [facts], drill=drill)
    problems = (*result.blocking, *result.warning)
    assert {problem.check for problem in problems} == {"active_jobs", "recovery_instances", "quotas"}
    assert all(problem.error is not None and "not yours" in problem.message for problem in problems)
    assert {problem.check for problem in result.blocking} == ({"quotas"} if drill else set())
    asked = [problem.message for problem in problems if "ListServiceQuotas" in problem.message]
    published = (
        "taken are the values that AWS publishes: 20 concurrent jobs in progress, 100 source servers in "
        "one job, 500 source servers in all jobs"
    )
    assert asked == [
        f"the quotas of DRS cannot be asked for: {said(denied('ListServiceQuotas'))}; {published}"
    ]


def test_a3_the_published_values_hold_where_quotas_cannot_be_asked() -> None:
    """What is too much by them is found as well."""
    facts = Facts(fleet(501), quotas=Unknown("the quotas of DRS", denied("ListServiceQuotas")))
    assert any("needs 501" in message for message in found(facts)["quotas"])
