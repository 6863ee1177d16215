"""The snapshots of a bundle that are kept for all machines: each as an archive, named after its content.

Nobody need trust the store, nor the connection that leads there: what is fetched is what its name says, or is
refused. A snapshot is there whole before its version is told to anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from drs_recovery.dag.files.archive import LARGEST, Unreadable, packed, unpacked
from drs_recovery.dag.files.contents import VERSION
from drs_recovery.dag.files.division import digest_of
from drs_recovery.errors import SnapshotGone, SnapshotRefused, SnapshotsUnavailable
from drs_recovery.storage import CURE, Purpose, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drs_recovery.storage import Place

SUFFIX = ".tar.gz"

NEWEST = "newest"
"""The object that names the newest version, for a DAG processor that starts with nothing on its disk."""

SNAPSHOTS = Purpose(
    "Snapshots",
    "the store of snapshots",
    "store_conn_id",
    f"{CURE}What runs on a snapshot that is here goes on",
    SnapshotsUnavailable,
)

_CURE = (
    "Nothing of it was used. Remove that object: the DAG processor stores the newest snapshot again when it "
    "starts. Of an older one take an earlier version of the object, or start a new run"
)


def snapshots_at(store: str, conn_id: str | None, bundle: str) -> Place:
    """Return the place of a bundle's snapshots in a store; raises ValueError if the store is none."""
    return place_of(store, conn_id, bundle, SNAPSHOTS)


class KeptSnapshots:
    """The snapshots at a place; all raise SnapshotsUnavailable if it does not answer."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def shown(self) -> str:
        """The address of the place, as people are shown it."""
        return self._place.shown

    def store(self, version: str, contents: Mapping[str, bytes]) -> None:
        """Keep a snapshot, and call it the newest; raises SnapshotRefused if it is not what its version says.

        It is written also where it is already: what somebody has spoilt is mended, and what was about to be
        removed for its age is new.
        """
        if (found := digest_of(contents, len(version))) != version:
            raise SnapshotRefused(
                f"The snapshot {version} on this machine is not stored in {self.shown}: its hash is {found}, "
                f"expected {version}. Remove its folder; it is taken again"
            )
        self._place.write(version + SUFFIX, packed(contents))
        self._place.write(NEWEST, version.encode())

    def newest(self) -> str | None:
        """Return the version that was stored last; None if there is none, or what says so is no version."""
        version = (self._place.read(NEWEST, 100) or b"").decode("ascii", "replace").strip()
        return version if VERSION.fullmatch(version) else None

    def fetch(self, version: str) -> dict[str, bytes]:
        """Return the contents of a snapshot; raises SnapshotGone, or SnapshotRefused if it is wrong."""
        archive = self._place.read(version + SUFFIX, LARGEST) if VERSION.fullmatch(version) else None
        if archive is None:
            raise SnapshotGone(
                f"The snapshot {version} of the DAGs is not in {self.shown}: it was removed for its age "
                "(RECOVERY_SNAPSHOT_DAYS), or it was kept in another store. Start a new run, or clear this "
                "one with the latest version of its DAG"
            )
        try:
            contents = unpacked(archive)
        except Unreadable as error:
            # People are shown the first error of a chain, and this sentence has all of it
            raise self._refused(version, f"it has no hash ({error})") from None
        if (found := digest_of(contents, len(version))) != version:
            raise self._refused(version, f"its hash is {found}")
        return contents

    def versions(self) -> set[str]:
        """Return the versions that are there."""
        stems = {name.removesuffix(SUFFIX) for name in self._place.names() if name.endswith(SUFFIX)}
        return {stem for stem in stems if VERSION.fullmatch(stem)}

    def stored(self, version: str) -> float:
        """Return when a version was stored last, in seconds since 1970."""
        return self._place.written(version + SUFFIX)

    def remove(self, version: str) -> None:
        """Remove a snapshot."""
        self._place.remove(version + SUFFIX)

    def _refused(self, version: str, found: str) -> SnapshotRefused:
        return SnapshotRefused(
            f"The snapshot {self.shown}/{version}{SUFFIX} is not what its name says: {found}, "
            f"expected {version}. {_CURE}"
        )
