"""Actions of plans, driven as Airflow drives them, against a real HTTP server and local AWS."""

from __future__ import annotations

import copy
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from drs_recovery.dag.builder import build_dag
from drs_recovery.store.tasks import read_tasks
from tests.recovery.tasks.conftest import DB, Drive, plan, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drs_recovery.record.task_record import TaskRecord

__all__ = ["table"]


class Pager:
    """An HTTP server that remembers what it was asked, and answers as a test says."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.statuses: list[int] = []
        pager = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
                pager.requests.append((self.path, self.headers["Content-Type"], body))
                self.send_response(pager.statuses.pop(0) if pager.statuses else 200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def bodies(self) -> list[Any]:
        """The JSON that it was sent."""
        return [json.loads(body) for _, _, body in self.requests]

    def close(self) -> None:
        """Stop listening."""
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture(scope="session")
def running_pager() -> Iterator[Pager]:
    """Start one for the whole session."""
    pager = Pager()
    yield pager
    pager.close()


@pytest.fixture
def pager(running_pager: Pager, table: Any, monkeypatch: pytest.MonkeyPatch) -> Pager:
    """An HTTP server that knows of nothing yet, behind the Airflow connection `pager`."""
    monkeypatch.setenv("AIRFLOW_CONN_PAGER", f"http://127.0.0.1:{running_pager.server.server_port}")
    running_pager.requests.clear()
    running_pager.statuses.clear()
    return running_pager


def page(name: str = "page", body: Any = None, **keys: Any) -> dict[str, Any]:
    """Return an action that sends a request."""
    return {
        "name": name,
        "http": {"connection": "pager", "path": "/x", "body": body or {"say": name}},
        **keys,
    }


class Act(Drive):
    """A DAG run of a plan with actions."""

    def __init__(self, *waves: dict[str, Any], kind: str = "DRILL", **fields: Any) -> None:
        conf = {"execution_type": kind} | (
            {"confirm": "shop", "reason": "test"} if kind == "RECOVERY" else {}
        )
        super().__init__(plan(*waves, **fields), **conf)
        self.execute("open_execution")

    @property
    def tasks(self) -> dict[str, TaskRecord]:
        """What is on record of tasks, by task id."""
        return {task.task_id: task for task in self.store.run(read_tasks(self.execution_id))}

    def state(self, task_id: str) -> str | None:
        """How an action stands on record."""
        known = self.tasks.get(task_id)
        return known.state.value if known else None

    def refused(self, task_id: str, match: str, **ti: Any) -> None:
        """Execute a task that the record does not permit, or that fails for good."""
        with pytest.raises(AirflowFailException, match=match):
            self.execute(task_id, **ti)

    def wave_with_actions(self, slug: str, *actions: str) -> None:
        """Execute the tasks of a wave without a gate, with these actions where they stand."""
        names = ["approve", *[name for name in actions if name.startswith("before")]]
        names += [
            "start_recovery",
            "wait_for_recovery",
            *[name for name in actions if name.startswith("after")],
        ]
        for name in names:
            self.execute(f"{slug}.{name}")

    def killed_in(self, task_id: str) -> None:
        """Let the process of a task end right after its work was done, before anybody wrote that down."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("drs_recovery.tasks.actions.obeys.end_action", _killed)
            with pytest.raises(SystemExit):
                self.execute(task_id)

    def edited(self, *waves: dict[str, Any]) -> Act:
        """Return this DAG run with the tasks of a plan that was edited since."""
        other = copy.copy(self)
        other.plan = plan(*waves)
        other.dag = build_dag(other.plan)
        return other

    def end(self, **states: str) -> str:
        """Complete the execution; return its status."""
        self.states = states
        try:
            self.execute("complete_execution")
        except AirflowFailException:
            assert not self.record.status.policies_met
        return str(self.record.status)


def _killed(*_: Any) -> None:
    raise SystemExit(137)


def wave(name: str = "Database", server: str = DB, **keys: Any) -> dict[str, Any]:
    """Return a wave of one server."""
    return {"name": name, "servers": [server], **keys}
