from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from drs_recovery.aws.hooks.drs import DrsHook

if TYPE_CHECKING:
    from collections.abc import Iterator

DB_SERVERS = ["s-000000000000db001", "s-000000000000db002"]
APP_SERVERS = ["s-00000000000app001", "s-00000000000app002", "s-00000000000app003"]


@pytest.fixture(autouse=True)
def aws_connection(monkeypatch):
    """Give Airflow a connection without credentials of its own: they come from the environment."""
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://")


@pytest.fixture
def hook(local_aws):
    return DrsHook()


@dataclass
class TaskInstance:
    """What operators ask of a task instance here; a real one needs a supervisor."""

    xcoms: dict[str, Any] = field(default_factory=dict)

    def xcom_push(self, key, value):
        self.xcoms[key] = value


@pytest.fixture
def context():
    return {"ti": TaskInstance()}


@dataclass
class Answer:
    """What :class:`Endpoint` answers: a status and a body, or nothing at all."""

    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang: bool = False


def refusal(status, code, message="", **headers):
    return Answer(status, {"__type": code, "message": message}, {"x-amzn-ErrorType": code, **headers})


class Endpoint:
    """An HTTP endpoint with prepared answers, the last of which is repeated; it keeps what it was asked."""

    def __init__(self):
        self.answers: deque[Answer] = deque([Answer(body={"items": []})])
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.over = threading.Event()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                endpoint.requests.append((self.path, json.loads(body or b"{}")))
                endpoint.reply(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                """Say nothing: cancelled clients hang up."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def reply(self, handler):
        answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        if answer.hang:
            self.over.wait(30)
        if answer.drop or answer.hang:
            handler.close_connection = True
            return
        content = json.dumps(answer.body).encode()
        handler.send_response(answer.status)
        for name, value in {**answer.headers, "content-type": "application/json"}.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[Endpoint]:
    """Stand in for DRS where it must misbehave: the simulator's faults are those of servers."""
    endpoint = Endpoint()
    threading.Thread(target=endpoint.server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    yield endpoint
    endpoint.over.set()
    endpoint.server.shutdown()
    endpoint.server.server_close()


@pytest.fixture
def servers():
    """Return source servers of the simulator's fleet."""
    return SimpleNamespace(db=DB_SERVERS, app=APP_SERVERS)


@pytest.fixture
def answers():
    """Return what the endpoint's answers are made of."""
    return SimpleNamespace(Answer=Answer, refusal=refusal)
