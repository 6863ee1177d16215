"""Launch actions: what DRS runs on a recovery instance after its launch."""

from __future__ import annotations

from dataclasses import dataclass, field

from .settings import Settings


@dataclass(frozen=True)
class LaunchAction(Settings):
    """An SSM document that is run in its place of the order, on servers with ``postLaunchEnabled``."""

    action_id: str
    action_code: str
    order: int
    optional: bool
    active: bool
    name: str
    action_version: str
    category: str
    description: str
    parameters: dict[str, dict[str, str]] = field(default_factory=dict)
    type: str = "SSM_COMMAND"

    @property
    def position(self) -> str:
        """Place in the order of running."""
        return f"{self.order:05}/{self.action_id}"
