"""What DRS asks of Systems Manager: the type of a document, how a run of it ends, and to show the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

COMMAND, AUTOMATION = "SSM_COMMAND", "SSM_AUTOMATION"


@dataclass(frozen=True)
class Outcome:
    """How a run ends, as a status of Systems Manager; why, if it fails; after how many seconds."""

    status: str = "Success"
    message: str | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class DocumentRun:
    """A run of a document on an instance, from second ``begin`` until ``end``."""

    run_id: str
    type: str
    document: str
    version: str
    parameters: dict[str, str]
    instance_id: str
    begin: float
    end: float
    outcome: Outcome


class Documents(Protocol):
    """The documents of Systems Manager, and their runs."""

    def type_of(self, account_id: str, region_name: str, document: str) -> str | None:
        """Return the type of launch action that runs a document, if there is such a document."""

    def outcome(self, document: str) -> Outcome:
        """Return how the next run of a document ends."""

    def show(self, account_id: str, region_name: str, run: DocumentRun) -> None:
        """Let Systems Manager tell of a run."""


class NoSystemsManager:
    """There is every document, all runs succeed, and nobody tells of them."""

    def type_of(self, account_id: str, region_name: str, document: str) -> str | None:
        return COMMAND

    def outcome(self, document: str) -> Outcome:
        return Outcome()

    def show(self, account_id: str, region_name: str, run: DocumentRun) -> None:
        """Do nothing."""
