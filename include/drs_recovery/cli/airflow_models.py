"""Airflow's answers, with the fields that the command line reads."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

HEALTHY = "healthy"
DELETED = "deleted"
"""Our own state, for a run that Airflow no longer has."""

ENDED = frozenset({"success", "failed", DELETED})
WAITING_STATES = frozenset({"awaiting_input", "deferred"})
"""States in which an answer resumes the task of a gate."""


class Answer(BaseModel):
    """Base of Airflow's answers."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Version(Answer):
    """Which Airflow it is."""

    version: str


class User(Answer):
    """The signed-in user; ``id`` is what stands in a plan's ``approvers``."""

    id: str
    username: str

    @field_validator("id", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> str:
        return str(value)  # FAB's ids are numbers


class Dag(Answer):
    """A DAG, as the scheduler has it; without ``bundle_version`` its bundle has no versions."""

    dag_id: str
    is_paused: bool
    is_stale: bool
    has_import_errors: bool = False
    bundle_name: str | None = None
    bundle_version: str | None = None
    tags: tuple[str, ...] = ()
    doc_md: str | None = None

    @field_validator("tags", mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        return tuple(tag["name"] for tag in value)


class DagRun(Answer):
    """A run of a DAG."""

    dag_id: str
    dag_run_id: str
    state: str
    queued_at: datetime | None = None
    start_date: datetime | None = None
    end_date: datetime | None = None

    @property
    def ended(self) -> bool:
        """Whether the run has ended."""
        return self.state in ENDED


class TaskInstance(Answer):
    """A task of a run; ``state`` is absent until the scheduler has examined it."""

    task_id: str
    state: str | None = None
    try_number: int = 0
    max_tries: int = 0
    pool: str | None = None
    queued_when: datetime | None = None


class Gate(Answer):
    """A human-in-the-loop detail: the question, who may answer it, and the answer."""

    subject: str
    created_at: datetime
    assigned_users: tuple[User, ...] = ()
    response_received: bool = False
    responded_by_user: User | None = None
    chosen_options: tuple[str, ...] | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    task_instance: TaskInstance

    @field_validator("assigned_users", mode="before")
    @classmethod
    def _users(cls, value: Any) -> Any:
        return tuple({"id": user["id"], "username": user["name"]} for user in value)

    @field_validator("responded_by_user", mode="before")
    @classmethod
    def _user(cls, value: Any) -> Any:
        return value and {"id": value["id"], "username": value["name"]}

    @property
    def waits(self) -> bool:
        """Whether an answer would resume the task."""
        return not self.response_received and self.task_instance.state in WAITING_STATES

    @property
    def answer(self) -> str:
        """The chosen option; empty without an answer."""
        return ", ".join(self.chosen_options or ())

    @property
    def answered_by(self) -> str:
        """Who answered, by user id; after a time-out Airflow names nobody."""
        return self.responded_by_user.id if self.responded_by_user else "somebody"

    @property
    def fewest_letters(self) -> int:
        """How many characters a reason needs."""
        schema = (self.params.get("reason") or {}).get("schema") or {}
        return int(schema.get("minLength", 0))


class Pool(Answer):
    """A pool of task slots."""

    name: str
    slots: int


class Health(Answer):
    """The status of each part of Airflow by its heartbeat; a part that was never started has none."""

    parts: dict[str, str | None]

    @property
    def unhealthy(self) -> tuple[str, ...]:
        """The parts that a run needs and that have no recent heartbeat."""
        return tuple(name for name, status in self.parts.items() if status != HEALTHY)
