"""The EBS snapshots that recovery snapshots consist of, as EC2 has them: by the same ids, for as long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from moto.ec2.models.elastic_block_store import Snapshot

from .ec2_dates import moment
from .launch_template import marks
from .source_server import snapshots_of
from .world import world

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from moto.ec2.models import EC2Backend

    from .snapshots import RecoverySnapshot
    from .source_server import SourceServer


class Point(NamedTuple):
    """One disk of a recovery snapshot, and the id of its EBS snapshot."""

    server: SourceServer
    taken: RecoverySnapshot
    disk: int
    id: str


class StagingVolume(NamedTuple):
    """The volume of the staging area to which a disk replicates; EC2 here does not have it."""

    id: str
    size: int


class DiskSnapshot(Snapshot):
    """An EBS snapshot of a disk of a source server, which DRS owns in the name of the account.

    Its volume is the disk's in the staging area. Its tags are derived from the server: there are too many for
    moto's list of all tags.
    """

    def __init__(self, ec2: EC2Backend, point: Point) -> None:
        size = point.server.description.disks_gib[point.disk]
        staging = StagingVolume(point.server.staging_volume(point.disk), size)
        text = f"AWS Elastic Disaster Recovery, {point.server.source_server_id}, {point.taken.snapshot_id}"
        super().__init__(ec2, point.id, staging, text)
        self.start_time = moment(point.taken.taken)
        self._server = point.server

    def get_tags(self) -> list[dict[str, str]]:
        staging = self._server.replication_configuration.staging_area_tags
        tags = staging | marks(self._server) | self.ec2_backend.tags.get(self.id, {})
        return [
            {"key": key, "value": value, "resource_id": self.id, "resource_type": "snapshot"}
            for key, value in tags.items()
        ]


class EbsSnapshots(dict[str, Snapshot]):
    """All EBS snapshots of an account and Region: moto's own, and those of source servers as of now.

    One of a source server is made when it is looked at; who keeps it in mind, to change it, gets the same.
    """

    def __init__(self, ec2: EC2Backend, servers: Mapping[str, SourceServer]) -> None:
        super().__init__(ec2.snapshots)
        self._ec2, self._servers = ec2, servers
        self._known: dict[str, DiskSnapshot] = {}

    def values(self) -> Any:
        return [*super().values(), *map(self._made, self._points())]

    def __contains__(self, snapshot_id: object) -> bool:
        return super().__contains__(snapshot_id) or self._find(snapshot_id) is not None

    def __getitem__(self, snapshot_id: str) -> Snapshot:
        if not super().__contains__(snapshot_id) and (found := self._find(snapshot_id)):
            return self._known.setdefault(snapshot_id, self._made(found))
        return super().__getitem__(snapshot_id)

    def get(self, snapshot_id: str, default: Any = None) -> Any:
        try:
            return self[snapshot_id]
        except KeyError:
            return default

    def pop(self, snapshot_id: str, *default: Any) -> Any:
        """Delete a snapshot; the recovery snapshot that it is part of is no more."""
        if super().__contains__(snapshot_id) or (found := self._find(snapshot_id)) is None:
            return super().pop(snapshot_id, *default)
        deleted = self[snapshot_id]
        found.server.lost_snapshots.add(found.taken.snapshot_id)
        return deleted

    def _find(self, snapshot_id: object) -> Point | None:
        return next((point for point in self._points() if point.id == snapshot_id), None)

    def _made(self, point: Point) -> DiskSnapshot:
        return self._known.get(point.id) or DiskSnapshot(self._ec2, point)

    def _points(self) -> Iterator[Point]:
        now = world.clock.now()
        for server in self._servers.values():
            for taken in snapshots_of(server, now):
                if taken.taken <= now:
                    yield from (Point(server, taken, *disk) for disk in enumerate(taken.ebs_snapshots))
