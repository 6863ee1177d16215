"""Airflow's REST API as the command line needs it, typed.

Every request may be sent twice: what a first try already did is recognised. A run has an id made here, and a
gate shows who answered it and how.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pydantic import ValidationError

from drs_recovery.cli.airflow_models import Dag, DagRun, Gate, Health, Pool, TaskInstance, User, Version
from drs_recovery.cli.rest import Refusal, Rest
from drs_recovery.cli.secrets import hide, remember
from drs_recovery.cli.sign_in import claims
from drs_recovery.errors import AirflowRefused, AirflowUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from drs_recovery.cli.airflow_models import Answer
    from drs_recovery.cli.sign_in import Credentials

A = TypeVar("A", bound="Answer")

UNAUTHORIZED, NOT_FOUND, CONFLICT = 401, 404, 409
APPROVE, REJECT = "Approve", "Reject"


class AirflowClient:
    """Airflow as one signed-in user; the token is kept in memory only."""

    def __init__(
        self, url: str, credentials: Credentials, *, tries: int = 5, timeout: float = 10, delay: float = 0.2
    ) -> None:
        self.credentials = credentials
        self._rest = Rest(url, tries=tries, timeout=timeout, delay=delay)
        self.url = self._rest.url
        self._token = credentials.token

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._rest.close()

    def me(self) -> User:
        """Return the signed-in user, as the auth manager identifies them."""
        return _parse(User, self._send("GET", "/ui/auth/me"))

    def claims(self) -> dict[str, Any]:
        """Return the claims of the token, unverified: the API server verifies it."""
        return claims(self._signed_in())

    def now(self) -> datetime:
        """Return the API server's time, by its last answer: its clock, not ours, gives the age of a gate."""
        return datetime.now(UTC) + self._rest.ahead

    def version(self) -> str:
        """Return which Airflow it is; nobody need be signed in."""
        return _parse(Version, self._rest.send("GET", "/api/v2/version")).version

    def read(self, model: type[A], path: str, **params: Any) -> A:
        """Return what the API answers at a path, which is not changed by that."""
        return _parse(model, self._send("GET", f"/api/v2{path}", params=params))

    def find(self, model: type[A], path: str) -> A | None:
        """Return the same, or None if there is nothing."""
        answer = self._find(f"/api/v2{path}")
        return None if answer is None else _parse(model, answer)

    def health(self) -> Health:
        """Return the health of the parts that a run needs."""
        answer = self._rest.send("GET", "/api/v2/monitor/health")
        parts = ("metadatabase", "scheduler", "triggerer", "dag_processor")
        return Health(parts={part: (answer.get(part) or {}).get("status") for part in parts})

    def dag(self, dag_id: str) -> Dag | None:
        """Return a DAG, or None if Airflow has never seen it."""
        answer = self._find(f"{_dag(dag_id)}/details")
        return None if answer is None else _parse(Dag, answer)

    def check_may_edit(self, dag_id: str, *, is_paused: bool) -> None:
        """Raise AirflowRefused unless the user may edit the DAG: the request sets what is set already."""
        body = {"is_paused": is_paused}
        self._send("PATCH", _dag(dag_id), params={"update_mask": "is_paused"}, json=body)

    def trigger(self, dag_id: str, run_id: str, params: Mapping[str, Any]) -> DagRun:
        """Start a run under this id, or return the run that a lost first try has started already."""
        body = {"dag_run_id": run_id, "logical_date": None, "conf": dict(params)}
        try:
            return _parse(DagRun, self._send("POST", f"{_dag(dag_id)}/dagRuns", json=body))
        except Refusal as refusal:
            ours = self.run(dag_id, run_id) if refusal.status == CONFLICT else None
            if ours is None:
                raise
            return ours

    def run(self, dag_id: str, run_id: str) -> DagRun | None:
        """Return a run, or None if there is none with that id."""
        answer = self._find(_run(dag_id, run_id))
        return None if answer is None else _parse(DagRun, answer)

    def note(self, dag_id: str, run_id: str, text: str) -> None:
        """Set the note of a run, which needs the right to edit it."""
        self._send("PATCH", _run(dag_id, run_id), json={"note": text})

    def end_run(self, dag_id: str, run_id: str) -> None:
        """Mark a run failed: its teardown writes the execution's end."""
        self._send("PATCH", _run(dag_id, run_id), json={"state": "failed"})

    def clear_run(self, dag_id: str, run_id: str) -> None:
        """Run an ended run again, all of its tasks."""
        body = {"dry_run": False, "only_failed": False}
        self._send("POST", f"{_run(dag_id, run_id)}/clear", json=body)

    def clear_tasks(self, dag_id: str, run_id: str, task_ids: tuple[str, ...]) -> None:
        """Let tasks of a run, and all that follow them, run again; the run goes on if it has ended."""
        body = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "include_downstream": True,
            "only_failed": False,
            "reset_dag_runs": True,
        }
        self._send("POST", f"{_dag(dag_id)}/clearTaskInstances", json=body)

    def live_runs(self, limit: int) -> tuple[DagRun, ...]:
        """Return the runs of all DAGs that have not ended, newest first."""
        wanted = {"state": ["queued", "running"], "order_by": "-run_after", "limit": limit}
        answer = self._send("GET", f"{_dag('~')}/dagRuns", params=wanted)
        return tuple(_parse(DagRun, run) for run in answer["dag_runs"])

    def plans(self) -> tuple[str, ...]:
        """Return the ids of the DAGs that are recovery plans, 100 at most."""
        answer = self._send("GET", "/api/v2/dags", params={"tags": "recovery", "limit": 100})
        return tuple(dag["dag_id"] for dag in answer["dags"])

    def task(self, dag_id: str, run_id: str, task_id: str) -> TaskInstance | None:
        """Return a task of a run, or None if the run has no such task."""
        answer = self._find(f"{_run(dag_id, run_id)}/taskInstances/{_part(task_id)}")
        return None if answer is None else _parse(TaskInstance, answer)

    def last_error(self, dag_id: str, run_id: str, task: TaskInstance) -> str | None:
        """Return the last error in the log of a task's newest try, as the task raised it."""
        path = f"{_run(dag_id, run_id)}/taskInstances/{_part(task.task_id)}/logs/{task.try_number}"
        lines = (self._find(path) or {}).get("content", [])
        chains = [chain for line in lines if isinstance(line, dict) if (chain := line.get("error_detail"))]
        if not chains:
            return None
        raised, *_ = chains[-1]  # its causes follow
        return hide(f"{raised['exc_type']}: {raised['exc_value']}")

    def gate(self, dag_id: str, run_id: str, task_id: str) -> Gate | None:
        """Return the question of a gate, or None if it has not asked."""
        answer = self._find(_gate(dag_id, run_id, task_id))
        return None if answer is None else _parse(Gate, answer)

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, reason: str | None) -> None:
        """Answer a gate as the signed-in user, once."""
        body = {"chosen_options": [option], "params_input": {"reason": reason} if reason else {}}
        try:
            self._send("PATCH", _gate(dag_id, run_id, task_id), json=body)
        except Refusal as refusal:
            if refusal.status != CONFLICT or not self._is_ours(dag_id, run_id, task_id, option):
                raise

    def put_pool(self, name: str, slots: int, description: str) -> str:
        """Create a pool, or give it its slots; returns what was done: ``created``, ``changed``, ``kept``."""
        path = f"/api/v2/pools/{_part(name)}"
        answer = self._find(path)
        if answer is None:
            body = {"name": name, "slots": slots, "description": description}
            return self._create_pool(body)
        if _parse(Pool, answer).slots == slots:
            return "kept"
        self._send("PATCH", path, params={"update_mask": "slots"}, json={"slots": slots})
        return "changed"

    def _create_pool(self, body: dict[str, Any]) -> str:
        try:
            self._send("POST", "/api/v2/pools", json=body)
        except Refusal as refusal:
            if refusal.status != CONFLICT:
                raise
        return "created"

    def _is_ours(self, dag_id: str, run_id: str, task_id: str, option: str) -> bool:
        """Whether the answer of a gate is ours: the first request arrived, and its reply was lost."""
        gate = self.gate(dag_id, run_id, task_id)
        if gate is None or gate.responded_by_user is None:
            return False
        return gate.responded_by_user.id == self.me().id and gate.chosen_options == (option,)

    def _find(self, path: str) -> Any:
        try:
            return self._send("GET", path)
        except Refusal as refusal:
            if refusal.status == NOT_FOUND:
                return None
            raise

    def _send(self, method: str, path: str, **request: Any) -> Any:
        """Send a request as the user; an expired token is renewed once, where there is a password."""
        try:
            return self._rest.send(method, path, token=self._signed_in(), **request)
        except Refusal as refusal:
            if refusal.status != UNAUTHORIZED or self.credentials.token:
                raise
        self._token = None
        return self._rest.send(method, path, token=self._signed_in(), **request)

    def _signed_in(self) -> str:
        if self._token is None:
            user, password = self.credentials.user, self.credentials.password
            body = {"username": user, "password": password}
            try:
                self._token = self._rest.send("POST", "/auth/token", json=body)["access_token"]
                remember(self._token)
            except Refusal as refusal:
                raise AirflowRefused(f"{refusal} (signing in as {user!r} at {self.url})") from refusal
        return self._token


def gate_url(base: str, dag_id: str, run_id: str, task_id: str) -> str:
    """Return the page of Airflow's UI where a gate is answered."""
    return f"{base.rstrip('/')}{run_path(dag_id, run_id)}/tasks/{_part(task_id)}/required_actions"


def task_url(base: str, dag_id: str, run_id: str, task_id: str) -> str:
    """Return the page of Airflow's UI with the log of a task."""
    return f"{base.rstrip('/')}{run_path(dag_id, run_id)}/tasks/{_part(task_id)}"


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a run's page in Airflow's UI."""
    return f"/dags/{_part(dag_id)}/runs/{_part(run_id)}"


def _parse(model: type[A], answer: Any) -> A:
    """Return an answer as a model; raises AirflowUnreachable if it does not fit."""
    try:
        return model.model_validate(answer)
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"]))
        raise AirflowUnreachable(
            f"It answers, but not as Airflow 3.3 does: {model.__name__} {place}: {problem['msg']}. Is "
            "RECOVERY_AIRFLOW_URL right?"
        ) from error


def _part(text: str) -> str:
    return quote(text, safe="")


def _dag(dag_id: str) -> str:
    return f"/api/v2/dags/{_part(dag_id)}"


def _run(dag_id: str, run_id: str) -> str:
    return f"{_dag(dag_id)}/dagRuns/{_part(run_id)}"


def _gate(dag_id: str, run_id: str, task_id: str) -> str:
    return f"{_run(dag_id, run_id)}/taskInstances/{_part(task_id)}/-1/hitlDetails"
