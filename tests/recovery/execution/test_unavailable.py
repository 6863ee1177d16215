"""What DynamoDB refuses, or cannot say, is shown in its own words, with place and remedy."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from botocore.config import Config

from drs_recovery.errors import RecordUnavailable
from drs_recovery.record.enums import ExecutionStatus, WaveStatus
from drs_recovery.store.programs import complete_execution, open_execution, wait_for_recovery
from drs_recovery.store.queries import list_executions, open_executions, read_execution
from drs_recovery.store.store import ExecutionStore
from drs_recovery.store.table import create_table

ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=2, read_timeout=2)
CREDENTIALS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing", "region_name": "eu-west-1"}


class Refusing(BaseHTTPRequestHandler):
    """Answers every request with the error that the server is set to."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        status, code, message = self.server.error
        body = json.dumps({"__type": f"com.amazonaws#{code}", "message": message}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def refusing():
    """Serve an endpoint that refuses everything as its ``error`` says."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def client_of(url):
    return boto3.client("dynamodb", endpoint_url=url, config=ONCE, **CREDENTIALS)


def test_an_endpoint_that_does_not_answer_is_named(make):
    """Nobody listens there: the message names table, endpoint and Region."""
    store = ExecutionStore(client_of("http://127.0.0.1:9"), "executions")
    with pytest.raises(RecordUnavailable) as error:
        store.run(open_execution.open_execution(make.execution()))
    assert "put_item on table 'executions' at http://127.0.0.1:9 (eu-west-1)" in str(error.value)
    assert "Could not connect" in str(error.value)
    with pytest.raises(RecordUnavailable, match=r"init on table 'executions' at http://127\.0\.0\.1:9"):
        create_table(client_of("http://127.0.0.1:9"), "executions")


def test_no_error_holds_who_signs_in_at_an_endpoint(make):
    """Botocore quotes the whole address; what is shown of it goes into notes and logs."""
    client = client_of("http://me:pass'word@127.0.0.1:9")
    for broken in (
        lambda: ExecutionStore(client, "t").run(open_execution.open_execution(make.execution())),
        lambda: create_table(client, "t"),
    ):
        with pytest.raises(RecordUnavailable, match=r"Could not connect .*127\.0\.0\.1:9") as error:
            broken()
        assert "pass" not in str(error.value)


@pytest.mark.parametrize(
    ("status", "code", "message"),
    [
        (400, "ThrottlingException", "Rate of requests exceeds the allowed throughput."),
        (400, "ProvisionedThroughputExceededException", "The level of configured throughput was exceeded."),
        (400, "AccessDeniedException", "User: arn:aws:sts::1:assumed-role/x is not authorized"),
        (400, "UnrecognizedClientException", "The security token included in the request is invalid."),
        (500, "InternalServerError", "Internal server error"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_what_aws_refuses_is_written_in_its_text(refusing, make, status, code, message):
    """Throttled, not allowed, broken: the error is one, the words are AWS's (invariant 11)."""
    refusing.error = (status, code, message)
    store = ExecutionStore(client_of(f"http://127.0.0.1:{refusing.server_port}"), "executions")
    for step in (
        lambda: store.run(open_execution.open_execution(make.execution())),
        lambda: store.run(read_execution("ex-1")),
        lambda: store.run(list_executions()),
    ):
        with pytest.raises(RecordUnavailable) as error:
            step()
        assert code in str(error.value)
        assert message in str(error.value)


def test_a_missing_table_says_how_to_make_it(dynamodb, make):
    """The first thing that goes wrong in a new installation has its remedy in the message."""
    store = ExecutionStore(dynamodb, "nowhere")
    for step in (
        lambda: store.run(open_execution.open_execution(make.execution())),
        lambda: store.run(read_execution("ex-1")),
        lambda: store.run(open_executions()),
    ):
        with pytest.raises(RecordUnavailable, match=r"no table 'nowhere' .* `recovery init`"):
            step()


def test_credentials_that_are_missing_are_stated_to_be(monkeypatch, make):
    """Without credentials boto3 sends nothing."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    session = boto3.session.Session(region_name="eu-west-1")
    store = ExecutionStore(session.client("dynamodb", endpoint_url="http://127.0.0.1:9"), "executions")
    with pytest.raises(RecordUnavailable, match="Unable to locate credentials"):
        store.run(open_execution.open_execution(make.execution()))


def test_an_outage_in_the_middle_leaves_what_the_next_try_understands(world, fragile):
    """DynamoDB goes away after one request, after two, after three: the last try ends what they began."""
    world.frozen(waves=1).launching(0)
    servers = world.launched(0)
    client, wire = fragile
    world.through(client)
    for answered in range(20):
        wire.cut_after(answered)
        try:
            world.store.run(wait_for_recovery.write_end(world.id, 0, 1, servers, WaveStatus.COMPLETED))
            world.store.run(complete_execution.write_end(world.id, ExecutionStatus.COMPLETED, "done"))
        except RecordUnavailable:
            continue
        break
    assert answered > 4
    wire.mend()
    record = world.store.run(read_execution(world.id))
    assert (record.status, record.wave(0).status) == (ExecutionStatus.COMPLETED, WaveStatus.COMPLETED)
