"""What a replication agent tells of a source server when it is added."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ReplicationDescription:
    """How far a server's replication is when it is added."""

    state: str = "CONTINUOUS"
    lag_seconds: float = 0


@dataclass(frozen=True)
class ServerDescription:
    """One source server; ``origin_region`` where it is an EC2 instance, whose tags are ``origin_tags``.

    Without ``origin_tags`` the instance has those of the source server.
    ``snapshot_days`` is for how long snapshots are kept, where that is not as a template or DRS says.
    """

    id: str
    hostname: str
    tags: dict[str, str] = field(default_factory=dict)
    os: str = "Amazon Linux 2023"
    cores: int = 2
    ram_gib: int = 8
    disks_gib: tuple[int, ...] = (50,)
    origin_region: str | None = None
    origin_tags: dict[str, str] | None = None
    replication: ReplicationDescription = ReplicationDescription()
    snapshot_days: int | None = None
