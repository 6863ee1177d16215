from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, WaiterError

from drs_recovery.aws.hooks.drs import DrsHook
from drs_simulator.service_quotas import responses


def asked(local_aws, operation):
    return [request["parameters"] for request in local_aws.control.requests(operation=operation)]


@pytest.fixture(params=["500", "503", "429", "dropped"])
def trouble(request, endpoint, answers):
    """Let every answer be trouble that botocore would repeat a request for."""
    endpoint.answers[0] = {
        "500": answers.refusal(500, "InternalServerException", "Sorry"),
        "503": answers.Answer(503),
        "429": answers.refusal(429, "ThrottlingException", "Rate exceeded"),
        "dropped": answers.Answer(drop=True),
    }[request.param]


@pytest.mark.usefixtures("trouble")
@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_r15a_start_recovery_is_sent_once_whatever_comes_back(endpoint, monkeypatch, mode):
    """StartRecovery has no client token: a repeated request could start a second job."""
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    with pytest.raises((ClientError, BotoCoreError)):
        DrsHook().start_recovery(["s-000000000000db001"], is_drill=True)
    assert [path for path, _ in endpoint.requests] == ["/StartRecovery"]


@pytest.mark.parametrize(
    "extra", ['{"config_kwargs": {"retries": {"mode": "standard", "max_attempts": 9}}}', "{}"]
)
def test_r15a_no_connection_makes_start_recovery_repeat(endpoint, answers, monkeypatch, extra):
    """The configuration of the connection does not bring the retries back."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": ' + extra + "}")
    endpoint.answers[0] = answers.refusal(500, "InternalServerException", "Sorry")
    with pytest.raises(ClientError, match="Sorry"):
        DrsHook().start_recovery(["s-000000000000db001"], is_drill=True)
    assert len(endpoint.requests) == 1


def test_other_calls_are_repeated_as_configured(endpoint, answers, monkeypatch):
    """Only StartRecovery goes without botocore's retries."""
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "2")
    endpoint.answers.appendleft(answers.refusal(500, "InternalServerException", "Sorry"))
    assert DrsHook().list_jobs() == []
    assert len(endpoint.requests) == 2


def test_r01_one_job_for_all_servers_with_its_tags(hook, local_aws, servers):
    """A wave is one StartRecovery, not one per server; R-05: tagged, to be found again."""
    job = hook.start_recovery(servers.app, is_drill=True, tags={"wave": "1"})
    assert {s["sourceServerID"] for s in job["participatingServers"]} == set(servers.app)
    (parameters,) = asked(local_aws, "StartRecovery")
    assert parameters["isDrill"] is True
    assert hook.list_jobs([job["jobID"]])[0]["tags"] == {"wave": "1"}


def test_a_recovery_is_no_drill(hook, servers):
    assert hook.start_recovery(servers.db, is_drill=False)["initiatedBy"] == "START_RECOVERY"


@pytest.mark.parametrize("count", [0, 201])
def test_a_job_of_no_or_too_many_servers_is_not_sent(hook, local_aws, count):
    """The model's limits are checked here: botocore checks no maximum."""
    with pytest.raises(ValueError, match=f"1 to 200, not {count}"):
        hook.start_recovery(["s-000000000000db001"] * count, is_drill=True)
    assert asked(local_aws, "StartRecovery") == []


def test_source_servers_all_and_by_id(hook, servers):
    every = {server["sourceServerID"] for server in hook.list_source_servers()}
    assert every > set(servers.db) | set(servers.app)
    assert {server["sourceServerID"] for server in hook.list_source_servers(servers.db)} == set(servers.db)


@pytest.mark.parametrize(
    "ask",
    [
        lambda hook: hook.list_source_servers([]),
        lambda hook: hook.list_jobs([]),
        lambda hook: hook.list_recovery_instances([]),
        lambda hook: hook.list_recovery_instances(recovery_instance_ids=[]),
    ],
    ids=["source servers", "jobs", "recovery instances by server", "recovery instances by id"],
)
def test_no_ids_is_nothing_not_everything(hook, local_aws, servers, ask):
    """An empty filter means everything to DRS: asking for no ids must not."""
    hook.start_recovery(servers.db, is_drill=True)
    local_aws.control.clear_requests()
    assert ask(hook) == []
    assert local_aws.control.requests(service="drs") == []


def test_t2_more_than_200_ids_go_in_batches(hook, local_aws, servers):
    """Filters take 200 ids of servers, 1000 of jobs; repeated ids are asked for once."""
    many = [f"s-{number:017}" for number in range(399)] + servers.db
    found = hook.list_source_servers([*many, *servers.db])
    assert {server["sourceServerID"] for server in found} == set(servers.db)
    batches = [p["filters"]["sourceServerIDs"] for p in asked(local_aws, "DescribeSourceServers")]
    assert [len(batch) for batch in batches] == [200, 200, 1]
    hook.list_jobs([f"drsjob-{number:017}" for number in range(1001)])
    batches = [p["filters"]["jobIDs"] for p in asked(local_aws, "DescribeJobs")]
    assert [len(batch) for batch in batches] == [1000, 1]


@pytest.mark.parametrize(
    ("ask", "path"),
    [
        (lambda hook: hook.list_source_servers(), "/DescribeSourceServers"),
        (lambda hook: hook.list_jobs(), "/DescribeJobs"),
        (lambda hook: hook.list_job_log("drsjob-00000000000000001"), "/DescribeJobLogItems"),
        (lambda hook: hook.list_recovery_instances(), "/DescribeRecoveryInstances"),
    ],
    ids=["source servers", "jobs", "job log", "recovery instances"],
)
def test_p4_every_page_is_read(endpoint, answers, ask, path):
    """Nothing beyond the first page is dropped."""
    endpoint.answers.clear()
    endpoint.answers.append(answers.Answer(body={"items": [{"n": 1}], "nextToken": "more"}))
    endpoint.answers.append(answers.Answer(body={"items": [{"n": 2}]}))
    assert len(ask(DrsHook())) == 2
    assert [p for p, _ in endpoint.requests] == [path, path]
    assert endpoint.requests[1][1]["nextToken"] == "more"


async def test_p4_every_page_is_read_asynchronously(endpoint, answers):
    endpoint.answers.clear()
    endpoint.answers.append(answers.Answer(body={"items": [{"jobID": "drsjob-1"}], "nextToken": "more"}))
    endpoint.answers.append(answers.Answer(body={"items": [{"jobID": "drsjob-2"}]}))
    jobs = await DrsHook().get_jobs(["drsjob-00000000000000001"])
    assert [job["jobID"] for job in jobs] == ["drsjob-1", "drsjob-2"]


def test_jobs_since_a_time(hook, local_aws, servers):
    """Adopting one's own job asks for the jobs since the intent."""
    job = hook.start_recovery(servers.db, is_drill=True)
    now = datetime.now(UTC)
    assert [j["jobID"] for j in hook.list_jobs(since=now - timedelta(minutes=1))] == [job["jobID"]]
    assert hook.list_jobs(since=now + timedelta(minutes=1)) == []
    assert hook.list_jobs([job["jobID"]], since=now + timedelta(minutes=1)) == []


def test_recovery_instances_of_servers(hook, servers):
    job = hook.start_recovery(servers.db, is_drill=True)
    (one, other) = hook.list_recovery_instances(servers.db)
    assert {one["jobID"], other["jobID"]} == {job["jobID"]}
    by_id = hook.list_recovery_instances(recovery_instance_ids=[one["recoveryInstanceID"]])
    assert by_id == [one]
    assert hook.list_recovery_instances(servers.app) == []


def test_two_kinds_of_ids_exclude_each_other(hook):
    with pytest.raises(ValueError, match="exclude each other"):
        hook.list_recovery_instances(["s-000000000000db001"], recovery_instance_ids=["i-00000001"])


async def test_asynchronous_variants_say_the_same(hook, local_aws, servers):
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    assert await hook.get_jobs([job_id]) == hook.list_jobs([job_id])
    assert await hook.get_job_log(job_id) == hook.list_job_log(job_id)
    assert await hook.get_account_id() == hook.account_id
    async with await hook.get_polling_conn() as client:
        assert await hook.get_jobs([job_id], client=client) == hook.list_jobs([job_id])


def test_r07_a_failed_job_is_reported_with_the_raw_error(hook, local_aws, servers):
    local_aws.control.fail_server(servers.db[0], raw_error="UnauthorizedOperation: not yours")
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    (sentence,) = hook.find_failures(hook.list_jobs([job_id]))
    assert sentence.startswith(f"{job_id}: 1 of 2 servers did not launch: {servers.db[0]} FAILED")
    assert "UnauthorizedOperation: not yours" in sentence


def test_a_log_that_cannot_be_read_does_not_hide_the_verdict(endpoint, answers):
    endpoint.answers[0] = answers.refusal(403, "AccessDeniedException", "not allowed")
    server = {"sourceServerID": "s-000000000000db001", "launchStatus": "FAILED"}
    job = {"jobID": "drsjob-00000000000000001", "status": "COMPLETED", "participatingServers": [server]}
    assert len(DrsHook().find_failures([job])) == 1


def test_the_waiter_waits_for_completion_and_is_never_satisfied_by_nothing(hook, local_aws, servers):
    """R-30: a job that DRS does not know never counts as completed."""
    assert hook.list_waiters() == ["job_completed"]
    job_id = hook.start_recovery(servers.db, is_drill=True)["jobID"]
    waiter, once = hook.get_waiter("job_completed"), {"Delay": 0, "MaxAttempts": 1}
    waiter.wait(filters={"jobIDs": [job_id]}, WaiterConfig=once)
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        waiter.wait(filters={"jobIDs": ["drsjob-00000000000000000"]}, WaiterConfig=once)
    local_aws.control.set_speed("real")
    running = hook.start_recovery(servers.app, is_drill=True)["jobID"]
    with pytest.raises(WaiterError, match="Max attempts exceeded"):
        waiter.wait(filters={"jobIDs": [job_id, running]}, WaiterConfig=once)


def test_p4_quotas_are_read_by_code_from_every_page(local_aws, monkeypatch):
    """In the hook's Region; the answer of Service Quotas comes in pages."""
    monkeypatch.setattr(responses, "PAGE", 2)
    local_aws.control.set_quotas(concurrentJobs=7)
    values = DrsHook(region_name="us-west-2").get_quotas()
    assert values["L-D88FAC3A"] == 7
    assert len(values) == 5
    calls = local_aws.control.requests(operation="ListServiceQuotas")
    assert [call["region"] for call in calls] == ["us-west-2"] * 3


def test_a_hook_with_another_configuration_keeps_what_the_connection_says(local_aws, monkeypatch):
    """Proxies and the like are the connection's; Region, account and session stay."""
    extra = '{"config_kwargs": {"proxies": {"https": "http://proxy"}, "read_timeout": 99}}'
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws", "extra": ' + extra + "}")
    hook = DrsHook(region_name="us-west-2")
    soon = hook.with_config(Config(read_timeout=5))
    assert (soon.config.read_timeout, soon.config.proxies) == (5, {"https": "http://proxy"})
    assert soon.region_name == "us-west-2"
    assert soon.get_session("us-west-2") is hook.get_session("us-west-2")
