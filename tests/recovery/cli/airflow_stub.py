"""An HTTP server that says what it is shown to: for what no Airflow answers at will, such as a deadlock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from tests.recovery.cli.well import dag, make_well

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

DROP = object()
"""In place of a status: the connection is closed without an answer."""


@dataclass
class Stub:
    """Answers per ``METHOD path``: one by one, the last one for ever; requests are kept.

    The body of an answer may be a function of what stands behind the path, by name.
    """

    answers: dict[str, list[tuple[Any, Any]]] = field(default_factory=dict)
    requests: list[tuple[str, Any]] = field(default_factory=list)
    date: str | None = None
    echo: Callable[[str, Any, dict[str, str]], tuple[int, Any]] | None = None
    """Answers, of what was sent, every request but the first ones: ``good`` of them are answered as ever."""
    good: int = 0

    def __post_init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def on(self, request: str, *answers: tuple[Any, Any]) -> None:
        """Set the answers to a request: pairs of status and body."""
        self.answers[request] = list(answers)

    def count(self, request: str) -> int:
        """Return how often something was asked."""
        return sum(asked == request for asked, _ in self.requests)

    def answer(self, request: str, body: Any, headers: dict[str, str]) -> tuple[Any, Any]:
        """Note a request and return its answer."""
        self.requests.append((request, body))
        if self.echo and len(self.requests) > self.good:
            return self.echo(request, body, headers)
        known = self.answers.get(request, [(404, {"detail": f"{request} is unknown"})])
        return known.pop(0) if len(known) > 1 else known[0]

    def _handler(stub) -> type[BaseHTTPRequestHandler]:  # noqa: N805 - `self` is the handler's
        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                path, _, query = self.path.partition("?")
                status, answer = stub.answer(f"{self.command} {path}", body, dict(self.headers))
                if callable(answer):
                    answer = answer(dict(parse_qsl(query)))
                if status is DROP:
                    return
                content = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PATCH = answer  # noqa: N815

            def date_time_string(self, timestamp: float | None = None) -> str:
                return stub.date or super().date_time_string(timestamp)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler


def take_everything(stub: Stub, run_id: str, token: str) -> None:
    """Let every command get as far as it can: an Airflow with alice signed in, and a gate of hers."""
    make_well(stub)
    stub.on("POST /auth/token", (201, {"access_token": token}))
    stub.on("GET /ui/auth/me", (200, {"id": "alice", "username": "alice"}))
    stub.on("GET /api/v2/pools/recovery", (200, {"name": "recovery", "slots": 1}))
    stub.on("PATCH /api/v2/pools/recovery", (200, {}))
    stub.on("GET /api/v2/dags/~/dagRuns", (200, {"dag_runs": []}))
    run = {"dag_run_id": run_id, "state": "running"}
    for dag_id in ("web_shop", "recovery_clean_up"):
        path, known = f"/api/v2/dags/{dag_id}", dag(dag_id)
        stub.on(f"GET {path}/details", (200, known))
        stub.on(f"PATCH {path}", (200, known))
        stub.on(f"POST {path}/dagRuns", (200, run | {"dag_id": dag_id}))
        stub.on(f"GET {path}/dagRuns/{run_id}", (200, run | {"dag_id": dag_id}))
        stub.on(f"PATCH {path}/dagRuns/{run_id}", (200, {}))
        stub.on(f"POST {path}/clearTaskInstances", (200, {}))
    task = f"/api/v2/dags/web_shop/dagRuns/{run_id}/taskInstances/appwave2.approve"
    waits = {"task_id": "appwave2.approve", "state": "awaiting_input"}
    asked = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    gate = {"subject": "Start?", "created_at": asked, "task_instance": waits}
    stub.on(f"GET {task}/-1/hitlDetails", (200, gate))
    stub.on(f"PATCH {task}/-1/hitlDetails", (200, {}))
