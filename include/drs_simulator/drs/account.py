"""What jobs ask of the account and Region that they work in."""

from __future__ import annotations

from typing import Any, Protocol


class Launched(Protocol):
    """An instance that a job launched."""

    @property
    def recovery_instance_id(self) -> str:
        """Return the id of the EC2 instance."""


class Account(Protocol):
    """The account and Region of a job: its backend, which makes jobs and knows all resources."""

    account_id: str
    region_name: str
    jobs_begun: int

    def arn(self, kind: str, resource_id: str) -> str:
        """Return the ARN of a resource."""

    def add_recovery_instance(
        self, job: Any, source_server_id: str, snapshot: Any, launched: float
    ) -> Launched:
        """Launch a server's recovery instance in EC2 at a second."""

    def replace_recovery_instance(self, recovery_instance_id: str, at: float) -> None:
        """Remove a recovery instance before the next one."""

    def remove_recovery_instance(self, recovery_instance_id: str, at: float) -> None:
        """Terminate a recovery instance in EC2 at a second, and know it no more; once."""
